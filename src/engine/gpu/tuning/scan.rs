//! The layout of the recurrent scans.

use super::setup::Tuning;
use crate::engine::gpu::kernels::ScanLayout;
use crate::model::Spec;

/// Units times rows, both in quads, that a workgroup of a scan owns: as many tiles as the 32 invocations that most GPUs
/// run together.
const TILES: usize = 32;

/// The most invocations of a workgroup of a scan: what every adapter allows.
const MOST_INVOCATIONS: u32 = 256;

/// The layouts of the scans forwards and back over `row_quads` quads of rows, if what they keep in workgroup memory
/// fits: forwards the states h before and after a step, back the deltas of every gate, twice.
pub fn scans(tuning: &Tuning, spec: &Spec, row_quads: usize) -> Option<[ScanLayout; 2]> {
    let [forward, backward] = [2, 2 * spec.facts().gates].map(|vectors| layout(tuning, spec, vectors, row_quads));
    Some([forward?, backward?])
}

/// The layout of a scan that keeps so many vectors of H values a row in workgroup memory. Many small workgroups.
fn layout(tuning: &Tuning, spec: &Spec, vectors: usize, row_quads: usize) -> Option<ScanLayout> {
    let quads = spec.hidden.div_ceil(4);
    let of_row_quad = vectors * quads * 4;
    let memory = tuning.capabilities.workgroup_memory as usize / 16;
    if of_row_quad > memory {
        return None;
    }
    let owned = (TILES / quads).max(1).min(memory / of_row_quad).min(row_quads);
    // Few sizes are compiled: powers of two.
    let most = tuning.capabilities.workgroup_invocations.min(MOST_INVOCATIONS);
    let invocations = ((owned * quads) as u32).next_power_of_two().clamp(32, most);
    let shared = (owned * of_row_quad).next_power_of_two().min(memory);
    Some(ScanLayout { row_quads: owned as u32, invocations, shared: shared as u32 })
}

/// The steps that a scan takes in one dispatch at most, forwards or back: each takes turns of loops over its tiles,
/// over k, and over gates, slots and rows.
pub fn most_steps(tuning: &Tuning, spec: &Spec, layouts: [ScanLayout; 2]) -> usize {
    let (quads, facts) = (spec.hidden.div_ceil(4), spec.facts());
    let [forward, backward] =
        layouts.map(|layout| (layout.row_quads as usize * quads).div_ceil(layout.invocations as usize));
    let units = quads * 4;
    let forward = 1 + forward * (1 + units + spec.input.min(units) + 4 * (3 * facts.slots + 2 * facts.states));
    let backward = 1 + backward * (2 + units * facts.gates + 4 * (2 * facts.slots + 3 * facts.states));
    (tuning.most_turns() / forward.max(backward)).max(1)
}
