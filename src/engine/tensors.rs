//! The tensors that an engine gives, in the host's memory.

use crate::data::state_rows;
use crate::model::Spec;
use std::ops::Range;

/// What an optimiser remembers between steps, in the layout of the parameter block; zeros before the first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    /// The first moment, or SGD's momentum.
    pub m: Vec<f32>,
    /// The second moment.
    pub v: Vec<f32>,
}

/// What a forward pass gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outputs {
    /// The outputs: [B, O], or [B, T, O] where every step has one, zero beyond a row's length.
    pub y: Vec<f32>,
    /// Final states, [S, L*D, B, H] (h, then c): those at each row's true end.
    pub states: Vec<f32>,
}

impl Outputs {
    /// Zeros for `rows` rows of `steps` steps of a network.
    pub(crate) fn zeros(spec: &Spec, rows: usize, steps: usize) -> Self {
        let y = vec![0.0; rows * spec.read_steps(steps) * spec.outputs()];
        Outputs { y, states: vec![0.0; spec.state_len() * rows] }
    }

    /// Adds those of the rows `part` of a batch of `rows`, one at least, after all rows before, in a network of
    /// `hidden` units.
    pub fn add_rows(&mut self, part: &Range<usize>, rows: usize, hidden: usize, of_part: Outputs) {
        self.y.extend(of_part.y);
        add_state_rows(&mut self.states, part, rows, hidden, &of_part.states);
    }
}

/// The gradients of outputs and final states, which a way back begins with. An empty tensor stands for zeros.
#[derive(Clone, Copy, Debug, Default)]
pub struct OutputGradients<'a> {
    /// Of the outputs: [B, O], or [B, T, O] where every step has one. What lies beyond a row's length is not read.
    pub y: &'a [f32],
    /// Of the final states, [S, L*D, B, H] (h, then c).
    pub states: &'a [f32],
}

impl<'a> OutputGradients<'a> {
    /// Those of the rows `part` alone of `rows`, in a network of `hidden` units: of the outputs, which lie together, and
    /// of the states. What is empty stays so.
    pub fn part(&self, part: &Range<usize>, rows: usize, hidden: usize) -> (&'a [f32], Vec<f32>) {
        let width = self.y.len() / rows;
        (&self.y[part.start * width..part.end * width], state_rows(self.states, rows, part, hidden))
    }
}

impl<'a> From<&'a Outputs> for OutputGradients<'a> {
    fn from(Outputs { y, states }: &'a Outputs) -> Self {
        OutputGradients { y, states }
    }
}

/// Puts the states of the rows `part` in their place in those of `rows` rows, [S, L*D, B, H].
fn add_state_rows(states: &mut Vec<f32>, part: &Range<usize>, rows: usize, hidden: usize, of_part: &[f32]) {
    states.resize(of_part.len() / part.len() * rows, 0.0);
    let blocks = states.chunks_exact_mut(rows * hidden);
    for (block, found) in blocks.zip(of_part.chunks_exact(part.len() * hidden)) {
        block[part.start * hidden..part.end * hidden].copy_from_slice(found);
    }
}

/// What a backward pass gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gradients {
    /// Gradient of every parameter, in the layout of the parameter block.
    pub parameters: Vec<f32>,
    /// Gradient of the input, [B, T, I]: zero beyond a row's length.
    pub x: Vec<f32>,
    /// Gradient of the initial states, [S, L*D, B, H].
    pub states: Vec<f32>,
}

impl Gradients {
    /// Adds those of the input and of the initial states of the rows `part`, likewise.
    pub fn add_rows(&mut self, part: &Range<usize>, rows: usize, hidden: usize, x: Vec<f32>, states: &[f32]) {
        self.x.extend(x);
        add_state_rows(&mut self.states, part, rows, hidden, states);
    }
}

/// What a forward pass, a loss and a backward pass give.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Differentiated {
    /// The loss: the mean of its terms over all positions that count.
    pub loss: f32,
    /// The forward pass.
    pub outputs: Outputs,
    /// Its gradients.
    pub gradients: Gradients,
}
