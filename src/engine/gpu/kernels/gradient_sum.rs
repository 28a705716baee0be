//! The gradients of a layer from their partial sums.

use super::dims::Dims;
use super::dispatch::{Cost, Dispatch, SUM_INVOCATIONS, kernel};
use super::module::{Module, Specialization};

kernel! {
    /// `shaders/gradient_sum.wesl`: adds the partial sums of the gradients of a layer, and of the head that reads it,
    /// in order, into PyTorch's layout; leaves the squares of the sums, in parts.
    GradientSum = "gradient_sum" { dims, step, partial, gradients, norms }
}

impl GradientSum {
    /// Of `parameters` parameters, in so many workgroups.
    pub fn dispatch(self, specialization: Specialization, dims: &Dims, parameters: usize, groups: u32) -> Dispatch {
        let splits = (dims.step_splits * dims.row_splits) as usize;
        Dispatch {
            module: Module::new(Self::ENTRY, specialization, SUM_INVOCATIONS),
            bindings: self.bindings(),
            groups: [groups, 1, 1],
            cost: Cost::new(parameters * (splits + 2), parameters * (splits + 1)),
        }
    }
}
