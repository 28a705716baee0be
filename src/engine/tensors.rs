//! The tensors that an engine gives, in the host's memory.

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
    /// Adds those of the rows `part` of a batch of `rows`, one at least, after all rows before, in a network of
    /// `hidden` units.
    pub fn add_rows(&mut self, part: &Range<usize>, rows: usize, hidden: usize, of_part: Outputs) {
        self.y.extend(of_part.y);
        self.states.resize(of_part.states.len() / part.len() * rows, 0.0);
        let blocks = self.states.chunks_exact_mut(rows * hidden);
        for (block, found) in blocks.zip(of_part.states.chunks_exact(part.len() * hidden)) {
            block[part.start * hidden..part.end * hidden].copy_from_slice(found);
        }
    }
}

/// What a forward and backward pass give.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gradients {
    /// The loss: the mean of its terms over all positions that count.
    pub loss: f32,
    /// The forward pass.
    pub outputs: Outputs,
    /// Gradient of every parameter, in the layout of the parameter block.
    pub parameters: Vec<f32>,
    /// Gradient of the input, [B, T, I].
    pub x: Vec<f32>,
    /// Gradient of the initial states, [S, L*D, B, H].
    pub states: Vec<f32>,
}
