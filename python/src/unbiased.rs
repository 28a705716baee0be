//! Training of networks without biases, which the engines do not have: theirs are zeros, and stay zeros.

use refrain::Result;
use refrain::data::{Sequences, Windows};
use refrain::engine::{
    AnyEngine, AnyTape, DeviceInfo, Differentiated, Engine, Gradients, Moments, OutputGradients, Outputs, Steps,
};
use refrain::loss::Objective;
use refrain::model::Dropout;
use std::ops::Range;

/// An engine that sets parameters back to zero after every training step. Each parameter moves by its own gradient and
/// moments, so that the others move as if these were not there, but under clipping, whose norm is over all.
pub struct Unbiased<'a> {
    pub engine: &'a mut AnyEngine,
    /// Where the block is zero.
    pub zeros: Vec<Range<usize>>,
}

impl Engine for Unbiased<'_> {
    type Tape = AnyTape;

    fn train(&mut self, steps: &Steps) -> Result<()> {
        for (k, ids) in steps.ids.chunks(steps.batch.max(1)).enumerate() {
            self.engine.train(&Steps { ids, taken: steps.taken + k as u64, ..*steps })?;
            let mut parameters = pollster::block_on(self.engine.parameters())?;
            let moments = pollster::block_on(self.engine.moments())?;
            self.zeros.iter().for_each(|zeros| parameters[zeros.clone()].fill(0.0));
            self.engine.set_parameters(&parameters)?;
            self.engine.set_moments(&moments)?;
        }
        Ok(())
    }

    fn device(&self) -> &DeviceInfo {
        self.engine.device()
    }

    async fn parameters(&mut self) -> Result<Vec<f32>> {
        self.engine.parameters().await
    }

    fn set_parameters(&mut self, parameters: &[f32]) -> Result<()> {
        self.engine.set_parameters(parameters)
    }

    async fn moments(&mut self) -> Result<Moments> {
        self.engine.moments().await
    }

    fn set_moments(&mut self, moments: &Moments) -> Result<()> {
        self.engine.set_moments(moments)
    }

    fn load_data(&mut self, windows: &Windows) -> Result<()> {
        self.engine.load_data(windows)
    }

    async fn losses(&mut self) -> Result<Vec<f32>> {
        self.engine.losses().await
    }

    async fn predict(&mut self, ids: &[u32], batch: usize) -> Result<Vec<f32>> {
        self.engine.predict(ids, batch).await
    }

    async fn forward(&mut self, sequences: &Sequences<'_>) -> Result<Outputs> {
        self.engine.forward(sequences).await
    }

    async fn record(&mut self, sequences: &Sequences<'_>, dropout: &Dropout) -> Result<(Outputs, AnyTape)> {
        self.engine.record(sequences, dropout).await
    }

    async fn backward(&mut self, tape: AnyTape, d_outputs: OutputGradients<'_>, with_x: bool) -> Result<Gradients> {
        self.engine.backward(tape, d_outputs, with_x).await
    }

    async fn differentiate(
        &mut self,
        sequences: &Sequences<'_>,
        targets: &[f32],
        objective: &Objective,
    ) -> Result<Differentiated> {
        self.engine.differentiate(sequences, targets, objective).await
    }

    fn open_stream(&mut self, rows: usize, states: Option<&[f32]>) -> Result<()> {
        self.engine.open_stream(rows, states)
    }

    async fn step_many(&mut self, x: &[f32], steps: usize) -> Result<Vec<f32>> {
        self.engine.step_many(x, steps).await
    }

    async fn states(&mut self) -> Result<Vec<f32>> {
        self.engine.states().await
    }
}
