//! Batches that are too large for the adapter, and are taken in micro-batches: on a device with little room, small ones
//! are.

use super::common::assert_close;
use super::engines::windows;
use super::options::any_option_case;
use super::{gpu, miss, open};
use pollster::block_on;
use proptest::prelude::*;
use refrain::Error;
use refrain::data::{Center, Targets, Windows};
use refrain::engine::cpu::CpuEngine;
use refrain::engine::gpu::{Gpu, GpuEngine, Kernels, Options};
use refrain::engine::{Engine, Precision, Steps};
use refrain::loss::{Loss, Objective, Quantiles};
use refrain::model::{CellKind, Dropout, Head, Layout, Readout, Spec};
use refrain::optim::{Clip, Optimizer};
use refrain::verify::{self, Case};
use std::sync::{Arc, LazyLock};

/// A device with little room.
static SMALL: LazyLock<Arc<Gpu>> = LazyLock::new(|| small(Kernels::Scans));

fn small(kernels: Kernels) -> Arc<Gpu> {
    open(Options { kernels, micro_batch_bytes: Some(32 << 10), projection_bytes: Some(4 << 10), ..Options::default() })
}

/// An engine of the case's network that has its windows, and its parameters.
fn loaded(gpu: &Arc<Gpu>, case: &Case) -> (GpuEngine, Windows, Vec<f32>) {
    let (parameters, sequences, targets) = verify::numbers(case);
    let mut windows = windows(&case.spec, &sequences, &targets);
    if let Some(lengths) = sequences.lengths {
        windows = windows.with_lengths(lengths).expect("as many lengths");
    }
    let mut engine = GpuEngine::new(gpu.clone(), case.spec, &parameters).expect("a network that fits");
    engine.load_data(&windows).expect("windows that fit");
    (engine, windows, parameters)
}

/// Losses and parameters after these steps.
fn run(engine: &mut impl Engine, steps: &Steps) -> (Vec<f32>, Vec<f32>) {
    engine.train(steps).expect("sound steps");
    (block_on(engine.losses()).expect("the losses"), block_on(engine.parameters()).expect("the parameters"))
}

#[test]
fn micro_batches_add_up_to_their_batch() {
    let forced = [(Kernels::Scans, CellKind::Lstm), (Kernels::Steps, CellKind::Gru)];
    std::thread::scope(|scope| {
        for (kernels, cell) in forced {
            scope.spawn(move || micro_batches_of_cell_add_up(&small(kernels), cell));
        }
    });
}

fn micro_batches_of_cell_add_up(gpu: &Arc<Gpu>, cell: CellKind) {
    let head = |outputs, readout| Some(Head { outputs, readout });
    let levels = Loss::Quantile(Quantiles::new(&[0.2, 0.5, 0.7]).expect("levels that rise"));
    // An optimiser that goes by the size of gradients, under a norm that some are clipped to.
    let case = |spec, rows, steps| Case {
        optimizer: Optimizer::sgd(0.1, 0.9),
        clip: Some(Clip { max_norm: 0.05 }),
        seed: 8,
        ..Case::new(spec, rows, steps)
    };
    let last = case(Spec { head: head(2, Readout::Last), ..Spec::new(cell, 3, 9, 1) }, 80, 9);
    let deep = Spec { layers: 2, bidirectional: true, head: head(3, Readout::Every), ..last.spec };
    let deep = Case { lengths: true, ..case(deep, 23, 6) };
    let dropped = Objective { loss: Loss::Mae, dropout: Dropout { p: 0.4, seed: 3, step: 5 } };
    let bare = Case { clip: None, ..case(Spec { layers: 2, head: None, ..last.spec }, 61, 7) };
    let horizon = Case { objective: Objective { loss: levels, ..dropped }, ..last };
    for case in [
        last,
        Case { objective: dropped, ..deep },
        Case { objective: Objective { loss: Loss::Mse, ..dropped }, ..bare },
        Case { spec: Spec { head: head(6, Readout::Last), ..last.spec }, horizon: Some(Center::Mean), ..horizon },
        Case { precision: Precision::F16, clip: None, ..deep },
    ] {
        assert_eq!(miss(gpu, &case), None);
        let (mut engine, windows, _) = loaded(gpu, &Case { horizon: None, ..case });
        let batch = case.rows.div_ceil(2);
        let ids: Vec<u32> = (0..batch as u32).collect();
        let objective = Objective { loss: Loss::Mse, ..case.objective };
        if windows.target_len() == objective.loss.target_len(&case.spec, case.steps) {
            engine.train(&Steps { objective, ..Steps::new(&ids, batch) }).expect("sound steps");
            assert!(engine.memory().kept < 40 << 10, "{case}: the batch was taken whole");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_options_in_micro_batches(case in any_option_case()) {
        prop_assert_eq!(miss(&SMALL, &case), None);
    }
}

/// More micro-batches than one submission takes, the last of them small: a loss a step, and the same bits every time.
#[test]
fn a_step_may_go_over_several_submissions() {
    let spec = Spec { layers: 2, ..Spec::new(CellKind::Gru, 2, 10, 3) };
    let case = Case { lengths: true, seed: 7, ..Case::new(spec, 171, 12) };
    let (mut engine, windows, parameters) = loaded(&SMALL, &case);
    let ids: Vec<u32> = (0..171).rev().chain(0..171).collect();
    let dropout = Dropout { p: 0.3, seed: 2, step: 0 };
    let steps = Steps {
        objective: Objective { dropout, ..Objective::default() },
        optimizer: Optimizer::sgd(0.1, 0.0),
        clip: Some(Clip { max_norm: 0.1 }),
        ..Steps::new(&ids, 170)
    };
    let found = run(&mut engine, &steps);
    let kept_of_row = engine.memory().kept / 4;
    assert!(170 * kept_of_row > 9 * (32 << 10), "fewer than nine micro-batches");
    let mut native = CpuEngine::new(spec, &parameters).expect("a sound network");
    native.load_data(&windows).expect("sound windows");
    let expected = run(&mut native, &steps);
    // 342 windows in batches of 170.
    assert_eq!(found.0.len(), 3);
    assert_close("losses", &found.0, &expected.0, 2e-6, 0.0);
    assert_close("parameters", &found.1, &expected.1, 2e-6, 0.0);
    engine.set_parameters(&parameters).expect("the same block");
    assert!(found == run(&mut engine, &steps), "the same engine, set back");
    assert!(found == run(&mut loaded(&SMALL, &case).0, &steps), "a fresh engine");
}

#[test]
fn predictions_in_micro_batches_are_those_of_the_whole_batch() {
    for (kernels, cell) in [(Kernels::Scans, CellKind::Lstm), (Kernels::Steps, CellKind::RnnRelu)] {
        let gpu = small(kernels);
        let head = Some(Head { outputs: 2, readout: Readout::Every });
        let spec = Spec { layers: 2, bidirectional: true, head, ..Spec::new(cell, 3, 10, 1) };
        let case = Case { lengths: true, seed: 9, ..Case::new(spec, 90, 8) };
        let (mut engine, ..) = loaded(&gpu, &case);
        let (_, sequences, _) = verify::numbers(&case);
        let mut roomy = loaded(&open(Options { kernels, ..Options::default() }), &case).0;
        let whole = block_on(roomy.forward(&sequences)).expect("a sound problem").y;
        let ids: Vec<u32> = (0..90).collect();
        let before = gpu.allocated();
        assert!(whole == block_on(engine.predict(&ids, 90)).expect("sound ids"), "{kernels:?}");
        let outputs = 4 * whole.len() as u64;
        assert!(gpu.allocated() - before < outputs + (40 << 10), "the batch was taken whole");
    }
}

/// Sequences that do not fit go piece by piece, by rows and by time, and take no more room for being long.
#[test]
fn long_sequences_go_in_pieces() {
    let head = |readout| Some(Head { outputs: 2, readout });
    for (kernels, cell, head, lengths) in [
        (Kernels::Scans, CellKind::Lstm, head(Readout::Last), true),
        (Kernels::Scans, CellKind::Gru, head(Readout::Every), false),
        (Kernels::Steps, CellKind::RnnTanh, None, true),
    ] {
        let gpu = small(kernels);
        let spec = Spec { layers: 2, head, ..Spec::new(cell, 3, 10, 1) };
        let case = Case { lengths, states: true, seed: 9, ..Case::new(spec, 9, 500) };
        let (parameters, sequences, _) = verify::numbers(&case);
        let mut engine = GpuEngine::new(gpu.clone(), spec, &parameters).expect("a small network");
        let mut native = CpuEngine::new(spec, &parameters).expect("a small network");
        let before = gpu.allocated();
        let [found, expected] =
            [block_on(engine.forward(&sequences)), block_on(native.forward(&sequences))].map(Result::unwrap);
        let taken = gpu.allocated() - before;
        assert_close("outputs", &found.y, &expected.y, 5e-6, 0.0);
        assert_close("states", &found.states, &expected.states, 5e-6, 0.0);
        // Of 96 bytes a row, step and layer there are 864 kB of states.
        assert!(taken < 400 << 10, "{kernels:?}: {taken} bytes");

        if !lengths {
            engine.open_stream(9, sequences.states.as_deref()).expect("one direction");
            let y = block_on(engine.step_many(&sequences.x, 500)).expect("sound steps");
            let states = block_on(engine.states()).expect("the states");
            assert_close("a stream's outputs", &y, &expected.y, 5e-6, 0.0);
            assert_close("a stream's states", &states, &expected.states, 5e-6, 0.0);
        }
    }
}

#[test]
fn a_profile_counts_every_micro_batch_of_a_step() {
    let gpu = open(Options {
        kernels: Kernels::Scans,
        micro_batch_bytes: Some(32 << 10),
        timestamps: true,
        ..Options::default()
    });
    let spec = Spec { layers: 2, ..Spec::new(CellKind::Gru, 2, 10, 1) };
    let (mut engine, ..) = loaded(&gpu, &Case { seed: 7, ..Case::new(spec, 40, 12) });
    let ids: Vec<u32> = (0..40).collect();
    let kernels = block_on(engine.profile(&Steps::new(&ids, 40))).expect("sound steps");
    let dispatches = |name: &str| kernels.iter().find(|time| time.kernel == name).map_or(0, |time| time.dispatches);
    let micro_batches = dispatches("stage");
    assert!(micro_batches > 1, "{kernels:?}");
    let found = ["head", "loss", "update", "pack"].map(dispatches);
    assert_eq!(found, [micro_batches, micro_batches, 1, 2], "{kernels:?}");
    assert!(kernels.iter().all(|time| time.ms.is_some_and(|ms| ms > 0.0)), "{kernels:?}");
}

/// The states of a batch in micro-batches would have no place to wait: it is taken whole, and what follows begins with
/// zeros.
#[test]
fn states_are_carried_by_whole_batches_alone() {
    let spec = Spec { layers: 2, ..Spec::new(CellKind::Lstm, 2, 10, 1) };
    let case = Case { carry: true, seed: 7, ..Case::new(spec, 60, 9) };
    assert_eq!(miss(&SMALL, &case), None);
    for gpu in [&*SMALL, gpu(CellKind::Lstm)] {
        let (mut engine, _, parameters) = loaded(gpu, &case);
        let ids: Vec<u32> = (0..60).collect();
        let steps = Steps::new(&ids, 30);
        let fresh = run(&mut engine, &steps);
        let carried = run(&mut engine, &Steps { carry: true, ..steps });
        assert!(engine.memory().kept > 32 << 10);
        engine.set_parameters(&parameters).expect("the same block");
        let again = run(&mut engine, &steps);
        assert!(carried != fresh && again == fresh, "what was carried is left");
    }
}

/// A tape of four times what WebGPU's default limits allow a kernel to bind.
#[test]
fn a_batch_beyond_the_adapters_limits_is_trained_and_predicted() {
    let gpu = open(Options { default_limits: true, ..Options::default() });
    let spec = Spec::new(CellKind::RnnTanh, 1, 20, 1);
    let (parameters, ..) = verify::numbers(&Case::new(spec, 1, 1));
    let series: Vec<f32> = (0..140_000).map(|t| (t as f32 * 0.05).sin()).collect();
    let windows = Windows::new(series, 1, 50, (0..134_300).collect(), Targets::Horizon { steps: 1, features: 1 });
    let windows = windows.expect("sound windows");
    let ids: Vec<u32> = (0..134_300).collect();
    let steps = Steps { optimizer: Optimizer::sgd(0.1, 0.0), ..Steps::new(&ids, ids.len()) };
    let mut engine = GpuEngine::new(gpu.clone(), spec, &parameters).expect("a small network");
    let mut native = CpuEngine::new(spec, &parameters).expect("a small network");
    engine.load_data(&windows).expect("windows that fit");
    native.load_data(&windows).expect("sound windows");
    let (found, expected) = (run(&mut engine, &steps), run(&mut native, &steps));
    assert!(engine.memory().kept < 3 * (128 << 20));
    assert_close("the loss", &found.0, &expected.0, 0.0, 1e-5);
    assert_close("parameters", &found.1, &expected.1, 1e-5, 0.0);
    let [found, expected] =
        [block_on(engine.predict(&ids, ids.len())), block_on(native.predict(&ids, ids.len()))].map(Result::unwrap);
    assert_close("outputs", &found, &expected, 1e-5, 0.0);
}

#[test]
fn what_no_micro_batch_helps_is_refused_with_what_does() {
    let gpu = open(Options { default_limits: true, ..Options::default() });
    let spec = Spec::new(CellKind::RnnTanh, 1, 20, 1);
    let parameters = vec![0.0; Layout::new(&spec).len()];
    let mut engine = GpuEngine::new(gpu, spec, &parameters).expect("a small network");
    let ids = [0, 0, 0, 0, 0];
    let mut refusal = |steps: usize, carry: bool| {
        let targets = Targets::Given { values: vec![0.0], len: 1 };
        let windows = Windows::new(vec![0.0; steps], 1, steps, vec![0], targets).expect("sound windows");
        engine.load_data(&windows).and_then(|()| engine.train(&Steps { carry, ..Steps::new(&ids, 5) }))
    };
    // Four rows of 2^19 steps have 160 MiB of states, where a kernel may bind 128.
    let long = refusal(1 << 19, false).expect_err("a long sequence");
    assert!(matches!(long, Error::Limit { .. }) && long.to_string().contains("take fewer time steps"), "{long}");
    let carried = refusal(1 << 18, true).expect_err("eight rows of 2^18 steps at once");
    assert!(carried.to_string().contains("taken whole"), "{carried}");
    let series = refusal(1 << 26, false).expect_err("a series of 256 MiB");
    assert!(series.to_string().contains("take fewer windows"), "{series}");
}

#[test]
fn a_batch_may_have_more_rows_than_there_are_windows() {
    let spec = Spec::new(CellKind::Gru, 2, 10, 1);
    let case = Case { seed: 7, ..Case::new(spec, 5, 6) };
    let ids: Vec<u32> = (0..5).cycle().take(93).collect();
    let steps = Steps::new(&ids, 31);
    for gpu in [&*SMALL, gpu(CellKind::Gru)] {
        let (mut engine, windows, parameters) = loaded(gpu, &case);
        let mut native = CpuEngine::new(spec, &parameters).expect("a sound network");
        native.load_data(&windows).expect("sound windows");
        let (found, expected) = (run(&mut engine, &steps), run(&mut native, &steps));
        assert_close("losses", &found.0, &expected.0, 1e-5, 0.0);
        let y = [block_on(engine.predict(&ids, 40)), block_on(native.predict(&ids, 40))].map(Result::unwrap);
        assert_close("outputs", &y[0], &y[1], 1e-5, 0.0);
    }
}
