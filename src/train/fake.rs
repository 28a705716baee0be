//! An engine for tests: it computes nothing, but remembers what it was told and answers as it is made to.

use crate::data::{Sequences, Windows};
use crate::engine::{DeviceInfo, Differentiated, Engine, Gradients, Moments, OutputGradients, Outputs, Steps};
use crate::error::Result;
use crate::loss::Objective;
use crate::model::Dropout;

/// What it was told to do, and the answers that it gives.
pub struct Fake {
    device: DeviceInfo,
    /// The loss of step k, counted from 0 over the whole run.
    pub loss: fn(usize) -> f32,
    /// The output for one sequence.
    pub output: fn(&[f32]) -> f32,
    /// The windows of each step trained, and the steps taken before it.
    pub steps: Vec<(Vec<u32>, u64)>,
    /// The factor of the learning rate at each step.
    pub rates: Vec<f64>,
    /// Losses queued and not read.
    pub unread: usize,
    /// Times that losses were read.
    pub readings: usize,
}

impl Fake {
    pub fn new(loss: fn(usize) -> f32, output: fn(&[f32]) -> f32) -> Self {
        let text = String::new;
        let device = DeviceInfo { name: text(), backend: text(), driver: text(), kind: text() };
        Fake { device, loss, output, steps: Vec::new(), rates: Vec::new(), unread: 0, readings: 0 }
    }
}

impl Engine for Fake {
    type Tape = ();

    fn device(&self) -> &DeviceInfo {
        &self.device
    }

    async fn parameters(&mut self) -> Result<Vec<f32>> {
        Ok(Vec::new())
    }

    fn set_parameters(&mut self, _: &[f32]) -> Result<()> {
        Ok(())
    }

    async fn moments(&mut self) -> Result<Moments> {
        Ok(Moments::default())
    }

    fn set_moments(&mut self, _: &Moments) -> Result<()> {
        Ok(())
    }

    fn load_data(&mut self, _: &Windows) -> Result<()> {
        Ok(())
    }

    fn train(&mut self, steps: &Steps) -> Result<()> {
        for (k, ids) in steps.ids.chunks(steps.batch).enumerate() {
            self.steps.push((ids.to_vec(), steps.taken + k as u64));
            self.rates.push(steps.schedule.factor(steps.taken + k as u64, steps.history));
            self.unread += 1;
        }
        Ok(())
    }

    async fn losses(&mut self) -> Result<Vec<f32>> {
        self.readings += usize::from(self.unread > 0);
        let first = self.steps.len() - std::mem::take(&mut self.unread);
        Ok((first..self.steps.len()).map(self.loss).collect())
    }

    async fn predict(&mut self, ids: &[u32], _: usize) -> Result<Vec<f32>> {
        Ok(ids.iter().map(|&id| id as f32).collect())
    }

    async fn forward(&mut self, sequences: &Sequences<'_>) -> Result<Outputs> {
        assert_eq!((sequences.rows, sequences.steps), (1, sequences.x.len()));
        Ok(Outputs { y: vec![(self.output)(&sequences.x)], states: Vec::new() })
    }

    async fn record(&mut self, _: &Sequences<'_>, _: &Dropout) -> Result<(Outputs, ())> {
        Ok((Outputs::default(), ()))
    }

    async fn backward(&mut self, (): (), _: OutputGradients<'_>, _: bool) -> Result<Gradients> {
        Ok(Gradients::default())
    }

    async fn differentiate(&mut self, _: &Sequences<'_>, _: &[f32], _: &Objective) -> Result<Differentiated> {
        Ok(Differentiated::default())
    }

    fn open_stream(&mut self, _: usize, _: Option<&[f32]>) -> Result<()> {
        Ok(())
    }

    async fn step_many(&mut self, x: &[f32], _: usize) -> Result<Vec<f32>> {
        Ok(x.to_vec())
    }

    async fn states(&mut self) -> Result<Vec<f32>> {
        Ok(Vec::new())
    }
}
