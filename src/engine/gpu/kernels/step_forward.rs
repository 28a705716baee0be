//! One step of a recurrent layer forwards, as a GEMM and its epilogue.

use super::dims::Dims;
use super::dispatch::{Dispatch, kernel};
use super::gemm::GemmLayout;
use super::module::{Module, Specialization};
use crate::engine::gpu::device::Capabilities;

kernel! {
    /// `shaders/step_forward.wesl`: the states and the tape of one step of each chain, from its projected input.
    StepForward = "step_forward" { dims, time, packed, pre, rows, states, tape }
}

impl StepForward {
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
        let (rows, quads) = (dims.rows as usize, dims.hidden_quads as usize);
        Dispatch {
            module: layout.module(|invocations| Module::new(Self::ENTRY, specialization, invocations)),
            bindings: self.bindings(),
            groups: layout.groups(capabilities, rows, quads * facts.gates, chains),
            cost: dims.recurrent_cost(specialization, 1, chains),
        }
    }
}
