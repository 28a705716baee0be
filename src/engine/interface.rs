//! The interface of every engine.

use super::device_info::DeviceInfo;
use super::steps::Steps;
use super::tensors::{Gradients, Moments, Outputs};
use crate::data::{Sequences, Windows};
use crate::error::Result;
use crate::loss::Objective;
use std::future::Future;

/// A device that holds one network, and beside it one stream: sequences whose states stay on the device between calls.
pub trait Engine {
    /// What the device is.
    fn device(&self) -> &DeviceInfo;

    /// The parameter block.
    fn parameters(&mut self) -> impl Future<Output = Result<Vec<f32>>>;

    /// Replaces the parameter block and sets the optimiser's moments to zero.
    fn set_parameters(&mut self, parameters: &[f32]) -> Result<()>;

    /// The optimiser's moments.
    fn moments(&mut self) -> impl Future<Output = Result<Moments>>;

    /// Replaces the optimiser's moments, so that training goes on where it was interrupted.
    fn set_moments(&mut self, moments: &Moments) -> Result<()>;

    /// Puts windows on the device, in place of those before.
    fn load_data(&mut self, windows: &Windows) -> Result<()>;

    /// Queues training steps on the loaded windows; may return before they have run.
    fn train(&mut self, steps: &Steps) -> Result<()>;

    /// Waits for the queued steps; the loss of each since the last call, in order.
    fn losses(&mut self) -> impl Future<Output = Result<Vec<f32>>>;

    /// The outputs for loaded windows, at most `batch` at a time: [N, O] or [N, T, O].
    fn predict(&mut self, ids: &[u32], batch: usize) -> impl Future<Output = Result<Vec<f32>>>;

    /// A forward pass over sequences that are not loaded. Nothing is dropped.
    fn forward(&mut self, sequences: &Sequences) -> impl Future<Output = Result<Outputs>>;

    /// Every gradient of the objective against `targets`, [B, target_len] with [`Loss::target_len`](crate::loss::Loss::target_len); changes no parameter.
    fn differentiate(
        &mut self,
        sequences: &Sequences,
        targets: &[f32],
        objective: &Objective,
    ) -> impl Future<Output = Result<Gradients>>;

    /// Begins a stream of `rows` rows with these states, [S, L, B, H], or with zeros. A network with both directions is refused:
    /// its outputs depend on what is yet to come.
    fn open_stream(&mut self, rows: usize, states: Option<&[f32]>) -> Result<()>;

    /// Continues the stream by `steps` time steps `x` [B, T, I]: the output after every step, [B, T, O], whatever the readout.
    fn step_many(&mut self, x: &[f32], steps: usize) -> impl Future<Output = Result<Vec<f32>>>;

    /// Continues the stream by one time step `x` [B, I]: its output, [B, O].
    fn step(&mut self, x: &[f32]) -> impl Future<Output = Result<Vec<f32>>> {
        self.step_many(x, 1)
    }

    /// The stream's states, [S, L, B, H] (h, then c).
    fn states(&mut self) -> impl Future<Output = Result<Vec<f32>>>;
}
