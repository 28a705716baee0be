//! What the tests of both engines share: random cases, windows, the oracle's training, and where a NaN must show.

use proptest::prelude::*;
use refrain::data::{Sequences, Windows};
use refrain::engine::Engine;
use refrain::loss::{Loss, Objective, Quantiles};
use refrain::model::{CellKind, Head, Layout, Readout, Spec};
use refrain::optim::Optimizer;
use refrain::reference::{self, Moments};
use refrain::verify::{Case, numbers};

/// Random shapes; a failure prints the case's name, which holds its seed.
pub fn any_case() -> impl Strategy<Value = Case> {
    let sizes = (1usize..30, 1usize..60, 1usize..6, 1usize..40, 1usize..12);
    (0usize..4, sizes, 1usize..3, any::<[bool; 3]>(), any::<u64>()).prop_map(
        |(cell, (input, hidden, outputs, rows, steps), layers, [bidirectional, every, states], seed)| {
            let head = Some(Head { outputs, readout: if every { Readout::Every } else { Readout::Last } });
            let spec = Spec { cell: CellKind::ALL[cell], input, hidden, layers, bidirectional, head, segments: None };
            Case { states, seed, ..Case::new(spec, rows, steps) }
        },
    )
}

/// Windows that are these sequences, with their targets.
pub fn windows(spec: &Spec, sequences: &Sequences<'_>, targets: &[f32]) -> Windows {
    let &Sequences { steps, ref x, rows, .. } = sequences;
    Windows::from_sequences(x.to_vec(), spec.input, steps, targets.to_vec(), targets.len() / rows)
        .expect("a sound problem")
}

/// The oracle's losses and parameters after `steps` steps of Adam on batches of `batch` of the windows `ids`, over and
/// over.
pub fn exact_training(
    spec: &Spec,
    parameters: &[f32],
    windows: &Windows,
    ids: &[u32],
    batch: usize,
    steps: usize,
    optimizer: &Optimizer,
) -> (Vec<f64>, Vec<f64>) {
    let mut parameters = reference::widen(parameters);
    let mut moments = Moments::zeros(parameters.len());
    let mut losses = Vec::new();
    for ids in ids.chunks(batch).cycle().take(steps) {
        let (sequences, targets) = reference::Sequences::of_windows(windows, ids).expect("sound ids");
        let step = reference::differentiate(spec, &parameters, &sequences, &targets).expect("a sound problem");
        losses.push(step.loss);
        let t = losses.len() as u64;
        reference::optimizer_step(optimizer, &mut parameters, &step.gradients.parameters, &mut moments, t)
            .expect("one length");
    }
    (losses, parameters)
}

/// A NaN in the input or in a target of one row shows in the loss and in every gradient of the recurrent weights, and
/// stays out of the other rows; a class that is none is refused.
pub fn a_nan_stays<E: Engine>(make: impl Fn(Spec, &[f32]) -> E) {
    let losses = [
        Loss::Mse,
        Loss::Mae,
        Loss::Huber { delta: 1.2 },
        Loss::CrossEntropy,
        Loss::BinaryCrossEntropy,
        Loss::Quantile(Quantiles::new(&[0.2, 0.5]).expect("levels that rise")),
    ];
    for (cell, loss) in CellKind::ALL.into_iter().flat_map(|cell| losses.map(|loss| (cell, loss))) {
        let spec = Spec { head: Some(Head { outputs: 2, readout: Readout::Every }), ..Spec::new(cell, 2, 6, 2) };
        let objective = Objective { loss, ..Objective::default() };
        let (parameters, sequences, targets) = numbers(&Case { objective, seed: 7, ..Case::new(spec, 18, 4) });
        for in_target in [false, true] {
            let (mut sequences, mut targets) = (sequences.clone(), targets.clone());
            // Row 17: its second step's input, or its last target.
            match in_target {
                false => sequences.x.to_mut()[(17 * 4 + 1) * 2] = f32::NAN,
                true => *targets.last_mut().expect("there are targets") = f32::NAN,
            }
            let what = format!("{cell}, {loss:?}, in a target: {in_target}");
            let found = pollster::block_on(make(spec, &parameters).differentiate(&sequences, &targets, &objective));
            if in_target && loss == Loss::CrossEntropy {
                let refusal = found.expect_err("no class").to_string();
                assert!(refusal.contains("a class"), "{what}: {refusal}");
                continue;
            }
            let found = found.expect("a sound problem");
            assert!(found.loss.is_nan(), "{what}: loss {}", found.loss);
            let layout = Layout::new(&spec);
            for range in [layout.layers()[0].weight_ih.clone(), layout.layers()[0].weight_hh.clone()] {
                assert!(
                    found.gradients.parameters[range].iter().all(|g| g.is_nan()),
                    "{what}: {:?}",
                    found.gradients.parameters
                );
            }
            let (others, row) = found.gradients.x.split_at(17 * 4 * 2);
            assert!(
                others.iter().all(|g| g.is_finite()) && row.iter().all(|g| g.is_nan()),
                "{what}: {:?}",
                found.gradients.x
            );
            let (others, row) = found.outputs.y.split_at(17 * 4 * 2);
            let (before, after) = row.split_at(2);
            assert!(others.iter().chain(before).all(|y| y.is_finite()), "{what}: {:?}", found.outputs.y);
            assert!(after.iter().all(|y| y.is_nan() != in_target), "{what}: {:?}", found.outputs.y);
        }
    }
}
