//! Carried states (truncated BPTT, streams): the final states of a layer become its initial ones.

use super::dims::Dims;
use super::dispatch::{Cost, Dispatch, ITEMS_A_WORKGROUP, item_groups, kernel};
use super::module::{Module, Specialization};
use crate::engine::gpu::device::Capabilities;

kernel! {
    /// `shaders/carry.wesl`: copies [S, B, HQ] quads of one layer.
    Carry = "carry" { dims, states }
}

impl Carry {
    /// Of a layer of these shapes.
    pub fn dispatch(self, capabilities: &Capabilities, specialization: Specialization, dims: &Dims) -> Dispatch {
        let quads = specialization.cell.facts().states * dims.rows as usize * dims.hidden_quads as usize;
        Dispatch {
            module: Module::new(Self::ENTRY, specialization, ITEMS_A_WORKGROUP),
            bindings: self.bindings(),
            groups: item_groups(capabilities, quads),
            cost: Cost::new(0, 8 * quads),
        }
    }
}
