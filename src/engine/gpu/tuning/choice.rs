//! The choice between scans and a dispatch a step, and whether layers go side by side.

use super::estimate::step_time;
use super::method::{Method, scan, steps};
use super::setup::Tuning;
use crate::engine::gpu::device::Kernels;
use crate::model::Spec;

/// How the recurrent kernels of a network go through batches of `rows` rows: what they are made to do, or what is
/// estimated to be faster.
pub fn method(tuning: &Tuning, spec: &Spec, rows: usize) -> Method {
    let steps = steps(tuning, spec, rows);
    let scan = scan(tuning, spec, rows);
    match (tuning.kernels, scan) {
        (Kernels::Steps, _) | (_, None) => steps,
        (Kernels::Scans, Some(scan)) => scan,
        (Kernels::Chosen | Kernels::Fused, Some(scan)) => {
            let time = |method| step_time(tuning, spec, rows, method);
            if time(scan) <= time(steps) { scan } else { steps }
        }
    }
}

/// Time steps that a dispatch costs beside its own.
const STEPS_A_DISPATCH: usize = 2;

/// How many steps behind the layer below each layer follows where all layers of a network of one direction go side by
/// side, a wavefront; none where one layer after another is as fast. More steps are fewer dispatches, fewer a shorter
/// way to the top layer's first.
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
