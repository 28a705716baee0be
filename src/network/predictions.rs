//! What a network says.

use std::slice::ChunksExact;

/// Outputs of a network: [rows, steps, outputs] (B; T, or 1 where the last step alone is read; O). Of a classifier they
/// are logits. Beyond a row's length they are zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    pub(super) rows: usize,
    pub(super) steps: usize,
    pub(super) outputs: usize,
    pub(super) values: Vec<f32>,
}

impl Predictions {
    /// Rows (B).
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Steps that have an output: T, or 1.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Output features (O).
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The outputs of row `n`, [steps, outputs].
    ///
    /// # Panics
    /// Where there is no such row, as an index does.
    pub fn row(&self, n: usize) -> &[f32] {
        &self.values[n * self.steps * self.outputs..][..self.steps * self.outputs]
    }

    /// The outputs of row `n` at step `t`, `[outputs]`.
    ///
    /// # Panics
    /// Where there is no such row or step, as an index does.
    pub fn at(&self, n: usize, t: usize) -> &[f32] {
        &self.row(n)[t * self.outputs..][..self.outputs]
    }

    /// Row after row, [steps, outputs] each.
    pub fn iter(&self) -> ChunksExact<'_, f32> {
        self.values.chunks_exact(self.steps * self.outputs)
    }

    /// The class with the largest output at each step of each row, [rows, steps]; the first of several.
    pub fn classes(&self) -> Vec<usize> {
        let largest = |y: &[f32]| (0..y.len()).fold(0, |best, o| if y[o] > y[best] { o } else { best });
        self.values.chunks_exact(self.outputs).map(largest).collect()
    }

    /// All outputs, [rows, steps, outputs].
    pub fn as_slice(&self) -> &[f32] {
        &self.values
    }

    /// All outputs, [rows, steps, outputs].
    pub fn into_vec(self) -> Vec<f32> {
        self.values
    }
}

impl<'a> IntoIterator for &'a Predictions {
    type Item = &'a [f32];
    type IntoIter = ChunksExact<'a, f32>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
