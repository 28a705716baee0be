//! The oracle against PyTorch in float64 where a network is trained with lengths, with dropout, under every loss, and
//! from gradients that are given: outputs, final states, loss, every gradient. The files are written by `tests/golden/generate.py`; `options.py`
//! beside it says what is in them.

mod common;
#[path = "common/golden.rs"]
mod golden;

use common::assert_close;
use refrain::loss::{Loss, Objective};
use refrain::model::{CellKind, Dropout, Head, Layout, Readout, Spec};
use refrain::reference::{self, Differentiated, Outputs, Sequences};
use safetensors::SafeTensors;
use serde::Deserialize;

/// Both sides compute in f64 and differ in the order of their sums alone; measured: every value within 1e-14.
const TOLERANCE: f64 = 1e-12;

/// The metadata of a golden file.
#[derive(Deserialize)]
struct Document {
    torch: String,
    cases: Vec<Case>,
}

/// One network, one batch, one way to train it.
#[derive(Deserialize)]
struct Case {
    name: String,
    cell: CellKind,
    readout: Readout,
    lengths: Option<Vec<usize>>,
    /// Whether the initial states are given.
    states: bool,
    /// None where the gradients of outputs and final states are given.
    loss: Option<Loss>,
    dropout: Option<DropoutOptions>,
    state_dict: Vec<(String, Vec<usize>)>,
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
    #[serde(rename = "L")]
    layers: usize,
    #[serde(rename = "D")]
    directions: usize,
}

#[derive(Clone, Copy, Deserialize)]
struct DropoutOptions {
    p: f32,
    seed: u64,
    step: u64,
}

impl From<DropoutOptions> for Dropout {
    fn from(DropoutOptions { p, seed, step }: DropoutOptions) -> Self {
        Dropout { p, seed, step }
    }
}

impl Case {
    fn spec(&self) -> Spec {
        let &Case { cell, input, hidden, outputs, layers, directions, readout, .. } = self;
        let readout = if readout == Readout::Last { Readout::LastStep } else { readout }; // out[:, -1]
        Spec {
            cell,
            input,
            hidden,
            layers,
            bidirectional: directions == 2,
            head: Some(Head { outputs, readout }),
            segments: None,
        }
    }

    fn run(&self, torch: &str, tensors: &SafeTensors) {
        let spec = self.spec();
        let layout = Layout::new(&spec);
        let names: Vec<_> = layout.tensors().iter().map(|t| (t.name.clone(), t.shape.clone())).collect();
        assert_eq!(names, self.state_dict, "{}", self.name);

        let tensor = |name: &str| golden::tensor(tensors, &format!("{}/{name}", self.name));
        let letters = || ['h', 'c'].into_iter().take(spec.facts().states);
        let states = |prefix: &str, suffix: &str| -> Vec<f64> {
            letters().flat_map(|letter| tensor(&format!("{prefix}{letter}{suffix}"))).collect()
        };
        let initial = self.states.then(|| states("", "_0"));
        let &Case { rows, steps, .. } = self;
        let sequences = Sequences {
            rows,
            steps,
            x: tensor("x"),
            states: initial,
            lengths: self.lengths.clone(),
            statics: Vec::new(),
        };
        let dropout = self.dropout.map(Dropout::from).unwrap_or_default();
        let sound = "a sound case";
        let (whole, gradients) = match self.loss {
            Some(loss) => {
                let (parameters, targets) = (tensor("parameters"), tensor("targets"));
                let objective = Objective { loss, dropout };
                let whole = reference::differentiate_with(&spec, &parameters, &sequences, &targets, &objective);
                let Differentiated { loss, outputs, gradients } = whole.expect(sound);
                (Some((loss, outputs)), gradients)
            }
            None => {
                let d_outputs = Outputs { y: tensor("d_y"), states: states("d_", "_n") };
                let parameters = tensor("parameters");
                (None, reference::backward(&spec, &parameters, &sequences, &dropout, &d_outputs).expect(sound))
            }
        };

        let check = |what: &str, found: &[f64], expected: &[f64]| {
            let what = format!("{}, {what} (PyTorch {torch})", self.name);
            assert_close(what, found, expected, TOLERANCE, TOLERANCE);
        };
        if let Some((loss, outputs)) = whole {
            check("y", &outputs.y, &tensor("y"));
            check("h_n, c_n", &outputs.states, &states("", "_n"));
            check("loss", &[loss], &tensor("loss"));
        }
        check("d_x", &gradients.x, &tensor("d_x"));
        if self.states {
            check("d_h_0, d_c_0", &gradients.states, &states("d_", "_0"));
        }
        let expected = tensor("d_parameters");
        assert_eq!(expected.len(), layout.len(), "{}", self.name);
        for tensor in layout.tensors() {
            let what = format!("d_parameters {} {:?}", tensor.name, tensor.shape);
            check(&what, &gradients.parameters[tensor.range.clone()], &expected[tensor.range.clone()]);
        }
    }
}

/// Every case of a file, which has `count`.
fn compare(file: &str, count: usize) -> Vec<Case> {
    let bytes = golden::read(file);
    let (tensors, document): (_, Document) = golden::parse(&bytes);
    assert_eq!(document.cases.len(), count, "{file}");
    for case in &document.cases {
        case.run(&document.torch, &tensors);
    }
    document.cases
}

#[test]
fn rows_with_lengths_are_pytorchs_packed_sequences() {
    let cases = compare("lengths", 16);
    assert!(cases.iter().all(|case| case.lengths.is_some()));
}

#[test]
fn every_loss_is_pytorchs() {
    let cases = compare("losses", 20);
    for loss in [Loss::Mse, Loss::Mae, Loss::Huber { delta: 0.75 }, Loss::CrossEntropy, Loss::BinaryCrossEntropy] {
        assert_eq!(cases.iter().filter(|case| case.loss == Some(loss)).count(), 4, "{loss:?}");
    }
}

#[test]
fn dropout_is_pytorchs_with_our_mask() {
    let cases = compare("dropout", 2);
    assert!(cases.iter().all(|case| case.dropout.is_some()));
}

#[test]
fn the_way_back_from_given_gradients_is_pytorchs() {
    let cases = compare("vjp", 8);
    assert!(cases.iter().all(|case| case.loss.is_none() && case.states));
}
