//! The oracle's optimisers, clipping and schedules against PyTorch in float64: 20 steps of each optimiser, and the
//! learning rates of 31 steps or epochs. The file is written by `tests/golden/generate.py`; `optimizers.py` beside it
//! says what is in it.

mod common;
#[path = "common/golden.rs"]
mod golden;

use common::assert_close;
use refrain::model::{CellKind, Spec};
use refrain::optim::{Clip, Optimizer, Schedule};
use refrain::reference::{self, Moments, Sequences};
use safetensors::SafeTensors;
use serde::Deserialize;

/// Both sides compute in f64 and differ in the order of their sums alone; measured: every value within 1e-13.
const TOLERANCE: f64 = 1e-12;

/// The metadata of the file.
#[derive(Deserialize)]
struct Document {
    dims: Dims,
    cases: Vec<Case>,
    schedules: Vec<Plan>,
}

#[derive(Deserialize)]
struct Dims {
    #[serde(rename = "B")]
    rows: usize,
    #[serde(rename = "T")]
    steps: usize,
    #[serde(rename = "I")]
    input: usize,
    #[serde(rename = "H")]
    hidden: usize,
    #[serde(rename = "O")]
    outputs: usize,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    optimizer: Optimizer,
    clip: Option<Clip>,
}

#[derive(Deserialize)]
struct Plan {
    name: String,
    schedule: Schedule,
}

#[test]
fn every_optimiser_and_clipping_are_pytorchs() {
    let bytes = golden::read("optimizers");
    let (tensors, document): (SafeTensors, Document) = golden::parse(&bytes);
    let Dims { rows, steps, input, hidden, outputs } = document.dims;
    let spec = Spec::new(CellKind::RnnTanh, input, hidden, outputs);
    let sequences =
        Sequences { rows, steps, x: golden::tensor(&tensors, "x"), states: None, lengths: None, statics: Vec::new() };
    let targets = golden::tensor(&tensors, "targets");
    let begin = golden::tensor(&tensors, "parameters");
    assert_eq!(document.cases.len(), 10);

    for Case { name, optimizer, clip } in document.cases {
        let expected = golden::tensor(&tensors, &format!("{name}/parameters"));
        assert_eq!(expected.len(), 20 * begin.len(), "{name}");
        let (mut parameters, mut moments) = (begin.clone(), Moments::zeros(begin.len()));
        let mut norms = Vec::new();
        for (k, expected) in expected.chunks_exact(begin.len()).enumerate() {
            let step = reference::differentiate(&spec, &parameters, &sequences, &targets).expect("a sound batch");
            let mut gradients = step.gradients.parameters;
            if let Some(clip) = &clip {
                norms.push(reference::clip_gradients(clip, &mut gradients).expect("a sound limit"));
            }
            reference::optimizer_step(&optimizer, &mut parameters, &gradients, &mut moments, k as u64 + 1)
                .expect("a sound step");
            assert_close(format!("{name}, step {}", k + 1), &parameters, expected, TOLERANCE, TOLERANCE);
        }
        if clip.is_some() {
            let expected = golden::tensor(&tensors, &format!("{name}/norms"));
            assert_close(format!("{name}, norms"), &norms, &expected, TOLERANCE, TOLERANCE);
        }
    }
}

#[test]
fn every_schedule_is_pytorchs() {
    let bytes = golden::read("optimizers");
    let (tensors, document): (SafeTensors, Document) = golden::parse(&bytes);
    assert_eq!(document.schedules.len(), 5);
    for Plan { name, schedule } in document.schedules {
        schedule.check().expect("a sound schedule");
        let losses = golden::tensor(&tensors, &format!("{name}/losses"));
        let expected = golden::tensor(&tensors, &format!("{name}/factors"));
        let found: Vec<f64> = (0..losses.len()).map(|n| schedule.factor(n as u64, &losses[..n])).collect();
        assert_close(&name, &found, &expected, TOLERANCE, TOLERANCE);
    }
}
