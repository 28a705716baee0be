//! Every option against the oracle, and what must hold bit for bit.

use super::engines::{any_case, windows};
use super::{a_third_of, assert_no_miss, engine, gpu, miss, open};
use pollster::block_on;
use proptest::prelude::*;
use refrain::data::{Sequences, Windows};
use refrain::engine::gpu::{GpuEngine, Kernels, Options};
use refrain::engine::{Engine, Moments, Steps};
use refrain::loss::{Loss, Objective, Quantiles};
use refrain::model::{CellKind, Dropout, Head, Readout, Spec};
use refrain::optim::{Clip, Optimizer, Schedule};
use refrain::verify::{self, Case};

#[test]
fn agrees_with_the_oracle_on_every_option() {
    assert_no_miss(&a_third_of(verify::option_cases()));
}

#[test]
fn agrees_within_webgpus_default_limits_and_with_checked_kernels() {
    let gpu = open(Options { default_limits: true, checked: true, ..Options::default() });
    // The cell whose kernels bind and hold the most, and every loss.
    let is_of_loss = |case: &Case| case.objective.loss != Loss::Mse && case.horizon.is_none();
    let (losses, others): (Vec<Case>, Vec<Case>) = verify::option_cases().into_iter().partition(is_of_loss);
    let of_lstm = others.into_iter().filter(|case| case.spec.cell == CellKind::Lstm).collect();
    let chosen = a_third_of(of_lstm).into_iter().chain(losses);
    let misses: Vec<String> = chosen.filter_map(|case| miss(&gpu, &case)).collect();
    assert!(misses.is_empty(), "{}", misses.join("\n"));
}

#[test]
fn fused_kernels_agree_with_the_oracle() {
    let head = |outputs, readout| Some(Head { outputs, readout });
    for default_limits in [true, false] {
        let options = Options { default_limits, checked: default_limits, ..Options::default() };
        let gpu = open(Options { kernels: Kernels::Fused, ..options });
        // With the default limits the cell with the most sums in workgroup memory.
        let cells = if default_limits { &[CellKind::Lstm][..] } else { &CellKind::ALL };
        for &cell in cells {
            // Full and ragged rows, outputs at the end and at every step, more rows than a workgroup takes at a time.
            let last = Case::new(Spec { head: head(1, Readout::Last), ..Spec::new(cell, 1, 9, 1) }, 40, 12);
            let every = Case::new(Spec { head: head(3, Readout::Every), ..Spec::new(cell, 2, 6, 1) }, 19, 5);
            let levels = Loss::Quantile(Quantiles::new(&[0.1, 0.5, 0.9]).expect("levels that rise"));
            let quantiles = Objective { loss: levels, dropout: Dropout::default() };
            let classes = Objective { loss: Loss::CrossEntropy, dropout: Dropout::default() };
            let clip = Some(Clip { max_norm: 0.05 });
            let rmsprop = Optimizer::RmsProp { lr: 1e-3, alpha: 0.9, eps: 1e-2, weight_decay: 0.0 };
            for case in [
                last,
                Case { lengths: true, clip, ..last },
                Case { lengths: true, objective: quantiles, optimizer: rmsprop, ..every },
                Case { objective: classes, carry: true, rows: 20, ..every },
            ] {
                assert_eq!(miss(&gpu, &Case { seed: 4, ..case }), None, "default limits: {default_limits}");
            }
        }
    }
}

/// Random shapes with random options; a failure prints the case's name, which holds its seed.
pub fn any_option_case() -> impl Strategy<Value = Case> {
    let options = (0usize..6, 1usize..4, 0usize..4, any::<[bool; 5]>());
    (any_case(), options).prop_map(|(case, (loss, levels, optimizer, [lengths, dropped, clipped, bare, carry]))| {
        let loss = [
            Loss::Mse,
            Loss::Mae,
            Loss::Huber { delta: 1.2 },
            Loss::CrossEntropy,
            Loss::BinaryCrossEntropy,
            Loss::Quantile(Quantiles::new(&[0.2, 0.5, 0.7][..levels]).expect("levels that rise")),
        ][loss];
        let optimizer = [
            Case::new(case.spec, 1, 1).optimizer,
            Optimizer::Sgd { lr: 0.1, momentum: 0.9, weight_decay: 0.01 },
            Optimizer::AdamW { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-3, weight_decay: 0.1 },
            Optimizer::RmsProp { lr: 1e-3, alpha: 0.9, eps: 1e-2, weight_decay: 0.0 },
        ][optimizer];
        let mut spec = case.spec;
        match (&mut spec.head, loss) {
            (head, Loss::Mse | Loss::Mae) if bare => *head = None,
            (Some(head), Loss::Quantile(_)) => head.outputs *= levels,
            _ => {}
        }
        Case {
            spec,
            lengths,
            objective: Objective { loss, dropout: Dropout { p: if dropped { 0.3 } else { 0.0 }, seed: 1, step: 0 } },
            optimizer,
            clip: clipped.then_some(Clip { max_norm: 0.1 }),
            carry: carry && !spec.bidirectional && case.rows.is_multiple_of(2),
            ..case
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_options(case in any_option_case()) {
        prop_assert_eq!(miss(gpu(case.spec.cell), &case), None);
    }
}

/// Two layers in both directions over 37 rows of up to 6 steps, with an output at every step.
fn ragged(cell: CellKind) -> (GpuEngine, Sequences<'static>, Vec<f32>) {
    let head = Some(Head { outputs: 2, readout: Readout::Every });
    let spec = Spec { layers: 2, bidirectional: true, head, ..Spec::new(cell, 3, 10, 1) };
    let case = Case { lengths: true, seed: 5, ..Case::new(spec, 37, 6) };
    let (parameters, sequences, targets) = verify::numbers(&case);
    (engine(spec, &parameters), sequences, targets)
}

#[test]
fn garbage_beyond_the_lengths_changes_no_bit() {
    let zero = |values: &[f32]| -> Vec<f32> { values.iter().map(|&v| if v.is_nan() { 0.0 } else { v }).collect() };
    for cell in CellKind::ALL {
        let (mut engine, sequences, targets) = ragged(cell);
        assert!(sequences.x.iter().chain(&targets).any(|value| value.is_nan()), "there is garbage to begin with");
        let clean = Sequences { x: zero(&sequences.x).into(), ..sequences.clone() };
        let objective = Objective::default();
        let found = block_on(engine.differentiate(&sequences, &targets, &objective)).expect("a sound problem");
        let expected = block_on(engine.differentiate(&clean, &zero(&targets), &objective)).expect("a sound problem");
        assert!(found.gradients.parameters.iter().all(|g| g.is_finite()), "{cell}");
        assert!(found == expected, "{cell}: {found:?} {expected:?}");
    }
}

#[test]
fn permuting_rows_permutes_outputs() {
    for cell in CellKind::ALL {
        let (mut engine, sequences, _) = ragged(cell);
        let lengths = sequences.lengths.clone().expect("rows with lengths");
        let backwards = Sequences {
            x: sequences.x.chunks(6 * 3).rev().flatten().copied().collect(),
            lengths: Some(lengths.into_iter().rev().collect()),
            ..sequences.clone()
        };
        let y = block_on(engine.forward(&sequences)).expect("a sound problem").y;
        let back = block_on(engine.forward(&backwards)).expect("a sound problem").y;
        let back: Vec<f32> = back.chunks(6 * 2).rev().flatten().copied().collect();
        assert!(y == back, "{cell}: {y:?} {back:?}");
    }
}

/// Windows of 6 steps with lengths, and the options of training on them.
struct Training {
    spec: Spec,
    parameters: Vec<f32>,
    windows: Windows,
    ids: Vec<u32>,
}

impl Training {
    fn new(cell: CellKind) -> Self {
        let spec = Spec { layers: 2, ..Spec::new(cell, 2, 10, 3) };
        let case = Case { lengths: true, seed: 7, ..Case::new(spec, 40, 6) };
        let (parameters, sequences, targets) = verify::numbers(&case);
        let windows = windows(&spec, &sequences, &targets);
        let windows = windows.with_lengths(sequences.lengths.expect("rows with lengths")).expect("as many lengths");
        Training { spec, parameters, windows, ids: (0..40).rev().collect() }
    }

    /// Steps in batches of 8.
    fn steps(&self) -> Steps<'_> {
        Steps {
            objective: Objective { loss: Loss::Mae, dropout: Dropout { p: 0.3, seed: 2, step: 0 } },
            optimizer: Optimizer::adam_w(1e-2),
            clip: Some(Clip { max_norm: 0.1 }),
            schedule: Schedule::Cosine { warm_up: 2, total: 20, floor: 0.0 },
            carry: true,
            ..Steps::new(&self.ids, 8)
        }
    }

    /// Losses and parameters after some calls, each of the steps from one number to another.
    fn run(&self, engine: &mut GpuEngine, calls: &[(usize, usize)]) -> (Vec<f32>, Vec<f32>) {
        engine.load_data(&self.windows).expect("windows that fit");
        for &(from, to) in calls {
            let steps = Steps { ids: &self.ids[from * 8..to * 8], taken: from as u64, ..self.steps() };
            engine.train(&steps).expect("sound steps");
        }
        (block_on(engine.losses()).expect("the losses"), block_on(engine.parameters()).expect("the parameters"))
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_with_every_option() {
    for cell in CellKind::ALL {
        let training = Training::new(cell);
        let mut used = engine(training.spec, &training.parameters);
        let first = training.run(&mut used, &[(0, 5)]);
        assert!(first == training.run(&mut engine(training.spec, &training.parameters), &[(0, 5)]), "{cell}: fresh");
        used.set_parameters(&training.parameters).expect("the same block");
        assert!(first == training.run(&mut used, &[(0, 5)]), "{cell}: the same engine, set back");
        used.set_parameters(&training.parameters).expect("the same block");
        let anew = training.run(&mut used, &[(0, 2), (2, 5)]);
        assert!(first != anew, "{cell}: the second call begins with zeros");
    }
}

#[test]
fn training_goes_on_from_parameters_and_moments_as_if_never_interrupted() {
    let training = Training::new(CellKind::Gru);
    let calls = [(0, 2), (2, 5)];
    let mut whole = engine(training.spec, &training.parameters);
    let expected = training.run(&mut whole, &calls);
    let mut first = engine(training.spec, &training.parameters);
    let (_, parameters) = training.run(&mut first, &calls[..1]);
    let moments: Moments = block_on(first.moments()).expect("the moments");
    let mut second = engine(training.spec, &parameters);
    second.set_moments(&moments).expect("as many moments");
    let (losses, parameters) = training.run(&mut second, &calls[1..]);
    assert!((&expected.0[2..], &expected.1) == (&losses[..], &parameters));
}

#[test]
fn a_stream_in_pieces_is_one_pass() {
    for cell in CellKind::ALL {
        let head = Some(Head { outputs: 2, readout: Readout::Every });
        let spec = Spec { layers: 2, head, ..Spec::new(cell, 3, 10, 1) };
        let case = Case { states: true, seed: 4, ..Case::new(spec, 5, 9) };
        let (parameters, sequences, _) = verify::numbers(&case);
        let whole = block_on(engine(spec, &parameters).forward(&sequences)).expect("a sound problem");
        // A stream has an output at every step, whatever the head reads.
        let head = Some(Head { outputs: 2, readout: Readout::Last });
        let mut engine = engine(Spec { head, ..spec }, &parameters);
        let piece = |from: usize, to: usize, values: &[f32], width: usize| -> Vec<f32> {
            values.chunks(9 * width).flat_map(|row| &row[from * width..to * width]).copied().collect()
        };
        engine.open_stream(5, sequences.states.as_deref()).expect("a sound stream");
        let states = block_on(engine.states()).expect("an open stream");
        assert_eq!(Some(states), sequences.states, "{cell}: before the first step");
        for (from, to) in [(0, 3), (3, 4), (4, 5), (5, 8), (8, 9)] {
            let y = block_on(engine.step_many(&piece(from, to, &sequences.x, 3), to - from)).expect("a sound piece");
            assert!(y == piece(from, to, &whole.y, 2), "{cell}: steps {from} to {to}");
        }
        assert!(block_on(engine.states()).expect("an open stream") == whole.states, "{cell}: after the last step");
        engine.open_stream(5, None).expect("a sound stream");
        assert!(block_on(engine.step(&piece(0, 1, &sequences.x, 3))).expect("a step") != piece(0, 1, &whole.y, 2));
    }
}

#[test]
fn a_stream_refuses_what_it_cannot_follow() {
    let training = Training::new(CellKind::Lstm);
    let mut engine = engine(training.spec, &training.parameters);
    assert!(block_on(engine.step(&[0.0; 2])).is_err() && block_on(engine.states()).is_err(), "nothing is open");
    assert!(engine.open_stream(0, None).is_err() && engine.open_stream(1, Some(&[0.0])).is_err());
    engine.open_stream(2, None).expect("a sound stream");
    assert!(block_on(engine.step(&[0.0; 5])).is_err(), "five values");
    assert!(block_on(engine.step_many(&[], 0)).is_err(), "no step");
    assert_eq!(block_on(engine.step(&[0.0; 4])).expect("two rows").len(), 2 * 3);
}

#[test]
fn a_loss_refuses_targets_that_it_cannot_read() {
    let training = Training::new(CellKind::RnnTanh);
    let mut engine = engine(training.spec, &training.parameters);
    engine.load_data(&training.windows).expect("windows that fit");
    let objective = Objective { loss: Loss::CrossEntropy, ..Objective::default() };
    let steps = Steps { objective, ..Steps::new(&training.ids, 8) };
    let message = engine.train(&steps).expect_err("three values where there is one class").to_string();
    assert!(message.contains("what the loss reads"), "{message}");
    let sequences = Sequences::new(1, 2, vec![0.0; 4]);
    let message = block_on(engine.differentiate(&sequences, &[3.0], &objective)).expect_err("no class 3").to_string();
    assert!(message.contains("a class"), "{message}");
}
