//! The oracle against PyTorch in float64: outputs, final states, loss, every gradient, and three steps of Adam. The
//! files are written by `tests/golden/generate.py`; `cells.py` beside it says what is in them.

mod common;
#[path = "common/golden.rs"]
mod golden;

use common::assert_close;
use refrain::model::{CellKind, Head, Layout, Readout, Spec};
use refrain::optim::Optimizer;
use refrain::reference::{self, Differentiated, Moments, Sequences};
use safetensors::SafeTensors;
use serde::Deserialize;

/// Both sides compute in f64 and differ in the order of their sums alone; measured: every value within 1e-15.
const TOLERANCE: f64 = 1e-12;

/// The metadata of a golden file.
#[derive(Deserialize)]
struct Document {
    torch: String,
    cell: CellKind,
    /// Steps of Adam.
    steps: u64,
    cases: Vec<Case>,
}

/// One network, one batch.
#[derive(Deserialize)]
struct Case {
    name: String,
    readout: Readout,
    /// Whether the initial states are given.
    states: bool,
    adam: AdamOptions,
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

#[derive(Deserialize)]
struct AdamOptions {
    lr: f64,
    beta1: f64,
    beta2: f64,
    eps: f64,
}

/// A case of an open file.
struct Golden<'a> {
    tensors: &'a SafeTensors<'a>,
    document: &'a Document,
    case: &'a Case,
}

impl Golden<'_> {
    fn spec(&self) -> Spec {
        let &Case { input, hidden, outputs, layers, directions, readout, .. } = self.case;
        let readout = if readout == Readout::Last { Readout::LastStep } else { readout }; // out[:, -1]
        let (cell, bidirectional) = (self.document.cell, directions == 2);
        Spec { cell, input, hidden, layers, bidirectional, head: Some(Head { outputs, readout }), segments: None }
    }

    fn tensor(&self, name: &str) -> Vec<f64> {
        golden::tensor(self.tensors, &format!("{}/{name}", self.case.name))
    }

    /// The tensors of h, and of c where the cell has one, one behind the other: [S, L*D, B, H].
    fn states(&self, name: impl Fn(char) -> String) -> Vec<f64> {
        ['h', 'c'].into_iter().take(self.spec().facts().states).flat_map(|state| self.tensor(&name(state))).collect()
    }

    fn sequences(&self) -> Sequences {
        let states = self.case.states.then(|| self.states(|state| format!("{state}_0")));
        Sequences {
            rows: self.case.rows,
            steps: self.case.steps,
            x: self.tensor("x"),
            states,
            lengths: None,
            statics: Vec::new(),
        }
    }

    fn check(&self, what: &str, found: &[f64], expected: &[f64]) {
        let what = format!("{}, {}, {what} (PyTorch {})", self.document.cell, self.case.name, self.document.torch);
        assert_close(what, found, expected, TOLERANCE, TOLERANCE);
    }

    /// A parameter block, tensor by tensor.
    fn check_block(&self, what: &str, layout: &Layout, found: &[f64]) {
        let expected = self.tensor(what);
        assert_eq!((found.len(), expected.len()), (layout.len(), layout.len()), "{what}");
        for tensor in layout.tensors() {
            let what = format!("{what} {} {:?}", tensor.name, tensor.shape);
            self.check(&what, &found[tensor.range.clone()], &expected[tensor.range.clone()]);
        }
    }

    fn differentiate(&self, parameters: &[f64], sequences: &Sequences) -> Differentiated {
        reference::differentiate(&self.spec(), parameters, sequences, &self.tensor("targets"))
            .unwrap_or_else(|error| panic!("{}: {error}", self.case.name))
    }

    fn run(&self) {
        let layout = Layout::new(&self.spec());
        let names: Vec<_> = layout.tensors().iter().map(|t| (t.name.clone(), t.shape.clone())).collect();
        assert_eq!(names, self.case.state_dict, "{}", self.case.name);

        let mut parameters = self.tensor("parameters");
        let sequences = self.sequences();
        let found = self.differentiate(&parameters, &sequences);
        self.check("y", &found.outputs.y, &self.tensor("y"));
        self.check("h_n, c_n", &found.outputs.states, &self.states(|state| format!("{state}_n")));
        self.check("loss", &[found.loss], &self.tensor("loss"));
        self.check("d_x", &found.gradients.x, &self.tensor("d_x"));
        if self.case.states {
            self.check("d_h_0, d_c_0", &found.gradients.states, &self.states(|state| format!("d_{state}_0")));
        }
        self.check_block("d_parameters", &layout, &found.gradients.parameters);

        let AdamOptions { lr, beta1, beta2, eps } = self.case.adam;
        let adam = Optimizer::Adam { lr, beta1, beta2, eps, weight_decay: 0.0 };
        let mut moments = Moments::zeros(layout.len());
        for t in 1..=self.document.steps {
            let gradients = self.differentiate(&parameters, &sequences).gradients.parameters;
            reference::optimizer_step(&adam, &mut parameters, &gradients, &mut moments, t).expect("equal lengths");
        }
        self.check_block("adam", &layout, &parameters);
    }
}

/// Every case of one cell's file.
fn compare(cell: CellKind) {
    let bytes = golden::read(cell.name());
    let (tensors, document): (_, Document) = golden::parse(&bytes);
    assert_eq!((document.cell, document.cases.len(), document.steps), (cell, 9, 3), "{cell}");
    for case in &document.cases {
        Golden { tensors: &tensors, document: &document, case }.run();
    }
}

#[test]
fn rnn_tanh_is_pytorchs() {
    compare(CellKind::RnnTanh);
}

#[test]
fn rnn_relu_is_pytorchs() {
    compare(CellKind::RnnRelu);
}

#[test]
fn lstm_is_pytorchs() {
    compare(CellKind::Lstm);
}

#[test]
fn gru_is_pytorchs() {
    compare(CellKind::Gru);
}
