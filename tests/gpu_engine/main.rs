//! The GPU engine against the f64 oracle, and what must hold bit for bit. Needs an adapter, a software one will do;
//! with none it fails with the remedy.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/engines.rs"]
mod engines;
mod half;
mod micro_batches;
mod options;
mod recorded;

use common::assert_close;
use engines::{a_nan_stays, any_case, exact_training, windows};
use pollster::block_on;
use proptest::prelude::*;
use refrain::data::{Sequences, Windows};
use refrain::engine::cpu::CpuEngine;
use refrain::engine::gpu::{Gpu, GpuEngine, Options, choose};
use refrain::engine::{Engine, Steps};
use refrain::exercise::{Sine, SineOptions};
use refrain::model::{CellKind, Head, Readout, Spec, initial_parameters};
use refrain::optim::Optimizer;
use refrain::reference;
use refrain::verify::{self, Case};
use std::sync::{Arc, LazyLock};

/// A device for the tests of each cell: its kernels are compiled once, and each device compiles on a thread of its own.
static GPUS: [LazyLock<Arc<Gpu>>; 4] = [const { LazyLock::new(|| open(Options::default())) }; CellKind::ALL.len()];

fn gpu(cell: CellKind) -> &'static Arc<Gpu> {
    &GPUS[CellKind::ALL.iter().position(|&other| other == cell).expect("a cell of the list")]
}

fn open(options: Options) -> Arc<Gpu> {
    let adapter = block_on(choose("gpu")).unwrap_or_else(|error| panic!("{error}"));
    block_on(Gpu::open(&adapter.expect("`gpu` finds an adapter or fails"), options)).expect("the device opens")
}

fn engine(spec: Spec, parameters: &[f32]) -> GpuEngine {
    GpuEngine::new(gpu(spec.cell).clone(), spec, parameters).expect("a network that fits")
}

/// The case's errors, if they are beyond the tolerance of `refrain verify`.
fn miss(gpu: &Arc<Gpu>, case: &Case) -> Option<String> {
    let make =
        |spec: Spec, parameters: &[f32]| GpuEngine::with_precision(gpu.clone(), spec, parameters, case.precision);
    match block_on(verify::measure(case, make)) {
        Ok(errors) if errors.within(verify::tolerance(case.precision)) => None,
        Ok(errors) => Some(format!("{case} on {}: {errors}", gpu.info().name)),
        Err(error) => Some(format!("{case} on {}: {error}", gpu.info().name)),
    }
}

/// Every third case, as compiling the kernels of all takes minutes on a software adapter; `scripts/test --all` has
/// `refrain verify` take them all.
fn a_third_of(cases: Vec<Case>) -> Vec<Case> {
    cases.into_iter().step_by(3).collect()
}

/// Every cell's cases on its own device, all at once.
fn assert_no_miss(cases: &[Case]) {
    let of_cell = |cell: CellKind| {
        let cases = cases.iter().filter(move |case| case.spec.cell == cell);
        cases.filter_map(|case| miss(gpu(cell), case)).collect::<Vec<_>>()
    };
    let misses: Vec<String> = std::thread::scope(|scope| {
        let threads = CellKind::ALL.map(|cell| scope.spawn(move || of_cell(cell)));
        threads.into_iter().flat_map(|thread| thread.join().expect("a thread that ends")).collect()
    });
    assert!(misses.is_empty(), "{} of {} cases:\n{}", misses.len(), cases.len(), misses.join("\n"));
}

#[test]
fn agrees_with_the_oracle_over_the_table_of_verify() {
    assert_no_miss(&a_third_of(verify::cases()));
}

#[test]
fn agrees_within_webgpus_default_limits_and_with_checked_kernels() {
    let gpu = open(Options { default_limits: true, checked: true, ..Options::default() });
    // The cells with the most slots, and with other slots for the input.
    for cell in [CellKind::Lstm, CellKind::Gru] {
        // LSTM's deltas of 130 units and four rows take 8 KiB of workgroup memory: half of the default limit.
        for (hidden, rows, steps) in [(130, 3, 7), (20, 32, 50), (5, 257, 7), (33, 1, 1)] {
            let case = Case { seed: 3, ..Case::new(Spec::new(cell, 10, hidden, 1), rows, steps) };
            assert_eq!(miss(&gpu, &case), None);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_shapes(case in any_case()) {
        prop_assert_eq!(miss(gpu(case.spec.cell), &case), None);
    }
}

/// A software adapter ends the loops of an invocation after 65,535 turns: here are more steps, and more rows of steps.
#[test]
fn long_sequences_and_large_batches_are_taken_to_their_end() {
    for (hidden, rows, steps) in [(20, 8, 5000), (32, 2100, 50)] {
        let case = Case { seed: 6, ..Case::new(Spec::new(CellKind::RnnTanh, 1, hidden, 1), rows, steps) };
        assert_eq!(miss(gpu(case.spec.cell), &case), None);
    }
}

#[test]
fn a_row_does_not_depend_on_its_place() {
    for cell in CellKind::ALL {
        let spec = Spec { layers: 2, bidirectional: true, ..Spec::new(cell, 3, 10, 2) };
        let case = Case { seed: 5, ..Case::new(spec, 37, 6) };
        let (parameters, sequences, _) = verify::numbers(&case);
        let reversed: Vec<f32> = sequences.x.chunks(6 * 3).rev().flatten().copied().collect();
        let mut engine = engine(spec, &parameters);
        let y = block_on(engine.forward(&sequences)).expect("a sound problem").y;
        let back = block_on(engine.forward(&Sequences { x: reversed.into(), ..sequences })).expect("a sound problem").y;
        let back: Vec<f32> = back.chunks(2).rev().flatten().copied().collect();
        assert!(y == back, "{cell}: {y:?} {back:?}");
    }
}

/// A problem of 95 windows and the steps of Adam that the training tests take on it: 20 in batches of 10, the last of
/// each pass of 5.
struct Training {
    spec: Spec,
    parameters: Vec<f32>,
    windows: Windows,
    ids: Vec<u32>,
    optimizer: Optimizer,
}

impl Training {
    fn new(cell: CellKind, layers: usize) -> Self {
        let spec = Spec { layers, ..Spec::new(cell, 2, 10, 1) };
        let (parameters, sequences, targets) = verify::numbers(&Case { seed: 7, ..Case::new(spec, 95, 12) });
        let windows = windows(&spec, &sequences, &targets);
        Training { spec, parameters, windows, ids: (0..95).rev().collect(), optimizer: Optimizer::adam(1e-2) }
    }

    /// Losses and parameters after two passes.
    fn run(&self, engine: &mut impl Engine) -> (Vec<f32>, Vec<f32>) {
        engine.load_data(&self.windows).expect("windows that fit");
        for taken in [0, 10] {
            let steps = Steps { optimizer: self.optimizer, taken, ..Steps::new(&self.ids, 10) };
            engine.train(&steps).expect("sound steps");
        }
        let losses = block_on(engine.losses()).expect("the losses");
        (losses, block_on(engine.parameters()).expect("the parameters"))
    }
}

#[test]
fn twenty_steps_follow_the_oracle_and_the_cpu_engine() {
    for cell in CellKind::ALL {
        let training = Training::new(cell, 2);
        let Training { spec, parameters, windows, ids, optimizer } = &training;
        let (exact, exact_parameters) = exact_training(spec, parameters, windows, ids, 10, 20, optimizer);
        let (losses, after) = training.run(&mut engine(*spec, parameters));
        // As on the CPU engine: Adam turns the rounding of a gradient near 0 into a good part of a step of 1e-2.
        assert_close(format!("losses of {cell}"), &losses, &exact, 1e-6, 1e-5);
        assert_close(format!("parameters of {cell}"), &after, &exact_parameters, 5e-5, 0.0);
        let (native, _) = training.run(&mut CpuEngine::new(*spec, parameters).expect("a sound network"));
        assert_close(format!("losses of {cell} on both engines"), &losses, &native, 1e-6, 1e-4);
    }
}

#[test]
fn the_same_run_gives_the_same_bits_in_a_fresh_engine_and_in_a_used_one() {
    for cell in CellKind::ALL {
        let training = Training::new(cell, 1);
        let mut used = engine(training.spec, &training.parameters);
        let first = training.run(&mut used);
        assert!(first == training.run(&mut engine(training.spec, &training.parameters)), "{cell}: a fresh engine");
        used.set_parameters(&training.parameters).expect("the same block");
        assert!(first == training.run(&mut used), "{cell}: the same engine, set back");
    }
}

#[test]
fn predict_is_forward_whatever_the_batch() {
    let head = Some(Head { outputs: 2, readout: Readout::Every });
    let spec = Spec { head, ..Spec::new(CellKind::Gru, 3, 10, 1) };
    let case = Case { seed: 9, ..Case::new(spec, 50, 6) };
    let (parameters, sequences, targets) = verify::numbers(&case);
    let mut engine = engine(spec, &parameters);
    engine.load_data(&windows(&spec, &sequences, &targets)).expect("windows that fit");
    let ids: Vec<u32> = (0..50).collect();
    let y = block_on(engine.forward(&sequences)).expect("a sound problem").y;
    for batch in [50, 7, 1] {
        assert!(y == block_on(engine.predict(&ids, batch)).expect("sound ids"), "batches of {batch}");
    }
}

#[test]
fn huge_inputs_saturate_without_a_nan() {
    for cell in [CellKind::RnnTanh, CellKind::Lstm, CellKind::Gru] {
        let spec = Spec { head: None, ..Spec::new(cell, 2, 6, 1) };
        let (parameters, sequences, _) = verify::numbers(&Case { seed: 2, ..Case::new(spec, 5, 2) });
        let x = sequences.x.iter().map(|x| x * 1e6).collect::<Vec<f32>>();
        let sequences = Sequences { x: x.into(), ..sequences };
        let y = block_on(engine(spec, &parameters).forward(&sequences)).expect("a sound problem").y;
        let wide = reference::widen(&parameters);
        let expected = reference::forward(&spec, &wide, &(&sequences).into()).expect("a sound problem");
        assert_close(format!("{cell}"), &y, &expected.y, 1e-6, 0.0);
    }
}

#[test]
fn a_nan_stays_in_its_row_and_shows_in_the_gradients() {
    a_nan_stays(engine);
}

#[test]
fn a_network_beyond_the_adapters_limits_is_refused_with_a_remedy() {
    let spec = Spec::new(CellKind::Lstm, 1, 5000, 1);
    let parameters = vec![0.0; refrain::model::Layout::new(&spec).len()];
    // An adapter may have room for it; WebGPU's default limits have none.
    let gpu = open(Options { default_limits: true, ..Options::default() });
    let refused = GpuEngine::new(gpu, spec, &parameters);
    let sequences = Sequences::new(1, 1, vec![0.0]);
    let refused = refused.and_then(|mut engine| block_on(engine.forward(&sequences)).map(|_| ()));
    let message = refused.expect_err("5000 units do not fit").to_string();
    assert!(message.contains("allows") && message.contains("take a"), "{message}");
}

#[test]
fn callers_mistakes_are_refused_and_change_nothing() {
    let training = Training::new(CellKind::Gru, 1);
    let mut engine = engine(training.spec, &training.parameters);
    let steps = Steps { optimizer: training.optimizer, ..Steps::new(&[0], 1) };
    assert!(engine.train(&steps).is_err(), "nothing is loaded");
    assert!(engine.set_parameters(&training.parameters[1..]).is_err(), "a short block");
    let wide = Windows::from_sequences(vec![0.0; 36], 3, 12, vec![0.0], 1).expect("sound windows");
    assert!(engine.load_data(&wide).is_err(), "three features");
    engine.load_data(&training.windows).expect("windows that fit");
    assert!(engine.train(&Steps { ids: &[95], ..steps }).is_err(), "no such window");
    assert!(engine.train(&Steps { batch: 0, ..steps }).is_err(), "an empty batch");
    let short = Sequences::new(2, 12, vec![0.0; 47]);
    assert!(block_on(engine.forward(&short)).is_err(), "47 values");
    assert!(block_on(engine.losses()).expect("the losses").is_empty());
    assert_eq!(block_on(engine.parameters()).expect("the parameters"), training.parameters);
}

#[test]
fn both_engines_take_the_exercises_first_fifty_steps_alike() {
    let sine = Sine::new(&SineOptions { seed: 0, ..SineOptions::default() }).expect("the defaults");
    for cell in [CellKind::RnnTanh, CellKind::Lstm, CellKind::Gru] {
        let spec = Spec::new(cell, 1, 20, 1);
        let parameters = initial_parameters(&spec, 0);
        let on_gpu = two_epochs(&mut engine(spec, &parameters), &sine);
        let on_cpu = two_epochs(&mut CpuEngine::new(spec, &parameters).expect("a sound network"), &sine);
        assert_eq!(on_gpu.len(), 50);
        // Asked for: 1e-3. Measured: below 1e-5.
        assert_close(format!("losses of {cell}"), &on_gpu, &on_cpu, 0.0, 1e-4);
    }
}

/// The losses of two epochs of 25 steps.
fn two_epochs(engine: &mut impl Engine, sine: &Sine) -> Vec<f32> {
    engine.load_data(sine.windows()).expect("windows that fit");
    let ids = sine.train_ids();
    for taken in [0, 25] {
        engine.train(&Steps { taken, ..Steps::new(&ids, 32) }).expect("sound steps");
    }
    block_on(engine.losses()).expect("the losses")
}
