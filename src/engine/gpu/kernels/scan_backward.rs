//! The scan back through a span of the steps, some rows a workgroup.

use super::dims::Dims;
use super::dispatch::{Dispatch, kernel};
use super::module::{Module, Specialization};
use super::scan_forward::ScanLayout;

kernel! {
    /// `shaders/scan_backward.wesl`: the deltas of a span of steps of each chain, over its tape, and from the gradient
    /// of the final states that of the initial ones.
    ScanBackward = "scan_backward" { dims, time, packed, states, rows, d_out, tape, d_states }
}

impl ScanBackward {
    /// Of so many chains of these shapes.
    pub fn dispatch(self, specialization: Specialization, layout: ScanLayout, dims: &Dims, chains: u32) -> Dispatch {
        Dispatch {
            module: Module::new(Self::ENTRY, specialization, layout.invocations).with(&[("SH", layout.shared)]),
            bindings: self.bindings(),
            groups: [layout.workgroups(dims.rows as usize), chains, 1],
            cost: dims.recurrent_cost(specialization, dims.span, chains),
        }
    }
}
