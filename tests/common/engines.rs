//! What the tests of both engines share: random cases, windows, and the oracle's training.

use proptest::prelude::*;
use refrain::data::{Sequences, Windows};
use refrain::model::{CellKind, Head, Readout, Spec};
use refrain::optim::Optimizer;
use refrain::reference::{self, Moments};
use refrain::verify::Case;

/// Random shapes; a failure prints the case's name, which holds its seed.
pub fn any_case() -> impl Strategy<Value = Case> {
    let sizes = (1usize..30, 1usize..60, 1usize..6, 1usize..40, 1usize..12);
    (0usize..4, sizes, 1usize..3, any::<[bool; 3]>(), any::<u64>()).prop_map(
        |(cell, (input, hidden, outputs, rows, steps), layers, [bidirectional, every, states], seed)| {
            let head = Some(Head { outputs, readout: if every { Readout::Every } else { Readout::Last } });
            let spec = Spec { cell: CellKind::ALL[cell], input, hidden, layers, bidirectional, head };
            Case { states, seed, ..Case::new(spec, rows, steps) }
        },
    )
}

/// Windows that are these sequences, with their targets.
pub fn windows(spec: &Spec, sequences: &Sequences, targets: &[f32]) -> Windows {
    let &Sequences { steps, ref x, rows, .. } = sequences;
    Windows::from_sequences(x.clone(), spec.input, steps, targets.to_vec(), targets.len() / rows)
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
        reference::optimizer_step(optimizer, &mut parameters, &step.parameters, &mut moments, t).expect("one length");
    }
    (losses, parameters)
}
