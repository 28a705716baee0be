//! What must hold bit for bit on the CPU engine whatever the options, and what they are refused for: lengths, views,
//! streams, carried states, memory. Their numbers are compared with the oracle in `cpu_engine.rs`.

mod common;
#[path = "common/ways.rs"]
mod ways;

use common::assert_close;
use refrain::data::{Center, Sequences, Targets, Windows};
use refrain::engine::cpu::{CpuEngine, Level, Options};
use refrain::engine::{Engine, Steps};
use refrain::loss::{Loss, Objective};
use refrain::model::{CellKind, Dropout, Head, Readout, Spec};
use refrain::optim::{Clip, Optimizer, Schedule};
use refrain::reference;
use refrain::verify::{self, Case, TOLERANCE};
use ways::ways;

/// A network with much of what there is, and rows that end at different times.
fn case(cell: CellKind, bidirectional: bool, head: Option<Head>) -> Case {
    let spec = Spec { layers: 2, bidirectional, head, ..Spec::new(cell, 3, 10, 1) };
    Case { states: true, lengths: true, seed: 5, ..Case::new(spec, 37, 9) }
}

/// Every cell with each readout, one direction and both.
fn cases() -> impl Iterator<Item = Case> {
    let head = |readout| Some(Head { outputs: 4, readout });
    let heads = [head(Readout::Last), head(Readout::LastStep), head(Readout::Every), None];
    CellKind::ALL
        .into_iter()
        .flat_map(move |cell| heads.into_iter().flat_map(move |head| [false, true].map(|both| case(cell, both, head))))
}

fn engine(case: &Case, options: Options) -> CpuEngine {
    CpuEngine::with_options(case.spec, &verify::numbers(case).0, options).expect("a sound problem")
}

/// Rows in another order: row r of the result is row `order[r]` of `values`, which has `blocks` tables of such rows.
fn permuted(values: &[f32], blocks: usize, order: &[usize]) -> Vec<f32> {
    let len = values.len() / (blocks * order.len());
    let tables = values.chunks_exact(len * order.len());
    tables.flat_map(|table| order.iter().flat_map(move |row| &table[row * len..][..len])).copied().collect()
}

#[test]
fn permuting_rows_permutes_outputs() {
    let order: Vec<usize> = (0..37).map(|row| row * 11 % 37).collect();
    for case in cases() {
        let (_, sequences, _) = verify::numbers(&case);
        let blocks = sequences.states.as_ref().map_or(1, Vec::len) / (37 * case.spec.hidden);
        let shuffled = Sequences {
            x: permuted(&sequences.x, 1, &order).into(),
            states: sequences.states.as_ref().map(|states| permuted(states, blocks, &order)),
            lengths: sequences.lengths.as_ref().map(|lengths| order.iter().map(|row| lengths[*row]).collect()),
            ..sequences.clone()
        };
        for options in ways() {
            let mut engine = engine(&case, options);
            let one = pollster::block_on(engine.forward(&sequences)).expect("a sound problem");
            let other = pollster::block_on(engine.forward(&shuffled)).expect("a sound problem");
            assert!(permuted(&one.y, 1, &order) == other.y, "y of {case} at {}", options.level.name());
            assert!(
                permuted(&one.states, blocks, &order) == other.states,
                "states of {case} at {}",
                options.level.name()
            );
        }
    }
}

/// Row `row` of each table of 37.
fn alone(values: &[f32], blocks: usize, row: usize) -> Vec<f32> {
    let len = values.len() / (blocks * 37);
    values.chunks_exact(len * 37).flat_map(|table| &table[row * len..][..len]).copied().collect()
}

/// A few rows go another way through the engine than many; also after training, whose weights that way must see.
#[test]
fn a_row_alone_has_the_bits_that_it_has_among_others() {
    for case in cases() {
        let (_, sequences, targets) = verify::numbers(&case);
        let windows = Windows::from_sequences(sequences.x.to_vec(), 3, 9, targets.clone(), targets.len() / 37)
            .and_then(|windows| windows.with_lengths(sequences.lengths.clone().expect("a case with lengths")))
            .expect("a sound problem");
        let blocks = sequences.states.as_ref().map_or(1, Vec::len) / (37 * case.spec.hidden);
        for level in Level::available() {
            let mut engine = engine(&case, Options { threads: Some(2), level, ..Options::default() });
            engine.load_data(&windows).expect("windows that fit");
            for trained in [false, true] {
                if trained {
                    engine.train(&Steps::new(&[0], 1)).expect("sound steps");
                }
                let all = pollster::block_on(engine.forward(&sequences)).expect("a sound problem");
                for row in [0, 7, 36] {
                    let one = Sequences {
                        rows: 1,
                        steps: sequences.steps,
                        x: alone(&sequences.x, 1, row).into(),
                        states: sequences.states.as_ref().map(|states| alone(states, blocks, row)),
                        lengths: sequences.lengths.as_ref().map(|lengths| vec![lengths[row]]),
                        ..Sequences::default()
                    };
                    let found = pollster::block_on(engine.forward(&one)).expect("a sound problem");
                    let what = format!("row {row} of {case} at {}, trained: {trained}", level.name());
                    assert!(found.y.iter().all(|y| y.is_finite()), "{what}");
                    assert!(found.y == alone(&all.y, 1, row), "y of {what}");
                    assert!(found.states == alone(&all.states, blocks, row), "states of {what}");
                }
            }
        }
    }
}

/// x and the targets with this value wherever a row has ended.
fn filled<'a>(case: &Case, sequences: &Sequences<'a>, targets: &[f32], value: f32) -> (Sequences<'a>, Vec<f32>) {
    let (mut sequences, mut targets) = (sequences.clone(), targets.to_vec());
    let inputs = case.spec.input;
    let width = targets.len() / (case.rows * case.spec.read_steps(case.steps));
    for b in 0..case.rows {
        let length = sequences.length(b);
        sequences.x.to_mut()[b * case.steps * inputs..][..case.steps * inputs][length * inputs..].fill(value);
        if case.spec.readout() == Readout::Every {
            targets[b * case.steps * width..][..case.steps * width][length * width..].fill(value);
        }
    }
    (sequences, targets)
}

#[test]
fn garbage_beyond_lengths_changes_no_bit() {
    for case in cases() {
        let (_, sequences, targets) = verify::numbers(&case);
        let (garbage, garbage_targets) = filled(&case, &sequences, &targets, f32::NAN);
        let (sequences, targets) = filled(&case, &sequences, &targets, 0.0);
        for options in ways() {
            let run = |sequences: &Sequences<'_>, targets: &[f32]| {
                let mut engine = engine(&case, options);
                // A workspace that has seen NaN must not remember it.
                let nan = Sequences { x: vec![f32::NAN; sequences.x.len()].into(), lengths: None, ..sequences.clone() };
                pollster::block_on(engine.forward(&nan)).expect("a sound problem");
                pollster::block_on(engine.differentiate(&nan, targets, &Objective::default()))
                    .expect("a sound problem");
                let outputs = pollster::block_on(engine.forward(sequences)).expect("a sound problem");
                let gradients = pollster::block_on(engine.differentiate(sequences, targets, &Objective::default()));
                (outputs, gradients.expect("a sound problem"))
            };
            let clean = run(&sequences, &targets);
            assert!(
                clean.1.gradients.parameters.iter().all(|value| value.is_finite()),
                "{case} at {}",
                options.level.name()
            );
            assert!(clean == run(&garbage, &garbage_targets), "{case} at {}", options.level.name());
        }
    }
}

#[test]
fn threads_change_no_bit_with_all_options() {
    let head = Some(Head { outputs: 4, readout: Readout::Every });
    for cell in CellKind::ALL {
        let spec = Spec { layers: 2, bidirectional: true, head, ..Spec::new(cell, 3, 10, 1) };
        let objective = Objective { loss: Loss::CrossEntropy, dropout: Dropout { p: 0.3, seed: 4, step: 0 } };
        let case = Case { lengths: true, objective, seed: 3, ..Case::new(spec, 257, 6) };
        let (_, sequences, targets) = verify::numbers(&case);
        let windows = Windows::from_sequences(sequences.x.into(), 3, 6, targets, 6)
            .and_then(|windows| windows.with_lengths(sequences.lengths.expect("a case with lengths")))
            .expect("a sound problem");
        let ids: Vec<u32> = (0..257).rev().collect();
        for options in ways() {
            let train = |threads| {
                let mut engine = engine(&case, Options { threads: Some(threads), ..options });
                engine.load_data(&windows).expect("windows that fit");
                let clip = Some(Clip { max_norm: 0.01 });
                let steps = Steps { objective, clip, optimizer: Optimizer::adam_w(1e-2), ..Steps::new(&ids, 100) };
                engine.train(&steps).expect("sound steps");
                let losses = pollster::block_on(engine.losses()).expect("the losses");
                (losses, pollster::block_on(engine.parameters()).expect("the parameters"))
            };
            let one = train(1);
            assert!(one.0.iter().all(|loss| loss.is_finite()), "{cell} at {}: {:?}", options.level.name(), one.0);
            for threads in [2, 3, 5] {
                assert!(one == train(threads), "{cell} at {}: {threads} threads differ from one", options.level.name());
            }
        }
    }
}

/// A large block, whose norm several threads sum up. A step of 1 along it is as long as the clip allows.
#[test]
fn threads_change_no_bit_of_a_clipped_large_block() {
    let case = Case { seed: 1, ..Case::new(Spec::new(CellKind::Gru, 3, 150, 1), 40, 3) };
    let (_, sequences, targets) = verify::numbers(&case);
    let windows = Windows::from_sequences(sequences.x.into(), 3, 3, targets, 1).expect("a sound problem");
    let ids: Vec<u32> = (0..40).collect();
    let train = |threads| {
        let mut engine = engine(&case, Options { threads: Some(threads), ..Options::default() });
        engine.load_data(&windows).expect("windows that fit");
        let (clip, optimizer) = (Some(Clip { max_norm: 0.01 }), Optimizer::sgd(1.0, 0.0));
        engine.train(&Steps { clip, optimizer, ..Steps::new(&ids, 40) }).expect("sound steps");
        pollster::block_on(engine.parameters()).expect("the parameters")
    };
    let (before, after) = (verify::numbers(&case).0, train(1));
    let squares = before.iter().zip(&after).map(|(before, after)| f64::from(after - before).powi(2));
    assert_close("the step", &[squares.sum::<f64>().sqrt()], &[0.01], 0.0, 1e-4);
    assert!(after == train(2));
}

/// Training on views of a series, and on the arrays that they stand for.
#[test]
fn views_train_as_the_arrays_that_they_stand_for() {
    let series: Vec<f32> = (0..200).map(|n| (n as f32 * 0.37).sin() + n as f32 * 0.01).collect();
    let spec = Spec::new(CellKind::Lstm, 2, 6, 6);
    let case = Case::new(spec, 1, 1);
    let starts: Vec<u32> = (0..60).collect();
    let ids: Vec<u32> = (0..60).map(|n| n * 7 % 60).collect();
    let lengths: Vec<u32> = (0..60).map(|n| 1 + n * 5 % 12).collect();
    for (center, lengths) in
        [(Center::None, None), (Center::Last, None), (Center::Mean, None), (Center::Last, Some(lengths))]
    {
        let targets = Targets::Horizon { steps: 3, features: 2 };
        let mut views = Windows::new(series.clone(), 2, 12, starts.clone(), targets)
            .and_then(|windows| windows.centered(center, 2))
            .expect("sound windows");
        if let Some(lengths) = &lengths {
            views = views.with_lengths(lengths.clone()).expect("sound lengths");
        }
        let x = (0..60).flat_map(|n| views.input(n).into_owned()).collect();
        let y = (0..60).flat_map(|n| views.target(n).into_owned()).collect();
        let mut arrays = Windows::from_sequences(x, 2, 12, y, 6).expect("sound windows");
        if let Some(lengths) = &lengths {
            arrays = arrays.with_lengths(lengths.clone()).expect("sound lengths");
        }
        let train = |windows: &Windows| {
            let mut engine = engine(&case, Options::default());
            engine.load_data(windows).expect("windows that fit");
            engine.train(&Steps::new(&ids, 25)).expect("sound steps");
            let y = pollster::block_on(engine.predict(&ids, 25)).expect("sound ids");
            let one_by_one = pollster::block_on(engine.predict(&ids, 1)).expect("sound ids");
            assert!(y == one_by_one, "{center:?}, lengths {}", lengths.is_some());
            (pollster::block_on(engine.losses()).expect("the losses"), y)
        };
        assert!(train(&views) == train(&arrays), "{center:?}, lengths {}", lengths.is_some());
    }
}

/// Sums run over inputs in one order whatever the rows and times of a call, so that not a bit may differ.
#[test]
fn a_stream_is_one_forward_pass() {
    for cell in CellKind::ALL {
        for (rows, head) in [(1, Some(Head { outputs: 4, readout: Readout::Every })), (3, None), (37, None)] {
            let spec = Spec { layers: 2, head, ..Spec::new(cell, 3, 21, 1) };
            // More steps than go through the network at a time.
            let case = Case { states: true, seed: 2, ..Case::new(spec, rows, 150) };
            let (_, sequences, _) = verify::numbers(&case);
            for options in ways() {
                let mut engine = engine(&case, options);
                let whole = pollster::block_on(engine.forward(&sequences)).expect("a sound problem");
                engine.open_stream(rows, sequences.states.as_deref()).expect("one direction");
                let mut y = Vec::new();
                for (first, steps) in [(0, 1), (1, 1), (2, 133), (135, 1), (136, 14)] {
                    let part = |row: &[f32]| row[first * 3..][..steps * 3].to_vec();
                    let x: Vec<f32> = sequences.x.chunks_exact(450).flat_map(part).collect();
                    let outputs = match steps {
                        1 => pollster::block_on(engine.step(&x)),
                        _ => pollster::block_on(engine.step_many(&x, steps)),
                    };
                    y.push((steps, outputs.expect("an open stream")));
                }
                let len = spec.outputs();
                let rows_of =
                    |row: usize| y.iter().flat_map(move |(steps, y)| &y[row * steps * len..][..steps * len]).copied();
                let y: Vec<f32> = (0..rows).flat_map(rows_of).collect();
                assert!(y == whole.y, "y of {case} at {}", options.level.name());
                let states = pollster::block_on(engine.states()).expect("an open stream");
                assert!(states == whole.states, "states of {case} at {}", options.level.name());
            }
        }
    }
}

#[test]
fn a_stream_gives_the_output_after_every_step_whatever_the_readout() {
    let case = Case { seed: 2, ..Case::new(Spec::new(CellKind::Gru, 2, 5, 3), 2, 4) };
    let (parameters, sequences, _) = verify::numbers(&case);
    let mut engine = engine(&case, Options::default());
    engine.open_stream(2, None).expect("one direction");
    let y = pollster::block_on(engine.step_many(&sequences.x, 4)).expect("an open stream");
    let every = Spec { head: Some(Head { outputs: 3, readout: Readout::Every }), ..case.spec };
    let exact =
        reference::forward(&every, &reference::widen(&parameters), &(&sequences).into()).expect("a sound problem");
    assert_close("y", &y, &exact.y, 1e-6, 0.0);
}

#[test]
fn a_stream_that_cannot_be_is_refused() {
    let case = Case::new(Spec::new(CellKind::Gru, 2, 5, 3), 2, 4);
    let mut engine = engine(&case, Options::default());
    let refusal = pollster::block_on(engine.step(&[0.0; 2])).expect_err("no stream").to_string();
    assert!(refusal.starts_with("stream is none, expected"), "{refusal}");
    assert!(pollster::block_on(engine.states()).is_err());
    assert!(engine.open_stream(0, None).is_err());
    let refusal = engine.open_stream(usize::MAX / 2, None).expect_err("more than any memory").to_string();
    assert!(refusal.starts_with("the states of the stream needs") && refusal.ends_with("take fewer rows"), "{refusal}");
    let refusal = engine.open_stream(2, Some(&[0.0; 9])).expect_err("nine values").to_string();
    assert!(refusal.starts_with("states: expected 10"), "{refusal}");
    engine.open_stream(2, None).expect("one direction");
    let refusal = pollster::block_on(engine.step(&[0.0; 3])).expect_err("three values").to_string();
    assert!(refusal.starts_with("x: expected 4"), "{refusal}");
    assert_eq!(pollster::block_on(engine.step_many(&[], 0)).expect("no steps, no outputs"), Vec::<f32>::new());
    let both = Case::new(Spec { bidirectional: true, ..case.spec }, 2, 4);
    let mut engine = self::engine(&both, Options::default());
    assert!(engine.open_stream(2, None).expect_err("two directions").to_string().contains("directions"));
}

/// The oracle, stepping by hand: each batch begins where the one before ended.
#[test]
fn carried_states_follow_the_oracle() {
    for (cell, lengths) in [(CellKind::Lstm, false), (CellKind::Gru, true)] {
        let head = Some(Head { outputs: 2, readout: Readout::Every });
        let spec = Spec { layers: 2, head, ..Spec::new(cell, 2, 7, 1) };
        let case = Case { lengths, seed: 8, ..Case::new(spec, 4 * 19, 6) };
        let (parameters, sequences, targets) = verify::numbers(&case);
        let mut windows = Windows::from_sequences(sequences.x.into(), 2, 6, targets, 12).expect("a sound problem");
        if let Some(lengths) = sequences.lengths {
            windows = windows.with_lengths(lengths).expect("sound lengths");
        }
        let ids: Vec<u32> = (0..4 * 19).collect();
        let optimizer = Optimizer::sgd(0.5, 0.9);
        let steps = Steps { optimizer, carry: true, schedule: Schedule::Constant, ..Steps::new(&ids, 19) };

        let mut exact = reference::widen(&parameters);
        let mut moments = reference::Moments::zeros(exact.len());
        let (mut states, mut exact_losses) = (None, Vec::new());
        for (k, ids) in ids.chunks(19).enumerate() {
            let (sequences, targets) = reference::Sequences::of_windows(&windows, ids).expect("sound ids");
            let sequences = reference::Sequences { states, ..sequences };
            let step = reference::differentiate(&spec, &exact, &sequences, &targets).expect("a sound problem");
            reference::optimizer_step(&optimizer, &mut exact, &step.gradients.parameters, &mut moments, k as u64 + 1)
                .expect("one length");
            exact_losses.push(step.loss);
            states = Some(step.outputs.states);
        }
        for options in ways() {
            let mut engine = engine(&case, options);
            engine.load_data(&windows).expect("windows that fit");
            engine.train(&steps).expect("sound steps");
            let losses = pollster::block_on(engine.losses()).expect("the losses");
            let found = pollster::block_on(engine.parameters()).expect("the parameters");
            // Measured 3e-8 and 1e-7; without the carried states the second loss is off by a hundredth.
            assert_close(format!("losses of {cell} at {}", options.level.name()), &losses, &exact_losses, 1e-6, 0.0);
            assert_close(format!("parameters of {cell} at {}", options.level.name()), &found, &exact, 2e-6, 0.0);
        }
    }
}

#[test]
fn cross_entropy_of_large_outputs_is_finite_and_right() {
    let spec = Spec { head: Some(Head { outputs: 5, readout: Readout::Every }), ..Spec::new(CellKind::Gru, 3, 8, 5) };
    let objective = Objective { loss: Loss::CrossEntropy, ..Objective::default() };
    // Weights of up to 300: outputs of up to 1000, whose exponentials no f32 holds.
    let case = Case { objective, scale: 800.0, seed: 6, ..Case::new(spec, 19, 3) };
    let (parameters, sequences, targets) = verify::numbers(&case);
    let (wide, wide_targets) = (reference::widen(&parameters), reference::widen(&targets));
    let exact = reference::differentiate_with(&spec, &wide, &(&sequences).into(), &wide_targets, &objective);
    let exact = exact.expect("a sound problem");
    assert!(exact.outputs.y.iter().any(|y| *y > 100.0), "{:?}", exact.outputs.y);
    for options in ways() {
        let mut engine = engine(&case, Options { threads: Some(1), ..options });
        let found = pollster::block_on(engine.differentiate(&sequences, &targets, &objective));
        let found = found.expect("a sound problem");
        // Saturated gates amplify the rounding of pre-activations.
        assert_close(format!("loss at {}", options.level.name()), &[found.loss], &[exact.loss], 0.0, 1e-4);
        assert!(found.gradients.parameters.iter().all(|gradient| gradient.is_finite()), "at {}", options.level.name());
    }
}

#[test]
fn rows_that_end_at_any_time_of_a_long_forward_pass() {
    for cell in CellKind::ALL {
        let spec = Spec { layers: 2, head: None, ..Spec::new(cell, 2, 5, 1) };
        let case = Case { states: true, lengths: true, seed: 1, ..Case::new(spec, 35, 300) };
        let errors = pollster::block_on(verify::measure(&case, CpuEngine::new)).expect("a sound problem");
        assert!(errors.within(&TOLERANCE), "{case}: {errors}");
    }
}

#[test]
fn a_tape_beyond_memory_is_refused_beforehand() {
    let spec = Spec::new(CellKind::Lstm, 1, 512, 1);
    let case = Case::new(spec, 1, 1);
    let steps = 1 << 24;
    let windows = Windows::from_sequences(vec![0.0; steps], 1, steps, vec![0.0], 1).expect("sound windows");
    let mut engine = engine(&case, Options::default());
    engine.load_data(&windows).expect("a view of a long series");
    let refusal = engine.train(&Steps::new(&[0], 1)).expect_err("terabytes").to_string();
    assert!(refusal.starts_with("the tape of 16777216 steps on ") && refusal.contains("shorter"), "{refusal}");
    // Smaller sequences still run.
    let short = Windows::from_sequences(vec![0.0; 4], 1, 4, vec![0.0], 1).expect("sound windows");
    engine.load_data(&short).expect("windows that fit");
    engine.train(&Steps::new(&[0], 1)).expect("sound steps");
}
