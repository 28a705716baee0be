//! What is cut up because it would not fit, or is shared out among workgroups: batches, sequences, sums.

use super::setup::Tuning;

/// Rows that micro-batches are a multiple of: the four that kernels take at a time.
pub const ROW_QUAD: usize = 4;

/// The most rows that fit, in whole quads, where a row takes so many bytes in each buffer: each buffer
/// is within the adapter's limits, and all together take no more than `micro_batch_bytes`.
pub fn most_rows(tuning: &Tuning, row_bytes: &[u64]) -> usize {
    let (largest, together) = (row_bytes.iter().max().copied().unwrap_or(1), row_bytes.iter().sum::<u64>());
    let rows = (tuning.capabilities.largest_binding / largest.max(1)).min(tuning.micro_batch_bytes / together.max(1));
    rows as usize / ROW_QUAD * ROW_QUAD
}

/// Projected inputs of so many bytes are made at once whatever the tape takes.
const SMALL_PROJECTION: usize = 1 << 20;

/// The steps that a projection of the input covers, of `step_bytes` each: no more than `projection_bytes`, and in
/// training no more than an eighth of what the tape takes.
pub fn projection_chunk(tuning: &Tuning, steps: usize, step_bytes: usize, keeps_tape: bool) -> usize {
    let step_bytes = step_bytes.max(1);
    let beside_tape = if keeps_tape { (steps.div_ceil(8) * step_bytes).max(SMALL_PROJECTION) } else { usize::MAX };
    (tuning.projection_bytes.min(beside_tape) / step_bytes).clamp(1, steps)
}

/// Time steps of a piece of a long sequence, at most: what a submission can do within the time limits of drivers and
/// browsers.
const MOST_STEPS: usize = 1 << 14;

/// The time steps that a stream takes at a time of `time`: no more than a submission can do, nor than fit.
pub fn time_pieces(time: usize, fits: impl Fn(usize) -> bool) -> usize {
    let mut pieces = time.div_ceil(MOST_STEPS);
    while time.div_ceil(pieces) > 1 && !fits(time.div_ceil(pieces)) {
        pieces *= 2;
    }
    time.div_ceil(pieces)
}

/// Parts that a loss is left in at most.
pub const MOST_LOSS_PARTS: usize = 64;

/// Workgroups that a loss over `items` items is shared by: one while that takes no longer than the host's sum of
/// several would.
pub fn loss_parts(items: usize) -> u32 {
    if items <= 1 << 12 { 1 } else { items.div_ceil(1 << 10).min(MOST_LOSS_PARTS) as u32 }
}

/// Workgroups that add up the gradients of `parameters` parameters, and leave a part of their norm each.
pub fn gradient_parts(parameters: usize) -> u32 {
    const MOST: usize = 256;
    parameters.div_ceil(256).min(MOST) as u32
}
