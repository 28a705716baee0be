//! The layouts of GEMMs.

use super::setup::Tuning;
use crate::engine::gpu::kernels::GemmLayout;

/// vec4s of workgroup memory that every adapter has.
const MEMORY: u32 = 1024;

/// The most invocations of a workgroup: what every adapter allows.
const MOST_INVOCATIONS: u32 = 256;

/// Rows below which the invocations of a workgroup share the sums over k of a product that a time step waits for.
const FEW_ROWS: usize = 256;

/// A power of two that has room for `wanted`, up to `most`.
fn side(wanted: usize, most: usize) -> u32 {
    wanted.next_power_of_two().min(most) as u32
}

/// The layout of a product of `rows` rows by `quads` quads of units, each of `gates` quads of columns. `is_step` marks
/// those that a time step waits for.
pub fn product(tuning: &Tuning, rows: usize, quads: usize, gates: usize, is_step: bool) -> GemmLayout {
    // An item is 16 to 64 sums an invocation: of one quad of units with all gates, or of several.
    let units = if gates > 1 { 1 } else { quads.clamp(1, if is_step { 2 } else { 4 }) };
    let columns = (units * gates) as u32;
    let (row_quads, items, splits) = match is_step && rows < FEW_ROWS {
        true => (side(rows.div_ceil(4), 8), side(quads.div_ceil(units), 2), 256),
        false => (side(rows.div_ceil(4), 16), side(quads.div_ceil(units), 8), 1),
    };
    let depth = (MEMORY / (4 * (row_quads + items * columns))).min(16);
    let most = tuning.capabilities.workgroup_invocations.min(MOST_INVOCATIONS) / (row_quads * items);
    // Every split has a k, and what is fetched is a multiple of the splits.
    let splits: u32 = splits.min(most).min(depth * 4);
    let splits = 1 << splits.ilog2();
    GemmLayout { row_quads, items, columns, depth, splits: if splits < 4 { 1 } else { splits } }
}

/// The layout of a weight gradient of `left` by `right` quads: even parts, so that little of a workgroup lies beyond
/// the edge.
pub fn outer_product(left: usize, right: usize) -> GemmLayout {
    let columns = even(right, 4);
    let items = even(right.div_ceil(columns), 4);
    GemmLayout { row_quads: even(left, 16) as u32, items: items as u32, columns: columns as u32, depth: 8, splits: 1 }
}

/// The size of as few even parts of `total` as none is larger than `most`.
fn even(total: usize, most: usize) -> usize {
    total.div_ceil(total.div_ceil(most))
}

/// Turns of loops that a weight gradient takes for a row of a step: up to 5 to fetch it, and 5 to multiply it by four
/// columns.
const TURNS: usize = 10;

/// The parts that (`steps`, `rows`) are cut into for the partial sums of weight gradients of so many workgroups: enough
/// to keep the adapter busy, each of at least 16 rows of steps, and of no more turns than a loop may take. Steps are
/// cut first.
pub fn splits(tuning: &Tuning, workgroups: usize, steps: usize, rows: usize) -> [usize; 2] {
    let splits = tuning.busy().div_ceil(workgroups.max(1)).min(64).min((steps * rows / 16).max(1));
    let least = (steps * rows * TURNS).div_ceil(tuning.most_turns());
    let of_split = steps.div_ceil(splits.max(least).min(steps));
    // No split is left without steps.
    let step_splits = steps.div_ceil(of_split);
    [step_splits, (splits / step_splits).max(least.div_ceil(step_splits))]
}
