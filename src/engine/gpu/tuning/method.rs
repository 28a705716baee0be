//! How the recurrent kernels go through time.

use super::scan::{most_steps, scans};
use super::{Tuning, estimate, product};
use crate::engine::gpu::device::Kernels;
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

    /// Whether a layer of so many inputs is to find its input projected. A time step has no room for it. A scan would load, for a tile and a
    /// feature, the four rows' values and a quad of weights of each gate; projected inputs are written and read once, a quad a row and
    /// slot, by a GEMM that loads far less for each.
    pub fn projects(&self, spec: &Spec, inputs: usize) -> bool {
        let (gates, slots) = (spec.facts().gates, spec.facts().slots);
        matches!(self, Method::Steps { .. }) || inputs * (4 + gates) > 2 * 2 * 4 * slots
    }
}

/// How the recurrent kernels of a network go through batches of `rows` rows: what they are made to do, or what is estimated to be faster.
pub fn method(tuning: &Tuning, spec: &Spec, rows: usize) -> Method {
    let steps = steps(tuning, spec, rows);
    let scan = scan(tuning, spec, rows);
    match (tuning.kernels, scan) {
        (Kernels::Steps, _) | (_, None) => steps,
        (Kernels::Scans, Some(scan)) => scan,
        (Kernels::Chosen | Kernels::Fused, Some(scan)) => {
            let time = |method| estimate::step_time(tuning, spec, rows, method);
            if time(scan) <= time(steps) { scan } else { steps }
        }
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

/// Time steps that a dispatch costs beside its own.
const STEPS_A_DISPATCH: usize = 2;

/// How many steps behind the layer below each layer follows where all layers of a network of one direction go side by side, a wavefront; none
/// where one layer after another is as fast. More steps are fewer dispatches, fewer a shorter way to the top layer's first.
pub fn wavefront_span(tuning: &Tuning, spec: &Spec, method: &Method, rows: usize, time: usize) -> Option<usize> {
    if spec.layers == 1 || spec.bidirectional || method.workgroups(spec, rows) >= tuning.busy() {
        return None;
    }
    let behind = spec.layers - 1;
    let span = ((STEPS_A_DISPATCH * time / behind).isqrt() + 1).min(time);
    let span = match method {
        Method::Scan { most_steps, .. } => span.min(*most_steps),
        Method::Steps { .. } => span,
    };
    let side_by_side = (time.div_ceil(span) + behind) * (span + STEPS_A_DISPATCH);
    let one_by_one = spec.layers * (time + STEPS_A_DISPATCH);
    (side_by_side < one_by_one).then_some(span)
}
