//! Weights and the tape in 16 bits.

use super::options::any_option_case;
use super::{assert_no_miss, gpu, miss};
use pollster::block_on;
use proptest::prelude::*;
use refrain::engine::gpu::GpuEngine;
use refrain::engine::{Device, Engine, Precision, Steps};
use refrain::exercise::{Sine, SineOptions};
use refrain::model::{CellKind, Spec, initial_parameters};
use refrain::optim::Optimizer;
use refrain::train;
use refrain::verify::{self, Case};

#[test]
fn agrees_with_the_oracle_in_sixteen_bits() {
    assert_no_miss(&verify::half_cases());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_options(case in any_option_case()) {
        let case = Case { precision: Precision::F16, ..case };
        prop_assert_eq!(miss(gpu(case.spec.cell), &case), None);
    }
}

/// The exercise with fewer and shorter windows, and test errors after 40 epochs at each precision.
#[test]
fn learns_the_exercise_as_well() {
    let options = SineOptions { samples: 250, seq_len: 20, noise: 0.0, seed: 0 };
    let sine = Sine::new(&options).expect("sound options");
    for cell in [CellKind::RnnTanh, CellKind::Lstm, CellKind::Gru] {
        let spec = Spec::new(cell, 1, 20, 1);
        let parameters = initial_parameters(&spec, 0);
        let [whole, half] = [Precision::F32, Precision::F16].map(|precision| {
            let engine = GpuEngine::with_precision(gpu(cell).clone(), spec, &parameters, precision);
            let mut engine = engine.expect("a network that fits");
            engine.load_data(sine.windows()).expect("windows that fit");
            let ids = sine.train_ids().repeat(40);
            engine.train(&Steps { optimizer: Optimizer::adam(5e-3), ..Steps::new(&ids, 32) }).expect("sound steps");
            let test = sine.test_ids();
            block_on(train::evaluate(&mut engine, sine.windows(), &test, 50)).expect("the outputs").mse
        });
        assert!(whole < 1e-2 && half < 2.0 * whole, "{cell}: {whole:e} in 32 bits, {half:e} in 16");
    }
}

#[test]
fn the_processor_refuses_sixteen_bits_and_says_who_does_not() {
    let spec = Spec::new(CellKind::Gru, 1, 4, 1);
    let refused = Device::Cpu(Default::default()).engine_with(spec, &initial_parameters(&spec, 0), Precision::F16);
    let message = refused.expect_err("16 bits on the processor").to_string();
    assert!(message.contains("f16") && message.contains("`Device::select(\"gpu\")`"), "{message}");
}
