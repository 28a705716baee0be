//! The gradient of the states that outputs are made of.

use super::dims::Dims;
use super::dispatch::{Cost, Dispatch, ITEMS_A_WORKGROUP, item_groups, kernel};
use super::module::{Module, Specialization};
use crate::engine::gpu::device::Capabilities;

kernel! {
    /// `shaders/head_gradient.wesl`: d_out [T or 1, B, D, HQ] of the top layer, from d_y [B, T or 1, O].
    HeadGradient = "head_gradient" { dims, step, parameters, d_y, d_out }
}

impl HeadGradient {
    /// Of a top layer of these shapes.
    pub fn dispatch(self, capabilities: &Capabilities, specialization: Specialization, dims: &Dims) -> Dispatch {
        let rows = dims.positions() * dims.rows as usize;
        let quads = rows * (dims.directions * dims.hidden_quads) as usize;
        let products = if dims.has_head == 0 { 0 } else { dims.outputs as usize };
        let width = (dims.directions * dims.hidden) as usize;
        Dispatch {
            module: Module::new(Self::ENTRY, specialization, ITEMS_A_WORKGROUP),
            bindings: self.bindings(),
            groups: item_groups(capabilities, quads),
            cost: Cost::new(8 * quads * products, rows * dims.outputs as usize + products * width + 4 * quads),
        }
    }
}
