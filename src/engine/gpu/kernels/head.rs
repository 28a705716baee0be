//! The outputs of a network.

use super::dims::Dims;
use super::dispatch::{Cost, Dispatch, ITEMS_A_WORKGROUP, item_groups, kernel};
use super::module::{Module, Specialization};
use crate::engine::gpu::device::Capabilities;

kernel! {
    /// `shaders/head.wesl`: y [B, T or 1, O] from the states of the top layer, by a linear head or as they are.
    Head = "head" { dims, step, parameters, states, rows, y }
}

impl Head {
    /// Of a top layer of these shapes.
    pub fn dispatch(self, capabilities: &Capabilities, specialization: Specialization, dims: &Dims) -> Dispatch {
        let outputs = dims.positions() * dims.rows as usize * dims.outputs as usize;
        let width = (dims.directions * dims.hidden) as usize;
        Dispatch {
            module: Module::new(Self::ENTRY, specialization, ITEMS_A_WORKGROUP),
            bindings: self.bindings(),
            groups: item_groups(capabilities, outputs),
            cost: match dims.has_head {
                0 => Cost::new(0, 2 * outputs),
                _ => {
                    let read = dims.positions() * dims.rows as usize * width + dims.outputs as usize * (width + 1);
                    Cost::new(2 * outputs * width, read + outputs)
                }
            },
        }
    }
}
