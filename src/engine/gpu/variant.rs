//! Picks the shape of each kernel's work from the adapter's limits and the network's shape: the one place where variants
//! are chosen.

use super::context::Gpu;
use crate::error::{Error, Result};
use crate::model::Spec;

/// The workgroup of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanShape {
    /// Row quads that one workgroup owns.
    pub row_quads: u32,
    /// Its invocations.
    pub invocations: u32,
    /// vec4s of workgroup memory.
    pub shared: u32,
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
    let wanted = match gpu.software {
        true => (64 / quads).max(1).min(row_quads.div_ceil(2)),
        false => (32 / quads).max(1),
    };
    let owned = wanted.min(memory / per_quad).min(row_quads);
    // Whole vectors of 32 lanes: with 24 invocations lavapipe takes twice as long for an LSTM as with 32.
    let invocations = ((owned * quads) as u32).next_multiple_of(32).clamp(32, lanes);
    // Rounded up, so that few sizes are compiled.
    let shared = (owned * per_quad).next_power_of_two().min(memory);
    Ok(ScanShape { row_quads: owned as u32, invocations, shared: shared as u32 })
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
