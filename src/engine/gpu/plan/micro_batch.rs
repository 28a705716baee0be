//! What does not fit an adapter at once: batches are taken in micro-batches, whose gradients are accumulated, and long
//! sequences a piece of time after another.

use super::network::NetworkDescription;
use super::purpose::{Batches, Purpose};
use super::{DataShape, Description};
use crate::engine::gpu::tuning::{ROW_QUAD, Tuning, fused, most_rows, time_pieces};
use crate::model::Spec;

/// The rows that fit at a time of a batch for such a purpose: all of them, where each buffer is within the adapter's
/// limits and all together take no more than they may; else even micro-batches of whole row quads.
fn fitting_rows(tuning: &Tuning, network: &NetworkDescription, purpose: Purpose, data: DataShape) -> usize {
    let mut rows = purpose.batch;
    loop {
        // How the kernels go through time, and with it what a row takes, may change with the rows.
        let described = Description::new(tuning, network, Purpose { batch: rows, ..purpose }, data);
        let most = most_rows(tuning, &described.buffers.row_bytes()).max(ROW_QUAD);
        if rows.next_multiple_of(ROW_QUAD) <= most {
            return rows;
        }
        let parts = purpose.batch.div_ceil(most).max(purpose.batch.div_ceil(rows) + 1);
        let fewer = purpose.batch.div_ceil(parts).next_multiple_of(ROW_QUAD);
        if fewer >= rows {
            // Not even a quad of rows fits, which preparing the plan refuses.
            return rows;
        }
        rows = fewer;
    }
}

/// The purpose of batches like these, taken in micro-batches where they are too large for the adapter.
pub fn micro_batch(tuning: &Tuning, network: &NetworkDescription, purpose: Purpose, data: DataShape) -> Purpose {
    let as_micro = Purpose { batches: Batches::Micro, ..purpose };
    let described = Description::new(tuning, network, purpose, data);
    if purpose.batch.next_multiple_of(ROW_QUAD) <= most_rows(tuning, &described.buffers.row_bytes()) {
        return purpose;
    }
    match fitting_rows(tuning, network, as_micro, data) {
        batch if batch < purpose.batch => Purpose { batch, ..as_micro },
        _ => purpose,
    }
}

/// Time steps of a piece that is long enough to be worth its submission.
const ENOUGH_STEPS: usize = 64;

/// The rows and the time steps that a forward pass over sequences given outright takes at a time, where they do not
/// fit. Where there are both directions, whose reverse one begins at the end, all time steps.
pub fn rows_and_steps(tuning: &Tuning, network: &NetworkDescription, rows: usize, time: usize) -> (usize, usize) {
    let spec = &network.spec;
    let enough = if spec.bidirectional { time } else { time.min(ENOUGH_STEPS) };
    let data = DataShape::sequences(spec.input, rows, enough, 1);
    let rows = fitting_rows(tuning, network, Purpose::outputs(spec, rows), data);
    (rows, if spec.bidirectional { time } else { stream_steps(tuning, network, spec, rows, time) })
}

/// The rows that a recorded pass over `time` steps of sequences given outright takes at a time, where they do not fit.
pub fn recorded_rows(tuning: &Tuning, network: &NetworkDescription, purpose: Purpose, time: usize) -> usize {
    fitting_rows(tuning, network, purpose, DataShape::sequences(network.spec.input, purpose.batch, time, 1))
}

/// The time steps that a stream of `rows` rows takes at a time of `time`: no more than fit, nor than the fused kernels
/// take where they take few steps.
pub fn stream_steps(tuning: &Tuning, network: &NetworkDescription, spec: &Spec, rows: usize, time: usize) -> usize {
    let is_fused = |steps| fused(tuning, spec, rows, steps).is_some();
    time_pieces(time, |steps| {
        let data = DataShape::sequences(spec.input, rows, steps, 1);
        let described = Description::new(tuning, network, Purpose::outputs(spec, rows), data);
        let fits = rows.next_multiple_of(ROW_QUAD) <= most_rows(tuning, &described.buffers.row_bytes());
        fits && (steps <= ENOUGH_STEPS || is_fused(steps) == is_fused(ENOUGH_STEPS))
    })
}
