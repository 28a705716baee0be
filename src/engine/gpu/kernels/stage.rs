//! Lays a batch out for the layers.

use super::dims::Dims;
use super::dispatch::{Cost, Dispatch, ITEMS_A_WORKGROUP, item_groups, kernel};
use super::module::{Module, Specialization};
use crate::engine::gpu::device::Capabilities;

kernel! {
    /// `shaders/stage.wesl`: the batch's input [T, B, IQ], centred, zero beyond each row's length, and the table of its
    /// rows [B].
    Stage = "stage" { dims, step, series, windows, order, x, rows }
}

impl Stage {
    /// Of batches of these shapes.
    pub fn dispatch(self, capabilities: &Capabilities, specialization: Specialization, dims: &Dims) -> Dispatch {
        let positions = dims.steps as usize * dims.rows as usize;
        let quads = positions * dims.input_quads as usize;
        Dispatch {
            module: Module::new(Self::ENTRY, specialization, ITEMS_A_WORKGROUP),
            bindings: self.bindings(),
            groups: item_groups(capabilities, quads),
            cost: Cost::new(positions * dims.centered as usize, 8 * quads),
        }
    }
}
