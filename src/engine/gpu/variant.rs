//! Picks the shape of each kernel's work from the adapter's limits and the network's shape: the one place where variants
//! are chosen.

use super::context::Gpu;
use super::shaders::{KernelId, KernelKind, PARTS};
use crate::error::{Error, Result};
use crate::model::Spec;

/// The most row quads that one workgroup of a scan owns.
const MOST_ROW_QUADS: usize = 64;

/// The workgroup of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanShape {
    /// Row quads of one item.
    item_quads: u32,
    /// Row quads that one workgroup owns.
    pub row_quads: u32,
    /// Its invocations.
    invocations: u32,
    /// vec4s of workgroup memory.
    shared: u32,
}

impl ScanShape {
    /// A scan's kernel of this shape.
    pub fn kernel(self, kind: KernelKind) -> KernelId {
        let ScanShape { item_quads, invocations, shared, .. } = self;
        KernelId { kind, item_quads, invocations, shared }
    }
}

/// Row quads of a scan's item for a batch of `rows` rows: a software adapter pays for loads, and four row quads share
/// those of the weights; a GPU wants many invocations. A batch is padded to whole items.
pub fn item_quads(gpu: &Gpu, rows: usize) -> usize {
    if gpu.software && rows > 16 { 4 } else { 1 }
}

/// The direction of a scan in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// Keeps two hidden states in workgroup memory.
    Forward,
    /// Keeps the deltas of every gate there.
    Backward,
}

/// The workgroup of a scan over `row_quads` quads of batch rows. A GPU gets many small workgroups; a software adapter gets
/// a few large ones, one core each, so that a barrier is shared by many rows.
pub fn scan_shape(gpu: &Gpu, spec: &Spec, scan: Scan, row_quads: usize) -> Result<ScanShape> {
    let quads = spec.hidden.div_ceil(4);
    let vectors = match scan {
        Scan::Forward => 2,
        Scan::Backward => spec.facts().gates,
    };
    let per_quad = vectors * quads * 4;
    let memory = gpu.limits.max_compute_workgroup_storage_size as usize / 16;
    if per_quad > memory {
        return Err(Error::Limit {
            what: format!("the {scan:?} scan of {} with hidden size {}", spec.cell, spec.hidden).to_lowercase(),
            needed: per_quad as u64 * 16,
            limit: memory as u64 * 16,
            unit: "bytes of workgroup memory",
            adapter: gpu.info().name.clone(),
            remedy: format!("take a hidden size of at most {}, or `--device cpu`", memory / (vectors * 4) * 4),
        });
    }
    let lanes = gpu.limits.max_compute_invocations_per_workgroup.min(gpu.limits.max_compute_workgroup_size_x).min(256);
    let item = item_quads(gpu, row_quads * 4);
    let (item, wanted) = match item * per_quad <= memory {
        true => {
            (item, if gpu.software { (64 / quads).max(item).min(row_quads.div_ceil(2)) } else { (32 / quads).max(1) })
        }
        // Sixteen rows of so many units do not fit in workgroup memory.
        false => (1, 1),
    };
    let owned = (wanted.min(MOST_ROW_QUADS).min(memory / per_quad).min(row_quads) / item).max(1) * item;
    // Few sizes are compiled: powers of two, and whole vectors: 8 lanes on lavapipe, where a vector without work still
    // runs each loop once, 32 on most GPUs.
    let vector = if gpu.software { 8 } else { 32 };
    let invocations = ((owned * quads / item) as u32).next_power_of_two().clamp(vector, lanes);
    let shared = (owned * per_quad).next_power_of_two().min(memory);
    Ok(ScanShape { item_quads: item as u32, row_quads: owned as u32, invocations, shared: shared as u32 })
}

/// The parts that (`steps`, `rows`) are cut into for the partial sums of a weight gradient of `tiles` tiles: enough to fill
/// the adapter, each of at least 16 rows of steps. Steps are cut first; a loop over more than 65,535 rows would be cut
/// short by lavapipe's limit on iterations.
pub fn splits(gpu: &Gpu, tiles: usize, steps: usize, rows: usize) -> (usize, usize) {
    let wanted = if gpu.software { 256 } else { 1 << 15 };
    let splits = (wanted / tiles.max(1)).clamp(1, 64).min((steps * rows / 16).max(1));
    let step_splits = splits.min(steps);
    (step_splits, (splits / step_splits).max(rows.div_ceil(1 << 15)))
}

/// Workgroups that a sum over `items` items is shared by: one while that takes no longer than a second dispatch would, else
/// PARTS.
pub fn sum_groups(gpu: &Gpu, items: usize) -> u32 {
    let few = if gpu.software { 1 << 14 } else { 1 << 12 };
    if items <= few { 1 } else { PARTS }
}
