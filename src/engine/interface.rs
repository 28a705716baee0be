//! The interface of every engine.

use super::device_info::DeviceInfo;
use super::steps::Steps;
use super::tensors::{Differentiated, Gradients, Moments, OutputGradients, Outputs};
use crate::data::{Sequences, Windows};
use crate::error::Result;
use crate::loss::Objective;
use crate::model::Dropout;
use std::future::Future;

/// A device that holds one network, and beside it one stream: sequences whose states stay on the device between calls.
///
/// Every function may also fail with [`Error::Device`](crate::Error::Device) where the device went away, and with
/// [`Error::OutOfMemory`](crate::Error::OutOfMemory) or [`Error::Limit`](crate::Error::Limit) where what it needs does
/// not fit the device.
pub trait Engine {
    /// What a forward pass left for a backward one, on the device; dropped, it frees its memory.
    type Tape;

    /// What the device is.
    fn device(&self) -> &DeviceInfo;

    /// The parameter block.
    ///
    /// # Errors
    /// Only those of every function.
    fn parameters(&mut self) -> impl Future<Output = Result<Vec<f32>>>;

    /// Replaces the parameter block and sets the optimiser's moments to zero.
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) where the block does not have the length that the spec calls for.
    fn set_parameters(&mut self, parameters: &[f32]) -> Result<()>;

    /// The optimiser's moments.
    ///
    /// # Errors
    /// Only those of every function.
    fn moments(&mut self) -> impl Future<Output = Result<Moments>>;

    /// Replaces the optimiser's moments, so that training goes on where it was interrupted.
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) where a moment does not have the length of the parameter block.
    fn set_moments(&mut self, moments: &Moments) -> Result<()>;

    /// Puts windows on the device, in place of those before.
    ///
    /// # Errors
    /// As [`check_windows`](super::check_windows).
    fn load_data(&mut self, windows: &Windows) -> Result<()>;

    /// Queues training steps on the loaded windows; may return before they have run.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) where no windows are loaded; else as [`Steps::check`].
    fn train(&mut self, steps: &Steps) -> Result<()>;

    /// Waits for the queued steps, and returns the loss of each since the last call, in order.
    ///
    /// # Errors
    /// Only those of every function.
    fn losses(&mut self) -> impl Future<Output = Result<Vec<f32>>>;

    /// The outputs for loaded windows, at most `batch` at a time: [N, O] or [N, T, O].
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) where no windows are loaded or `batch` is 0;
    /// [`Error::Index`](crate::Error::Index) where an id is not a window.
    fn predict(&mut self, ids: &[u32], batch: usize) -> impl Future<Output = Result<Vec<f32>>>;

    /// A forward pass over sequences that are not loaded. Nothing is dropped.
    ///
    /// # Errors
    /// As [`check_sequences`](super::check_sequences).
    fn forward(&mut self, sequences: &Sequences<'_>) -> impl Future<Output = Result<Outputs>>;

    /// A forward pass over sequences that are not loaded, with the tape of the way back. Any number of tapes may be
    /// alive at once.
    ///
    /// # Errors
    /// As [`check_sequences`](super::check_sequences) and [`Dropout::check`].
    fn record(
        &mut self,
        sequences: &Sequences<'_>,
        dropout: &Dropout,
    ) -> impl Future<Output = Result<(Outputs, Self::Tape)>>;

    /// The vector-Jacobian product: the gradients of whatever has the gradient `d_outputs` with respect to the outputs
    /// and final states of the recorded pass. The gradient of the input is left empty unless it is asked for `with_x`. Changes no parameter.
    ///
    /// # Errors
    /// [`Error::StaleTape`](crate::Error::StaleTape) where the parameters have changed since the pass was recorded, or
    /// another network recorded it; [`Error::Length`](crate::Error::Length) where a gradient does not have the length
    /// of what it is of.
    fn backward(
        &mut self,
        tape: Self::Tape,
        d_outputs: OutputGradients<'_>,
        with_x: bool,
    ) -> impl Future<Output = Result<Gradients>>;

    /// Every gradient of the objective against `targets`, [B, target_len] with
    /// [`Loss::target_len`](crate::loss::Loss::target_len); changes no parameter.
    ///
    /// # Errors
    /// As [`check_sequences`](super::check_sequences), [`Objective::check`] and
    /// [`Loss::check_targets`](crate::loss::Loss::check_targets).
    fn differentiate(
        &mut self,
        sequences: &Sequences<'_>,
        targets: &[f32],
        objective: &Objective,
    ) -> impl Future<Output = Result<Differentiated>>;

    /// Begins a stream of `rows` rows with these states, [S, L, B, H], or with zeros.
    ///
    /// # Errors
    /// As [`check_stream`](super::check_stream).
    fn open_stream(&mut self, rows: usize, states: Option<&[f32]>) -> Result<()>;

    /// Continues the stream by `steps` time steps `x` [B, T, I]. Returns the output after every step, [B, T, O],
    /// whatever the readout.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) where no stream is open; [`Error::Length`](crate::Error::Length) where
    /// `x` is not [B, T, I].
    fn step_many(&mut self, x: &[f32], steps: usize) -> impl Future<Output = Result<Vec<f32>>>;

    /// Continues the stream by one time step `x` [B, I]. Returns its output, [B, O].
    ///
    /// # Errors
    /// As [`Engine::step_many`].
    fn step(&mut self, x: &[f32]) -> impl Future<Output = Result<Vec<f32>>> {
        self.step_many(x, 1)
    }

    /// The stream's states, [S, L, B, H] (h, then c).
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) where no stream is open.
    fn states(&mut self) -> impl Future<Output = Result<Vec<f32>>>;
}
