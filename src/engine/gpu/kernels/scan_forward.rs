//! The recurrent scan over a chunk of the steps, some rows a workgroup.

use super::dims::Dims;
use super::dispatch::{Dispatch, kernel};
use super::module::{Module, Specialization};

/// The layout of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanLayout {
    /// Row quads that one workgroup owns for the whole sequence.
    pub row_quads: u32,
    /// Its invocations.
    pub invocations: u32,
    /// vec4s of its memory.
    pub shared: u32,
}

impl ScanLayout {
    /// Workgroups of each chain over `rows` rows.
    pub fn workgroups(&self, rows: usize) -> u32 {
        (rows as u32 / 4).div_ceil(self.row_quads)
    }
}

kernel! {
    /// `shaders/scan_forward.wesl`: the states and the tape of a chunk of steps of each chain.
    ScanForward = "scan_forward" { dims, time, packed, x, pre, rows, states, tape }
}

impl ScanForward {
    /// Of so many chains of these shapes.
    pub fn dispatch(self, specialization: Specialization, layout: ScanLayout, dims: &Dims, chains: u32) -> Dispatch {
        let mut cost = dims.recurrent_cost(specialization, dims.chunk, chains);
        if dims.projected == 0 {
            let inputs = (dims.chunk * dims.rows) as usize * dims.inputs as usize * chains as usize;
            cost.flops += (2 * inputs * 4 * dims.hidden_quads as usize * specialization.cell.facts().gates) as u64;
            cost.bytes += 4 * inputs as u64;
        }
        Dispatch {
            module: Module::new(Self::ENTRY, specialization, layout.invocations).with(&[("SH", layout.shared)]),
            bindings: self.bindings(),
            groups: [layout.workgroups(dims.rows as usize), chains, 1],
            cost,
        }
    }
}
