//! The optimiser's step.

use super::module::{Module, Specialization};
use super::{Capabilities, Cost, Dims, Dispatch, ITEMS_A_WORKGROUP, item_groups, kernel};

kernel! {
    /// `shaders/update.wesl`: clips the gradient and takes one step of SGD, Adam, AdamW or RMSprop over the whole parameter block.
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
