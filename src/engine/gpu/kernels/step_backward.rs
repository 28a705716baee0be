//! One step of a recurrent layer back through time, as a GEMM and its epilogue.

use super::dims::Dims;
use super::dispatch::{Dispatch, kernel};
use super::gemm::GemmLayout;
use super::module::{Module, Specialization};
use crate::engine::gpu::device::Capabilities;

kernel! {
    /// `shaders/step_backward.wesl`: the deltas of one step of each chain, over its tape, or the gradient of the
    /// initial states.
    StepBackward = "step_backward" { dims, time, packed, states, rows, d_out, tape, d_states }
}

impl StepBackward {
    /// Of so many chains of these shapes.
    pub fn dispatch(
        self,
        capabilities: &Capabilities,
        specialization: Specialization,
        layout: GemmLayout,
        dims: &Dims,
        chains: u32,
    ) -> Dispatch {
        let (rows, quads) = (dims.rows as usize, dims.hidden_quads as usize);
        Dispatch {
            module: layout.module(|invocations| Module::new(Self::ENTRY, specialization, invocations)),
            bindings: self.bindings(),
            groups: layout.groups(capabilities, rows, quads, chains),
            cost: dims.recurrent_cost(specialization, 1, chains),
        }
    }
}
