//! What the oracle refuses, and what it does not depend on.

use super::{Sequences, differentiate, differentiate_with, forward};
use crate::data;
use crate::loss::{Loss, Objective};
use crate::model::{CellKind, Dropout, Head, Layout, Readout, Spec};

/// A sound network and batch, for the tests to spoil.
fn sound() -> (Spec, Vec<f64>, Sequences) {
    let spec = Spec { layers: 2, bidirectional: true, ..Spec::new(CellKind::Lstm, 2, 3, 1) };
    let parameters = vec![0.1; Layout::new(&spec).len()];
    let sequences = Sequences {
        rows: 2,
        steps: 3,
        x: vec![0.5; 12],
        states: Some(vec![0.5; 48]),
        lengths: None,
        statics: Vec::new(),
    };
    (spec, parameters, sequences)
}

#[test]
fn every_wrong_length_is_refused_by_name() {
    let (spec, parameters, good) = sound();
    let refusal = |parameters: &[f64], sequences: &Sequences, targets: &[f64]| {
        differentiate(&spec, parameters, sequences, targets).expect_err("a wrong length").to_string()
    };
    assert!(differentiate(&spec, &parameters, &good, &[0.0; 2]).is_ok());
    assert!(refusal(&parameters[1..], &good, &[0.0; 2]).starts_with("parameters: expected"));
    assert!(refusal(&parameters, &good, &[0.0; 6]).starts_with("targets: expected 2 values"));
    let short = Sequences { x: vec![0.5; 11], ..good.clone() };
    assert!(refusal(&parameters, &short, &[0.0; 2]).starts_with("x: expected 12 values"));
    let h_alone = Sequences { states: Some(vec![0.5; 24]), ..good.clone() };
    assert!(refusal(&parameters, &h_alone, &[0.0; 2]).starts_with("states: expected 48 values"));
    let refused = |lengths: &[usize]| {
        refusal(&parameters, &Sequences { lengths: Some(lengths.to_vec()), ..good.clone() }, &[0.0; 2])
    };
    assert!(refused(&[3]).starts_with("lengths: expected 2 values (B=2), found 1"));
    assert!(refused(&[3, 0]).starts_with("a row's length is 0 (row 1), expected a length from 1 to 3"));
    assert!(refused(&[4, 3]).starts_with("a row's length is 4 (row 0), expected a length from 1 to 3"));
    let empty = Sequences { rows: 0, x: Vec::new(), states: None, ..good };
    assert!(refusal(&parameters, &empty, &[]).starts_with("rows is 0"));
}

#[test]
fn the_head_reads_the_final_states_of_both_directions_or_the_last_step() {
    let (spec, _, good) = sound();
    let parameters: Vec<f64> = (0..Layout::new(&spec).len()).map(|n| (1.3 * n as f64).sin()).collect();
    let x: Vec<f64> = (0..12).map(|n| (0.7 * n as f64).cos()).collect();
    for lengths in [None, Some(vec![2, 3])] {
        let sequences = Sequences { x: x.clone(), lengths: lengths.clone(), ..good.clone() };
        let of = |readout| {
            let spec = Spec { head: Some(Head { outputs: 1, readout }), ..spec };
            forward(&spec, &parameters, &sequences).expect("sound")
        };
        let (last, step, every) = (of(Readout::Last), of(Readout::LastStep), of(Readout::Every));
        let layout = Layout::new(&spec);
        let (weight, bias) = (&parameters[layout.head_weight()], parameters[layout.head_bias().start]);
        for b in 0..2 {
            // The states are [S, L*D, B, H]: the top layer's h are blocks 2 and 3.
            let h_n = [2, 3].map(|block| &last.states[(block * 2 + b) * 3..][..3]).concat();
            let y = weight.iter().zip(&h_n).fold(bias, |sum, (w, h)| sum + w * h);
            assert!((last.y[b] - y).abs() < 1e-12, "row {b}: {} {y}", last.y[b]);
            let end = lengths.as_ref().map_or(3, |lengths| lengths[b]) - 1;
            assert_eq!(step.y[b], every.y[b * 3 + end]);
            assert_ne!(step.y[b], last.y[b]);
        }
    }
}

#[test]
fn no_states_are_zeros() {
    let (spec, parameters, good) = sound();
    let none = forward(&spec, &parameters, &Sequences { states: None, ..good.clone() }).expect("sound");
    let zeros = forward(&spec, &parameters, &Sequences { states: Some(vec![0.0; 48]), ..good }).expect("sound");
    assert_eq!(none, zeros);
}

#[test]
fn windows_become_a_batch_in_the_order_of_their_ids() {
    let series = vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
    let targets = data::Targets::Given { values: vec![10.0, 11.0], len: 1 };
    let windows = data::Windows::new(series, 2, 3, vec![0, 1], targets).expect("sound windows");
    let (batch, targets) = Sequences::of_windows(&windows, &[1, 0]).expect("sound ids");
    assert_eq!((batch.rows, batch.steps, batch.states), (2, 3, None));
    assert_eq!(batch.x, [2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(targets, [11.0, 10.0]);
    let error = Sequences::of_windows(&windows, &[0, 2]).expect_err("there is no window 2").to_string();
    assert_eq!(error, "window 2 is out of range, there are 2");
}

/// Every cell and readout, two layers in both directions: three rows of five steps, and their targets.
fn batches() -> impl Iterator<Item = (Spec, Vec<f64>, Sequences, Vec<f64>)> {
    CellKind::ALL.into_iter().flat_map(|cell| [(cell, Readout::Last), (cell, Readout::Every)]).map(|(cell, readout)| {
        let head = Some(Head { outputs: 2, readout });
        let spec = Spec { layers: 2, bidirectional: true, head, ..Spec::new(cell, 2, 3, 2) };
        let wave = |count: usize, pace: f64| -> Vec<f64> { (0..count).map(|n| (pace * n as f64).sin()).collect() };
        let x = wave(3 * 5 * 2, 0.7);
        let states = Some(wave(3 * spec.state_len(), 1.3));
        let targets = wave(3 * 2 * spec.read_steps(5), 2.9);
        let parameters = wave(Layout::new(&spec).len(), 1.9);
        (
            spec,
            parameters,
            Sequences { rows: 3, steps: 5, x, states, lengths: Some(vec![2, 5, 3]), statics: Vec::new() },
            targets,
        )
    })
}

#[test]
fn what_lies_beyond_a_length_changes_no_bit() {
    for (spec, parameters, sequences, targets) in batches() {
        let (mut noise, mut other) = (sequences.clone(), targets.clone());
        for (b, length) in [2, 5, 3].into_iter().enumerate() {
            noise.x[(b * 5 + length) * 2..(b + 1) * 5 * 2].fill(f64::NAN);
            if spec.readout() == Readout::Every {
                other[(b * 5 + length) * 2..(b + 1) * 5 * 2].fill(f64::NAN);
            }
        }
        let objective = Objective { loss: Loss::Mse, dropout: Dropout { p: 0.3, seed: 1, step: 2 } };
        let expected = differentiate_with(&spec, &parameters, &sequences, &targets, &objective).expect("sound");
        let found = differentiate_with(&spec, &parameters, &noise, &other, &objective).expect("sound");
        assert_eq!(found, expected, "{spec:?}");
        assert!(found.gradients.x[2 * 2..5 * 2].iter().all(|&d| d == 0.0), "{spec:?}");
    }
}

#[test]
fn lengths_of_t_and_a_dropout_of_0_are_as_none() {
    for (spec, parameters, sequences, targets) in batches() {
        let none = Sequences { lengths: None, ..sequences.clone() };
        let full = Sequences { lengths: Some(vec![5; 3]), ..sequences };
        let objective = Objective { loss: Loss::Mse, dropout: Dropout { p: 0.0, seed: 1, step: 2 } };
        let expected = differentiate(&spec, &parameters, &none, &targets).expect("sound");
        let found = differentiate_with(&spec, &parameters, &full, &targets, &objective).expect("sound");
        assert_eq!(found, expected, "{spec:?}");
    }
}

#[test]
fn a_row_alone_is_the_row_in_a_batch_and_in_a_shorter_one() {
    for (spec, parameters, sequences, _) in batches() {
        let batch = forward(&spec, &parameters, &sequences).expect("sound");
        // Row 0 has two steps, and its values are the same where the batch ends there.
        let (blocks, hidden) = (spec.state_len() / 3, 3);
        let row = |states: &[f64]| -> Vec<f64> {
            (0..blocks).flat_map(|block| states[block * 3 * hidden..][..hidden].to_vec()).collect()
        };
        let states = sequences.states.as_deref().map(row);
        let alone =
            Sequences { rows: 1, steps: 2, x: sequences.x[..4].to_vec(), states, lengths: None, statics: Vec::new() };
        let alone = forward(&spec, &parameters, &alone).expect("sound");
        assert_eq!(alone.y, batch.y[..alone.y.len()], "{spec:?}");
        assert_eq!(alone.states, row(&batch.states), "{spec:?}");
        if spec.readout() == Readout::Every {
            assert!(batch.y[2 * 2..5 * 2].iter().all(|&y| y == 0.0), "{spec:?}");
        }
    }
}

#[test]
fn dropout_of_1_and_a_class_that_is_none_are_refused() {
    for (spec, parameters, sequences, targets) in batches() {
        let refusal = |objective: Objective| {
            differentiate_with(&spec, &parameters, &sequences, &targets, &objective).expect_err("a mistake").to_string()
        };
        let dropout = Dropout { p: 1.0, seed: 0, step: 0 };
        assert!(refusal(Objective { dropout, ..Objective::default() }).starts_with("dropout is 1"));
        let loss = Loss::Huber { delta: 0.0 };
        assert!(refusal(Objective { loss, ..Objective::default() }).starts_with("delta is 0"));
        let targets = vec![2.0; 3 * spec.read_steps(5)];
        let objective = Objective { loss: Loss::CrossEntropy, ..Objective::default() };
        let error = differentiate_with(&spec, &parameters, &sequences, &targets, &objective).expect_err("two classes");
        assert!(error.to_string().starts_with("a target is 2 (row 0, position 0)"), "{error}");
    }
}
