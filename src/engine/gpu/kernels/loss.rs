//! The loss of a batch and its gradient.

use super::dims::Dims;
use super::dispatch::{Cost, Dispatch, SUM_INVOCATIONS, kernel};
use super::module::{Module, Specialization};

kernel! {
    /// `shaders/loss.wesl`: the loss of the outputs y [B, T or 1, O], in parts, and its gradient d_y.
    Loss = "loss" { dims, step, y, rows, series, targets, d_y, losses }
}

impl Loss {
    /// Of outputs of these shapes, in `dims.loss_parts` workgroups.
    pub fn dispatch(self, specialization: Specialization, dims: &Dims) -> Dispatch {
        let outputs = dims.positions() * dims.rows as usize * dims.outputs as usize;
        Dispatch {
            module: Module::new(Self::ENTRY, specialization, SUM_INVOCATIONS),
            bindings: self.bindings(),
            groups: [dims.loss_parts, 1, 1],
            cost: Cost::new(6 * outputs, 3 * outputs),
        }
    }
}
