//! What ends a training step of the fused kernels.

use super::dims::Dims;
use super::dispatch::{Cost, Dispatch, SUM_INVOCATIONS, kernel};
use super::module::{Module, Specialization};

kernel! {
    /// `shaders/fused_update.wesl`: the sums of the workgroups added up, the gradient clipped, the optimiser's step,
    /// the weights packed.
    FusedUpdate = "fused_update" { dims, step, partial, gradients, parameters, moment1, moment2, packed, losses }
}

impl FusedUpdate {
    /// Of a network of these shapes.
    pub fn dispatch(self, specialization: Specialization, dims: &Dims) -> Dispatch {
        let parameters = dims.parameters as usize;
        let parts = (dims.groups.max(dims.step_splits * dims.row_splits)) as usize;
        Dispatch {
            module: Module::new(Self::ENTRY, specialization, SUM_INVOCATIONS),
            bindings: self.bindings(),
            groups: [1, 1, 1],
            cost: Cost::new((parts + 18) * parameters, (parts + 7) * parameters + 4 * dims.packed_stride as usize),
        }
    }
}
