//! The CPU engine against the f64 oracle: outputs, final states, loss and every gradient, at every SIMD level of this
//! machine; and what must hold bit for bit.

mod common;
#[path = "common/engines.rs"]
mod engines;
#[path = "common/ways.rs"]
mod ways;

use common::assert_close;
use engines::{a_nan_stays, any_case, exact_training, windows};
use pollster::block_on;
use proptest::prelude::*;
use refrain::data::{Sequences, Windows};
use refrain::engine::cpu::{CpuEngine, Options, Way};
use refrain::engine::{Differentiated, Engine, Gradients, Outputs, Precision, Steps};
use refrain::loss::Objective;
use refrain::model::{CellKind, Dropout, Head, Readout, Spec};
use refrain::optim::Optimizer;
use refrain::reference;
use refrain::verify::{self, Case, TOLERANCE};
use ways::ways;

/// A network, a batch and its targets.
#[derive(Clone, Debug)]
struct Problem {
    name: String,
    spec: Spec,
    parameters: Vec<f32>,
    sequences: Sequences<'static>,
    targets: Vec<f32>,
}

impl From<Case> for Problem {
    fn from(case: Case) -> Self {
        let (parameters, sequences, targets) = verify::numbers(&case);
        Problem { name: case.to_string(), spec: case.spec, parameters, sequences, targets }
    }
}

fn problem(spec: Spec, rows: usize, steps: usize) -> Problem {
    Case { seed: 7, ..Case::new(spec, rows, steps) }.into()
}

fn engine(problem: &Problem, options: Options) -> CpuEngine {
    CpuEngine::with_options(problem.spec, &problem.parameters, options).expect("a sound problem")
}

/// Every output and gradient at one SIMD level and by one way, against the oracle.
fn compare(problem: &Problem, options: Options) {
    compare_engine(problem, &mut engine(problem, options));
}

/// The same for an engine that has the problem's parameters.
fn compare_engine(problem: &Problem, engine: &mut CpuEngine) {
    let Problem { spec, parameters, sequences, targets, .. } = problem;
    let level = engine.device().driver.clone();
    let outputs = block_on(engine.forward(sequences)).expect("a sound problem");
    let found = block_on(engine.differentiate(sequences, targets, &Objective::default())).expect("a sound problem");
    let (parameters, targets) = (reference::widen(parameters), reference::widen(targets));
    let exact = reference::differentiate_rounded(spec, &parameters, &sequences.into(), &targets, &Objective::default());
    assert_eq!(outputs, found.outputs, "forward and differentiate of {} at {level}", problem.name);
    let whole = exact.expect("a sound problem");
    let errors = verify::compare(spec, Precision::F32, &found, &whole);
    assert!(errors.within(&TOLERANCE), "{} at {level}: {errors}", problem.name);

    // The way back from gradients that are given: any that have the shapes.
    let d_outputs = Outputs { y: problem.targets.clone(), states: sequences.states.clone().unwrap_or_default() };
    let zeros = || vec![0.0; spec.state_len() * sequences.rows];
    let wide =
        reference::Outputs { y: targets, states: sequences.states.as_deref().map_or_else(zeros, reference::widen) };
    let dropout = Dropout::default();
    let (outputs, tape) = block_on(engine.record(sequences, &dropout)).expect("a sound problem");
    assert_eq!(outputs, found.outputs, "record and differentiate of {} at {level}", problem.name);
    let gradients = block_on(engine.backward(tape, (&d_outputs).into(), true)).expect("a tape of this network");
    let exact = reference::backward_rounded(spec, &parameters, &sequences.into(), &dropout, &wide);
    let found = Differentiated { loss: 0.0, outputs, gradients };
    let exact = reference::Differentiated { gradients: exact.expect("a sound problem"), ..whole };
    let errors = verify::compare(spec, Precision::F32, &found, &exact);
    assert!(errors.gradients <= TOLERANCE.gradients, "given gradients, {} at {level}: {errors}", problem.name);
}

/// A recorded pass, and the way back from gradients that are given: the problem's targets serve as those of y.
fn recorded(engine: &mut CpuEngine, problem: &Problem) -> (Outputs, Gradients) {
    let dropout = Dropout { p: 0.25, seed: 1, step: 2 };
    let (outputs, tape) = block_on(engine.record(&problem.sequences, &dropout)).expect("a sound problem");
    let d_outputs = Outputs { y: problem.targets.clone(), states: outputs.states.clone() };
    (outputs, block_on(engine.backward(tape, (&d_outputs).into(), true)).expect("a tape of this network"))
}

/// Every cell under a shape, at every level.
fn compare_cells(shape: impl Fn(CellKind) -> (Spec, usize, usize)) {
    for cell in CellKind::ALL {
        let (spec, rows, steps) = shape(cell);
        for states in [false, true] {
            let problem = Case { states, seed: 7, ..Case::new(spec, rows, steps) }.into();
            for options in ways() {
                compare(&problem, options);
            }
        }
    }
}

#[test]
fn agrees_with_the_oracle_over_the_table_of_verify() {
    let misses: Vec<String> = verify::cases()
        .iter()
        .filter_map(|case| {
            let errors = block_on(verify::measure(case, CpuEngine::new)).expect("a sound problem");
            (!errors.within(&TOLERANCE)).then(|| format!("{case}: {errors}"))
        })
        .collect();
    assert!(misses.is_empty(), "{} cases:\n{}", misses.len(), misses.join("\n"));
}

#[test]
fn agrees_with_the_oracle_over_the_options_of_verify() {
    for options in ways() {
        let misses: Vec<String> = verify::option_cases()
            .iter()
            .filter_map(|case| {
                let make = |spec, parameters: &[f32]| CpuEngine::with_options(spec, parameters, options);
                let errors = block_on(verify::measure(case, make)).expect("a sound problem");
                (!errors.within(&TOLERANCE)).then(|| format!("{case}: {errors}"))
            })
            .collect();
        assert!(misses.is_empty(), "{} cases at {}:\n{}", misses.len(), options.level.name(), misses.join("\n"));
    }
}

#[test]
fn the_exercise() {
    compare_cells(|cell| (Spec::new(cell, 1, 20, 1), 32, 50));
}

#[test]
fn coprime_dims() {
    compare_cells(|cell| (Spec::new(cell, 3, 7, 2), 5, 11));
}

#[test]
fn one_of_everything() {
    compare_cells(|cell| (Spec::new(cell, 1, 1, 1), 1, 1));
}

#[test]
fn one_row() {
    compare_cells(|cell| (Spec::new(cell, 2, 37, 3), 1, 9));
}

#[test]
fn one_step() {
    compare_cells(|cell| (Spec::new(cell, 11, 13, 5), 19, 1));
}

#[test]
fn a_ragged_last_tile() {
    compare_cells(|cell| (Spec::new(cell, 2, 6, 1), 257, 3));
}

#[test]
fn more_steps_than_a_chunk() {
    compare_cells(|cell| (Spec::new(cell, 2, 5, 1), 3, 150));
}

#[test]
fn wide() {
    compare_cells(|cell| (Spec::new(cell, 67, 65, 1), 33, 6));
}

#[test]
fn every_step_read() {
    compare_cells(|cell| {
        let head = Some(Head { outputs: 5, readout: Readout::Every });
        (Spec { head, ..Spec::new(cell, 3, 8, 1) }, 18, 7)
    });
}

#[test]
fn three_layers() {
    compare_cells(|cell| (Spec { layers: 3, ..Spec::new(cell, 2, 9, 2) }, 17, 6));
}

#[test]
fn both_directions() {
    compare_cells(|cell| (Spec { bidirectional: true, ..Spec::new(cell, 3, 7, 2) }, 17, 6));
}

#[test]
fn two_layers_both_directions_every_step() {
    compare_cells(|cell| {
        let head = Some(Head { outputs: 3, readout: Readout::Every });
        (Spec { layers: 2, bidirectional: true, head, ..Spec::new(cell, 2, 10, 1) }, 21, 5)
    });
}

#[test]
fn wide_enough_for_long_gradient_rows() {
    compare_cells(|cell| (Spec { layers: 2, ..Spec::new(cell, 45, 50, 1) }, 18, 5));
}

#[test]
fn large_pre_activations() {
    // Far beyond what an exp without bounds bears. Relu alone grows with its inputs.
    for cell in [CellKind::RnnTanh, CellKind::Lstm, CellKind::Gru] {
        for factor in [30.0, 1e4, 1e30] {
            let mut problem = problem(Spec::new(cell, 2, 6, 1), 20, 4);
            problem.sequences.x.to_mut().iter_mut().for_each(|x| *x *= factor);
            let Problem { spec, parameters, sequences, targets, .. } = &problem;
            let parameters = reference::widen(parameters);
            let exact = reference::forward(spec, &parameters, &sequences.into()).expect("a sound problem");
            for options in ways() {
                let mut engine = engine(&problem, Options { threads: Some(1), ..options });
                let found =
                    block_on(engine.differentiate(sequences, targets, &Objective::default())).expect("a sound problem");
                // Measured 8e-7. The gradients are as large as x times an error of the deltas, so that only their being
                // finite can be asked of them.
                let what = format!("y of {}, x times {factor}, at {}", problem.name, options.level.name());
                assert_close(&what, &found.outputs.y, &exact.y, 1e-5, 0.0);
                assert!(found.gradients.parameters.iter().all(|gradient| gradient.is_finite()), "{what}");
            }
        }
    }
}

/// Subnormal numbers are slow: a gradient that vanishes over many steps goes to zero before it comes to them.
#[test]
fn a_vanishing_gradient_is_never_subnormal() {
    for cell in [CellKind::RnnTanh, CellKind::Lstm, CellKind::Gru] {
        let problem = problem(Spec::new(cell, 2, 24, 1), 5, 600);
        let Problem { sequences, targets, .. } = &problem;
        let mut engine = engine(&problem, Options::default());
        let found = block_on(engine.differentiate(sequences, targets, &Objective::default()));
        let x = found.expect("a sound problem").gradients.x;
        assert!(x.iter().any(|d| d.abs() > 1e-9) && x.contains(&0.0), "{cell}: no gradient vanishes");
        assert!(!x.iter().any(|d| d.is_subnormal()), "{cell}");
    }
}

#[test]
fn a_nan_stays_in_its_row_and_shows_in_the_gradients() {
    for options in ways() {
        a_nan_stays(|spec, parameters| CpuEngine::with_options(spec, parameters, options).expect("a sound problem"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_shapes(case in any_case()) {
        let problem = case.into();
        for options in ways() {
            compare(&problem, options);
        }
    }

    #[test]
    fn a_row_does_not_depend_on_its_place(case in any_case()) {
        let problem: Problem = case.into();
        let (rows, length) = (problem.sequences.rows, problem.sequences.x.len() / problem.sequences.rows);
        let reversed = Sequences {
            x: problem.sequences.x.chunks(length).rev().flatten().copied().collect(),
            states: None,
            ..problem.sequences.clone()
        };
        let sequences = Sequences { states: None, ..problem.sequences.clone() };
        let mut engine = engine(&problem, Options::default());
        let y = block_on(engine.forward(&sequences)).expect("a sound problem").y;
        let y_reversed = block_on(engine.forward(&reversed)).expect("a sound problem").y;
        let back: Vec<f32> = y_reversed.chunks(y.len() / rows).rev().flatten().copied().collect();
        prop_assert_eq!(y, back);
    }
}

/// The losses and the parameters after training on batches of `batch` rows, twice over the data.
fn train(problem: &Problem, batch: usize, options: Options) -> (Vec<f32>, Vec<f32>) {
    let mut engine = engine(problem, options);
    engine.load_data(&windows(&problem.spec, &problem.sequences, &problem.targets)).expect("windows that fit");
    let ids: Vec<u32> = (0..problem.sequences.rows as u32).rev().collect();
    let adam = Optimizer::adam(1e-2);
    let per_epoch = ids.len().div_ceil(batch) as u64;
    for epoch in 0..2 {
        engine
            .train(&Steps { optimizer: adam, taken: epoch * per_epoch, ..Steps::new(&ids, batch) })
            .expect("sound steps");
    }
    let losses = block_on(engine.losses()).expect("the losses");
    (losses, block_on(engine.parameters()).expect("the parameters"))
}

#[test]
fn twenty_steps_follow_the_oracle() {
    for cell in CellKind::ALL {
        let spec = Spec { layers: 2, ..Spec::new(cell, 2, 10, 1) };
        let problem = problem(spec, 95, 12);
        let windows = windows(&spec, &problem.sequences, &problem.targets);
        let ids: Vec<u32> = (0..95).rev().collect();
        let adam = Optimizer::adam(1e-2);
        let (exact, parameters) = exact_training(&spec, &problem.parameters, &windows, &ids, 10, 20, &adam);
        for options in ways() {
            let (losses, after) = train(&problem, 10, Options { threads: None, ..options });
            // Measured 6e-8 and 2.3e-6. Adam divides by the root of v, so that a gradient near 0 turns its rounding
            // into a good part of a step of 1e-2.
            assert_close(format!("losses of {cell} at {}", options.level.name()), &losses, &exact, 1e-6, 0.0);
            assert_close(format!("parameters of {cell} at {}", options.level.name()), &after, &parameters, 5e-5, 0.0);
        }
    }
}

#[test]
fn threads_change_no_bit() {
    for cell in CellKind::ALL {
        let head = Some(Head { outputs: 2, readout: Readout::Every });
        let spec = Spec { layers: 2, bidirectional: true, head, ..Spec::new(cell, 3, 10, 1) };
        let problem = problem(spec, 257, 6);
        for options in ways() {
            let with = |threads| {
                let options = Options { threads: Some(threads), ..options };
                (train(&problem, 100, options), recorded(&mut engine(&problem, options), &problem))
            };
            let one = with(1);
            for threads in [1, 2, 3, 5] {
                assert!(one == with(threads), "{cell} at {}: {threads} threads differ from one", options.level.name());
            }
        }
    }
}

/// As many units as seven threads share out where vectors are widest.
#[test]
fn any_number_of_threads_shares_out_units_to_the_same_bits() {
    let head = Some(Head { outputs: 3, readout: Readout::Every });
    for cell in CellKind::ALL {
        for (layers, bidirectional) in [(1, false), (2, true)] {
            let spec = Spec { layers, bidirectional, head, ..Spec::new(cell, 21, 120, 1) };
            let problem = problem(spec, 5, 4);
            let with = |threads| {
                let options = Options { threads: Some(threads), way: Some(Way::Units), ..Options::default() };
                (train(&problem, 5, options), recorded(&mut engine(&problem, options), &problem))
            };
            let one = with(1);
            for threads in [2, 3, 7] {
                assert!(one == with(threads), "{spec}: {threads} threads differ from one");
            }
        }
    }
}

/// Chunks of every length, ends of rows within any of them, heads on the last and on every step.
#[test]
fn tapes_that_are_made_again_give_the_oracles_gradients() {
    for cell in CellKind::ALL {
        for readout in [Readout::Last, Readout::LastStep, Readout::Every] {
            let head = Some(Head { outputs: 2, readout });
            let spec = Spec { layers: 2, head, ..Spec::new(cell, 3, 20, 1) };
            let objective = Objective { dropout: Dropout { p: 0.3, seed: 9, step: 3 }, ..Objective::default() };
            let case = Case { states: true, lengths: true, objective, seed: 7, ..Case::new(spec, 70, 11) };
            for chunk in [1, 4, 10, 11, 50] {
                let options = Options { threads: Some(2), recompute: Some(chunk), ..Options::default() };
                let make = |spec, parameters: &[f32]| CpuEngine::with_options(spec, parameters, options);
                let errors = block_on(verify::measure(&case, make)).expect("a sound problem");
                assert!(errors.within(&TOLERANCE), "{case}, chunks of {chunk}: {errors}");
            }
        }
    }
    let both = Spec { bidirectional: true, ..Spec::new(CellKind::Lstm, 3, 20, 1) };
    let problem = problem(both, 2, 3);
    let one = Spec { bidirectional: false, ..both };
    for (spec, recompute, expected) in
        [(both, 2, "recompute is 2, expected none where layers run in both"), (one, 0, "recompute is 0")]
    {
        let options = Options { recompute: Some(recompute), ..Options::default() };
        let refusal = CpuEngine::with_options(spec, &problem.parameters, options).expect_err("a refusal");
        assert!(refusal.to_string().starts_with(expected), "{refusal}");
    }
}

#[test]
fn large_blocks_are_updated_alike_by_any_number_of_threads() {
    let problem = problem(Spec::new(CellKind::Gru, 3, 150, 1), 40, 3);
    let with = |threads| train(&problem, 40, Options { threads: Some(threads), ..Options::default() });
    assert!(with(1) == with(2));
}

#[test]
fn predict_is_forward_and_a_later_differentiate_sees_the_trained_weights() {
    let problem = problem(Spec { layers: 2, ..Spec::new(CellKind::Lstm, 3, 10, 2) }, 50, 6);
    let mut engine = engine(&problem, Options::default());
    engine.load_data(&windows(&problem.spec, &problem.sequences, &problem.targets)).expect("windows that fit");
    let ids: Vec<u32> = (0..50).collect();
    engine.train(&Steps::new(&ids, 20)).expect("sound steps");
    let y = block_on(engine.predict(&ids, 7)).expect("sound ids");
    assert_eq!(y, block_on(engine.forward(&problem.sequences)).expect("a sound problem").y);
    let parameters = block_on(engine.parameters()).expect("the parameters");
    assert_ne!(parameters, problem.parameters);
    compare_engine(&Problem { parameters, ..problem }, &mut engine);
}

#[test]
fn callers_mistakes_are_refused() {
    let problem = problem(Spec::new(CellKind::Gru, 2, 4, 1), 6, 5);
    let options = Options { threads: Some(0), ..Options::default() };
    let refusal = CpuEngine::with_options(problem.spec, &problem.parameters, options).expect_err("no threads");
    assert!(refusal.to_string().starts_with("threads is 0"), "{refusal}");
    let refusal = CpuEngine::new(problem.spec, &problem.parameters[1..]).expect_err("a short block");
    assert!(refusal.to_string().starts_with("parameters: expected"), "{refusal}");

    let mut engine = engine(&problem, Options::default());
    let steps = Steps::new(&[0], 1);
    assert!(engine.train(&steps).expect_err("nothing loaded").to_string().starts_with("windows is none"));
    let wide = Windows::from_sequences(vec![0.0; 30], 3, 5, vec![0.0; 2], 1).expect("sound windows");
    let refusal = engine.load_data(&wide).expect_err("three inputs").to_string();
    assert!(refusal.starts_with("the windows' number of features is 3"), "{refusal}");
    let long = Windows::from_sequences(vec![0.0; 20], 2, 5, vec![0.0; 4], 2).expect("sound windows");
    engine.load_data(&long).expect("targets are read by a loss alone");
    assert!(engine.train(&steps).expect_err("two outputs").to_string().contains("target is 2, expected 1"));
    engine.load_data(&windows(&problem.spec, &problem.sequences, &problem.targets)).expect("windows that fit");
    assert!(
        engine.train(&Steps { ids: &[6], ..steps }).expect_err("no such window").to_string().starts_with("window 6")
    );
    assert!(engine.train(&Steps { batch: 0, ..steps }).expect_err("no batch").to_string().starts_with("batch or"));
    assert!(block_on(engine.predict(&[9], 1)).is_err());
    assert_eq!(block_on(engine.predict(&[], 1)).expect("no windows, no outputs"), Vec::<f32>::new());
    let short = Sequences { x: vec![0.0; 59].into(), ..problem.sequences.clone() };
    assert!(block_on(engine.forward(&short)).expect_err("59 values").to_string().starts_with("x: expected 60"));
    assert!(block_on(engine.differentiate(&problem.sequences, &[0.0; 5], &Objective::default())).is_err());
    assert!(engine.train(&Steps { ids: &[], ..steps }).is_err());
    assert!(block_on(engine.losses()).expect("the losses").is_empty());
}

/// Tapes that are alive together, gone back over in either order, or dropped, are as good as each alone.
#[test]
fn tapes_know_nothing_of_each_other() {
    for options in ways() {
        let head = Some(Head { outputs: 2, readout: Readout::Every });
        let spec = Spec { layers: 2, head, ..Spec::new(CellKind::Lstm, 3, 20, 1) };
        let problems = [problem(spec, 37, 6), problem(spec, 5, 9)];
        let mut engine = engine(&problems[0], options);
        let alone = [0, 1].map(|n| recorded(&mut engine, &problems[n]));
        for order in [[0, 1], [1, 0]] {
            let dropout = Dropout { p: 0.25, seed: 1, step: 2 };
            let mut tapes = problems.each_ref().map(|problem| {
                let _dropped = block_on(engine.record(&problem.sequences, &dropout)).expect("a sound problem");
                Some(block_on(engine.record(&problem.sequences, &dropout)).expect("a sound problem"))
            });
            for n in order {
                let (outputs, tape) = tapes[n].take().expect("each once");
                let d_outputs = Outputs { y: problems[n].targets.clone(), states: outputs.states.clone() };
                let gradients =
                    block_on(engine.backward(tape, (&d_outputs).into(), true)).expect("a tape of this network");
                assert!((outputs, gradients) == alone[n], "tape {n} in the order {order:?}");
            }
        }
        // Memory that serves again has nothing left of other weights.
        let halved: Vec<f32> = problems[0].parameters.iter().map(|w| w / 2.0).collect();
        engine.set_parameters(&halved).expect("as many as before");
        let again = recorded(&mut engine, &problems[0]);
        let fresh = Problem { parameters: halved, ..problems[0].clone() };
        assert!(again == recorded(&mut self::engine(&fresh, options), &fresh), "after other weights");
    }
}

#[test]
fn a_tape_of_other_parameters_and_gradients_of_other_shapes_are_refused() {
    for way in [Way::Tiles, Way::Units] {
        let problem = problem(Spec::new(CellKind::Gru, 3, 20, 2), 5, 4);
        let options = Options { way: Some(way), ..Options::default() };
        let mut first = engine(&problem, options);
        let record = |engine: &mut CpuEngine| {
            block_on(engine.record(&problem.sequences, &Dropout::default())).expect("a sound problem").1
        };
        let nothing = Outputs::default();
        let gradients = block_on({
            let tape = record(&mut first);
            first.backward(tape, (&nothing).into(), false)
        });
        let gradients = gradients.expect("empty gradients stand for zeros");
        assert!(gradients.x.is_empty() && gradients.parameters.iter().all(|&d| d == 0.0));

        let of_another = record(&mut engine(&problem, options));
        assert!(block_on(first.backward(of_another, (&nothing).into(), true)).is_err());
        let tape = record(&mut first);
        let short = Outputs { y: vec![0.0; 9], states: Vec::new() };
        let refusal =
            block_on(first.backward(tape, (&short).into(), true)).expect_err("9 values are not [5, 2]").to_string();
        assert!(refusal.contains("gradient of y"), "{refusal}");
        let tape = record(&mut first);
        first.set_parameters(&problem.parameters).expect("as many as before");
        let refusal = block_on(first.backward(tape, (&nothing).into(), true)).expect_err("a stale tape").to_string();
        assert!(refusal.contains("since its parameters last changed"), "{refusal}");
        let tape = record(&mut first);
        first.load_data(&windows(&problem.spec, &problem.sequences, &problem.targets)).expect("windows that fit");
        first.train(&Steps::new(&[0, 1], 2)).expect("sound steps");
        assert!(block_on(first.backward(tape, (&nothing).into(), true)).is_err());
        let wrong = Dropout { p: 1.5, ..Dropout::default() };
        assert!(block_on(first.record(&problem.sequences, &wrong)).is_err());
    }
}
