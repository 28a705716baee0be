//! How the recurrent kernels go through time.

use super::gemm::product;
use super::scan::{most_steps, scans};
use super::setup::Tuning;
use crate::engine::gpu::kernels::{GemmLayout, ScanLayout};
use crate::model::Spec;

/// How the recurrent kernels go through time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// One dispatch for many steps, each workgroup with rows of its own.
    Scan {
        /// The layouts forwards and back.
        layouts: [ScanLayout; 2],
        /// The steps of a dispatch at most.
        most_steps: usize,
    },
    /// A dispatch a time step, of these layouts forwards and back.
    Steps {
        /// The layouts forwards and back.
        layouts: [GemmLayout; 2],
    },
}

impl Method {
    /// Row quads that a workgroup of a scan owns, forwards and back; else 0.
    pub fn row_quads(&self) -> [u32; 2] {
        match self {
            Method::Scan { layouts, .. } => layouts.map(|layout| layout.row_quads),
            Method::Steps { .. } => [0; 2],
        }
    }

    /// Workgroups that a chain has at a time, on the way forward.
    pub fn workgroups(&self, spec: &Spec, rows: usize) -> usize {
        match self {
            Method::Scan { layouts, .. } => layouts[0].workgroups(rows) as usize,
            Method::Steps { layouts } => layouts[0].workgroups(rows, spec.hidden.div_ceil(4) * spec.facts().gates),
        }
    }

    /// Whether a layer of so many inputs is to find its input projected. A dispatch a step always does. A scan that
    /// reads the input itself loads, for a tile and a feature, one value of each of four rows and a quad of weights of
    /// each gate. Projected inputs are a quad of each slot for each of the four rows, which a GEMM writes and the scan
    /// reads; as much again is allowed for the GEMM's own loads.
    pub fn projects(&self, spec: &Spec, inputs: usize) -> bool {
        let (gates, slots) = (spec.facts().gates, spec.facts().slots);
        let (direct, projected) = (inputs * (4 + gates), 2 * 4 * slots);
        matches!(self, Method::Steps { .. }) || direct > 2 * projected
    }
}

/// Scans, where what they keep fits workgroup memory.
pub fn scan(tuning: &Tuning, spec: &Spec, rows: usize) -> Option<Method> {
    let layouts = scans(tuning, spec, rows.div_ceil(4))?;
    Some(Method::Scan { layouts, most_steps: most_steps(tuning, spec, layouts) })
}

/// A dispatch a step.
pub fn steps(tuning: &Tuning, spec: &Spec, rows: usize) -> Method {
    let (quads, gates) = (spec.hidden.div_ceil(4), spec.facts().gates);
    Method::Steps { layouts: [product(tuning, rows, quads, gates, true), product(tuning, rows, quads, 1, true)] }
}
