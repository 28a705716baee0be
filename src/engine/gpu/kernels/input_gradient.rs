//! The gradient of a layer's input, as one GEMM over a span of the steps.

use super::dims::Dims;
use super::dispatch::{Cost, Dispatch, kernel};
use super::gemm::GemmLayout;
use super::module::{Module, Specialization};
use crate::engine::gpu::device::Capabilities;

kernel! {
    /// `shaders/input_gradient.wesl`: d_in [T, B, IQ] from the deltas: the output gradient of the layer below, or that
    /// of the data.
    InputGradient = "input_gradient" { dims, step, time, packed, tape, d_in }
}

impl InputGradient {
    /// Of so many layers of these shapes.
    pub fn dispatch(
        self,
        capabilities: &Capabilities,
        specialization: Specialization,
        layout: GemmLayout,
        dims: &Dims,
        layers: u32,
    ) -> Dispatch {
        let facts = specialization.cell.facts();
        let (rows, quads) = ((dims.span * dims.rows) as usize, dims.input_quads as usize);
        let deltas = facts.gates * (dims.directions * dims.hidden_quads) as usize * 4;
        let values = rows * deltas + deltas * 4 * quads + rows * 4 * quads;
        Dispatch {
            module: layout.module(|invocations| Module::new(Self::ENTRY, specialization, invocations)),
            bindings: self.bindings(),
            groups: layout.groups(capabilities, rows, quads, layers),
            cost: Cost::new(2 * rows * deltas * 4 * quads * layers as usize, values * layers as usize),
        }
    }
}
