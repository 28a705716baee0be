//! What a layer's input adds to the pre-activations, as one GEMM over a chunk of the steps.

use super::dims::Dims;
use super::dispatch::{Cost, Dispatch, kernel};
use super::gemm::GemmLayout;
use super::module::{Module, Specialization};
use crate::engine::gpu::device::Capabilities;

kernel! {
    /// `shaders/project.wesl`: pre [D, chunk, B, SLOTS, HQ] = bias + W_ih x, of all rows and the steps of a chunk.
    Project = "project" { dims, time, packed, x, pre }
}

impl Project {
    /// Of so many chains of these shapes.
    pub fn dispatch(
        self,
        capabilities: &Capabilities,
        specialization: Specialization,
        layout: GemmLayout,
        dims: &Dims,
        chains: u32,
    ) -> Dispatch {
        let facts = specialization.cell.facts();
        let (rows, quads, inputs) =
            ((dims.chunk * dims.rows) as usize, dims.hidden_quads as usize, dims.inputs as usize);
        let multiplied = 2 * rows * inputs * 4 * quads * facts.gates;
        let values = rows * inputs + 4 * quads * facts.slots * rows + inputs * 4 * quads * facts.gates;
        Dispatch {
            module: layout.module(|invocations| Module::new(Self::ENTRY, specialization, invocations)),
            bindings: self.bindings(),
            groups: layout.groups(capabilities, rows, quads * facts.gates, chains),
            cost: Cost::new(multiplied * chains as usize, values * chains as usize),
        }
    }
}
