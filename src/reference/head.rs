//! From the top hidden states to the outputs: a linear layer, or the states themselves.

use crate::model::cells::Number;
use crate::model::{Layout, Readout, Spec};

/// The head of a network, for one batch shape.
pub(super) struct Head<'a> {
    spec: &'a Spec,
    layout: &'a Layout,
    steps: usize,
    /// The length of each row, `[B]`.
    lengths: &'a [usize],
}

impl<'a> Head<'a> {
    pub fn new(spec: &'a Spec, layout: &'a Layout, steps: usize, lengths: &'a [usize]) -> Self {
        Head { spec, layout, steps, lengths }
    }

    /// The time of the r-th position of row `b`; none where the row has ended.
    fn time(&self, b: usize, r: usize) -> Option<usize> {
        match self.spec.readout() {
            Readout::Last | Readout::LastStep => Some(self.lengths[b] - 1),
            Readout::Every => (r < self.lengths[b]).then_some(r),
        }
    }

    /// Where top[b, t(j), j] lies that the head reads at a position of time `t`: t(j) is `t`, but 0 for the units of
    /// the reverse direction where the head reads final states.
    fn place(&self, b: usize, t: usize, j: usize) -> usize {
        let reverse_end = self.spec.readout() == Readout::Last && j >= self.spec.hidden;
        (b * self.steps + if reverse_end { 0 } else { t }) * self.spec.top() + j
    }

    /// Without a head, y[b, t, j] = top[b, t, j]. With one, y[b, r, o] = b[o] + sum_j W[o, j] top[b, t(b, r), j], from
    /// `top` [B, T, D*H]: [B, O], where the head reads a row once, or [B, T, O], zero where a row has ended; t(b, r)
    /// may be another one for the reverse direction.
    /// Source: `torch.nn.Linear`, applied to a packed sequence.
    pub fn forward<R: Number>(&self, parameters: &[R], top: &[R]) -> Vec<R> {
        if self.spec.head.is_none() {
            return top.to_vec();
        }
        let weight = &parameters[self.layout.head_weight()];
        let bias = &parameters[self.layout.head_bias()];
        let (features, outputs, read) = (self.spec.top(), self.spec.outputs(), self.spec.read_steps(self.steps));
        let mut y = vec![R::ZERO; self.lengths.len() * read * outputs];
        for b in 0..self.lengths.len() {
            for r in 0..read {
                let Some(t) = self.time(b, r) else { continue };
                for o in 0..outputs {
                    let mut sum = bias[o];
                    for j in 0..features {
                        sum += weight[o * features + j] * top[self.place(b, t, j)];
                    }
                    y[(b * read + r) * outputs + o] = sum;
                }
            }
        }
        y
    }

    /// Without a head, d_top = d_y. With one, d_W[o, j] += d_y[b, r, o] top[b, t, j]; d_b[o] += d_y[b, r, o]; gives
    /// d_top[b, t, j] += d_y[b, r, o] W[o, j] with t = t(b, r): [B, T, D*H], zero where the head does not read.
    pub fn backward<R: Number>(&self, parameters: &[R], top: &[R], d_y: &[R], d_parameters: &mut [R]) -> Vec<R> {
        if self.spec.head.is_none() {
            return d_y.to_vec();
        }
        let weight = &parameters[self.layout.head_weight()];
        let (d_weight, d_bias) = (self.layout.head_weight().start, self.layout.head_bias().start);
        let (features, outputs, read) = (self.spec.top(), self.spec.outputs(), self.spec.read_steps(self.steps));
        let mut d_top = vec![R::ZERO; top.len()];
        for b in 0..self.lengths.len() {
            for r in 0..read {
                let Some(t) = self.time(b, r) else { continue };
                for o in 0..outputs {
                    let d = d_y[(b * read + r) * outputs + o];
                    d_parameters[d_bias + o] += d;
                    for j in 0..features {
                        let at = self.place(b, t, j);
                        d_parameters[d_weight + o * features + j] += d * top[at];
                        d_top[at] += d * weight[o * features + j];
                    }
                }
            }
        }
        d_top
    }
}
