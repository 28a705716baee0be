//! A network that is asked step by step.

use crate::engine::{AnyEngine, Engine};
use crate::error::Result;
use pollster::block_on;

/// Sequences whose states stay on the device from step to step. The network is the stream's until it is dropped.
///
/// ```
/// use refrain::Gru;
///
/// let mut network = Gru::builder(1, 8).head(1).build()?;
/// let mut stream = network.stream(1)?;
/// for x in [0.1, 0.2, 0.3] {
///     let y = stream.step(&[x])?;
///     assert_eq!(y.len(), 1);
/// }
/// # Ok::<(), refrain::Error>(())
/// ```
#[derive(Debug)]
pub struct Stream<'a> {
    engine: &'a mut AnyEngine,
}

impl<'a> Stream<'a> {
    /// A stream of `rows` rows that begins with these states, or with zeros.
    pub(super) fn open(engine: &'a mut AnyEngine, rows: usize, states: Option<&[f32]>) -> Result<Self> {
        engine.open_stream(rows, states)?;
        Ok(Stream { engine })
    }

    /// Goes on by one step `x` [rows, inputs]. Returns the output after it, [rows, outputs], whatever steps the head
    /// reads.
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) where `x` has another shape.
    pub fn step(&mut self, x: &[f32]) -> Result<Vec<f32>> {
        block_on(self.engine.step(x))
    }

    /// Goes on by `steps` steps `x` [rows, steps, inputs]. Returns the output after every step, [rows, steps, outputs].
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) where `x` has another shape.
    pub fn step_many(&mut self, x: &[f32], steps: usize) -> Result<Vec<f32>> {
        block_on(self.engine.step_many(x, steps))
    }

    /// The states, [S, L, rows, H] (h, then c).
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) where the device went away.
    pub fn states(&mut self) -> Result<Vec<f32>> {
        block_on(self.engine.states())
    }
}
