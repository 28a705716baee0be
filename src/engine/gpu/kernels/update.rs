//! The optimiser's step.

use super::dims::Dims;
use super::dispatch::{Cost, Dispatch, ITEMS_A_WORKGROUP, item_groups, kernel};
use super::module::{Module, Specialization};
use crate::engine::gpu::device::Capabilities;

kernel! {
    /// `shaders/update.wesl`: clips the gradient and takes one step of SGD, Adam, AdamW or RMSprop over the whole
    /// parameter block.
    Update = "update" { dims, step, gradients, norms, parameters, moment1, moment2 }
}

impl Update {
    /// Of `dims.parameters` parameters.
    pub fn dispatch(self, capabilities: &Capabilities, specialization: Specialization, dims: &Dims) -> Dispatch {
        let parameters = dims.parameters as usize;
        Dispatch {
            module: Module::new(Self::ENTRY, specialization, ITEMS_A_WORKGROUP),
            bindings: self.bindings(),
            groups: item_groups(capabilities, parameters),
            cost: Cost::new(16 * parameters, 7 * parameters),
        }
    }
}
