//! Which networks the fused kernels take, and how.

use super::setup::Tuning;
use crate::engine::gpu::device::Kernels;
use crate::engine::gpu::kernels::FusedLayout;
use crate::model::{Layout, Spec};

/// Parameters of the largest network that the fused kernels take: one workgroup ends the step.
const MOST_PARAMETERS: usize = 4096;

/// Units and outputs, likewise: an invocation sees all of a row's.
const MOST_UNITS: usize = 64;
const MOST_OUTPUTS: usize = 8;

/// Values that an invocation sums the gradients of the input weights in, which have to be registers: of every slot,
/// four units by the features with a 1 behind, in quads.
const MOST_SUMS: usize = 128;

/// The invocations that most GPUs run together, which a workgroup fills with rows.
const INVOCATIONS: usize = 32;

/// The layout of the fused kernels for batches of `rows` rows of `time` steps, where the network is of one layer and
/// direction with a head, and small enough. Whether they take a network never depends on the rows, so that no row's
/// outputs do.
pub fn fused(tuning: &Tuning, spec: &Spec, rows: usize, time: usize) -> Option<FusedLayout> {
    let (quads, slots) = (spec.hidden.div_ceil(4), spec.facts().slots);
    let is_simple = spec.layers == 1 && !spec.bidirectional && spec.head.is_some();
    let is_small = Layout::new(spec).len() <= MOST_PARAMETERS
        && spec.hidden <= MOST_UNITS
        && spec.outputs() <= MOST_OUTPUTS
        && (spec.input + 4) / 4 * slots * 16 <= MOST_SUMS;
    if !matches!(tuning.kernels, Kernels::Chosen | Kernels::Fused) || !is_simple || !is_small {
        return None;
    }
    // Whatever the rows, so that batches of other sizes run the same module.
    let abreast = INVOCATIONS / quads;
    let most_rows = tuning.most_turns() / turns(spec, time) * abreast;
    if most_rows == 0 {
        return None;
    }
    // As many workgroups as keep the adapter busy, or more where one may take no more rows.
    let group_rows = rows.div_ceil(tuning.busy()).next_multiple_of(abreast).min(most_rows);
    let groups = rows.div_ceil(group_rows);
    // The last kernel adds the groups up for every parameter, in one workgroup.
    let ends = groups * Layout::new(spec).len().div_ceil(256) <= tuning.most_turns();
    ends.then_some(FusedLayout { abreast: abreast as u32, group_rows: group_rows as u32, groups: groups as u32 })
}

/// Turns of loops that the fused kernel takes for a row there and back, at most.
fn turns(spec: &Spec, time: usize) -> usize {
    let (quads, gates) = (spec.hidden.div_ceil(4), spec.facts().gates);
    let positions = spec.read_steps(time);
    time * (2 + 2 * spec.input + 2 * quads * gates) + positions * (8 + 4 * spec.outputs())
}
