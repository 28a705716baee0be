//! The engine on wgpu. Training steps are queued in `train.rs`; sequences given outright go through `sequences.rs`.

use super::data::Data;
use super::network::Network;
use super::sequences::Pass;
use super::stream::Stream;
use crate::engine::gpu::device::{Array, Gpu};
use crate::engine::gpu::kernels::{STEP_STRIDE, Step};
use crate::engine::gpu::plan::{DataShape, Description, Given, Plan, Purpose, Reach, rows_and_steps};
use crate::engine::gpu::tuning::Tuning;
use crate::data::{Sequences, Windows};
use crate::engine::{self, DeviceInfo, Engine, Gradients, Moments, Outputs, Precision, Steps};
use crate::error::{Error, Result};
use crate::loss::Objective;
use crate::model::{Readout, Spec};
use std::sync::Arc;
use wgpu::{Buffer, CommandEncoder};

/// Steps of one submission: enough to hide its cost, few enough for the time limits of drivers and browsers.
pub(super) const SUBMISSION: usize = 256;

/// A network on a GPU.
#[derive(Debug)]
pub struct GpuEngine {
    pub(super) gpu: Arc<Gpu>,
    pub(super) tuning: Tuning,
    pub(super) precision: Precision,
    pub(super) network: Network,
    /// Step constants of one submission.
    steps: Array,
    /// Losses of one submission, each in parts.
    pub(super) losses: Array,
    /// Losses on their way to the host.
    pub(super) waiting: Vec<Waiting>,
    loaded: Option<Data>,
    pub(super) training: Option<Plan>,
    pub(super) inference: Option<Plan>,
    pub(super) pass: Option<Pass>,
    stream: Option<Stream>,
}

/// The losses of a submission on their way to the host.
#[derive(Debug)]
pub(super) struct Waiting {
    pub staging: Buffer,
    /// Of each, in order, whether a step begins with it: those of a batch's other micro-batches add to it.
    pub begins: Vec<bool>,
    /// The parts that each is left in.
    pub parts: usize,
}

/// Parts that a loss is left in at most.
const MOST_LOSS_PARTS: usize = 64;

impl GpuEngine {
    /// Puts a network with these parameters on a device, in 32 bits.
    pub fn new(gpu: Arc<Gpu>, spec: Spec, parameters: &[f32]) -> Result<Self> {
        GpuEngine::with_precision(gpu, spec, parameters, Precision::F32)
    }

    /// The same, with packed weights and the tape stored in this precision.
    pub fn with_precision(gpu: Arc<Gpu>, spec: Spec, parameters: &[f32], precision: Precision) -> Result<Self> {
        spec.validate()?;
        let tuning = Tuning::new(gpu.capabilities, gpu.options, precision);
        let steps = gpu.uniform("steps", SUBMISSION, STEP_STRIDE)?;
        let losses = gpu.values::<f32>("losses", SUBMISSION * MOST_LOSS_PARTS)?;
        let network = Network::new(&gpu, &tuning, &spec, &steps)?;
        let mut engine = GpuEngine {
            gpu,
            tuning,
            precision,
            network,
            steps,
            losses,
            waiting: Vec::new(),
            loaded: None,
            training: None,
            inference: None,
            pass: None,
            stream: None,
        };
        engine.set_parameters(parameters)?;
        Ok(engine)
    }

    pub(super) fn spec(&self) -> &Spec {
        &self.network.description.spec
    }

    /// Plans the way of batches over these windows.
    pub(super) fn plan(&self, data: &Data, purpose: Purpose) -> Result<Plan> {
        let description = self.describe(purpose, data.shape());
        Plan::new(&self.gpu, description, &|what| match what {
            Given::Series => data.series.clone(),
            Given::Windows => data.places.clone(),
            Given::Order => data.order.clone(),
            Given::Targets => data.targets.clone(),
            Given::Steps => self.steps.clone(),
            Given::Losses => self.losses.clone(),
            of_network => self.network.given(of_network),
        })
    }

    fn describe(&self, purpose: Purpose, data: DataShape) -> Description {
        Description::new(&self.tuning, &self.network.description, purpose, data)
    }

    /// Values of one row's outputs over `steps` time steps.
    pub(super) fn output_len(&self, steps: usize) -> usize {
        self.spec().read_steps(steps) * self.spec().outputs()
    }

    /// A forward pass over sequences whose rows fit, so many time steps at a time.
    async fn forward_rows(&mut self, sequences: &Sequences, steps: usize) -> Result<Outputs> {
        let &Sequences { rows, ref x, ref states, ref lengths, .. } = sequences;
        let spec = *self.spec();
        if steps < sequences.steps {
            let mut stream =
                Stream::new(engine::check_stream(&spec, rows, states.as_deref())?, rows, states.as_deref());
            let y = stream.go_on(self, x, sequences.steps, lengths.as_deref(), spec.readout()).await?;
            return Ok(Outputs { y, states: stream.states(&self.gpu).await? });
        }
        let purpose = Purpose::outputs(&spec, rows);
        let pass = Pass::prepare(self, sequences, vec![0.0; rows], purpose, &Objective::default())?;
        pass.run(self);
        let outputs = pass.outputs(self).await?;
        self.pass = Some(pass);
        Ok(outputs)
    }

    fn take_stream(&mut self) -> Result<Stream> {
        self.stream.take().ok_or_else(|| Error::config("stream", "none", "an open one: call open_stream first"))
    }

    pub(super) fn encoder(&self) -> CommandEncoder {
        self.gpu.device.create_command_encoder(&Default::default())
    }

    /// Writes the constants of a submission's steps.
    pub(super) fn write_steps(&self, steps: &[Step]) {
        let mut bytes = vec![0; steps.len() * STEP_STRIDE];
        for (slot, step) in bytes.chunks_exact_mut(STEP_STRIDE).zip(steps) {
            slot[..size_of::<Step>()].copy_from_slice(bytemuck::bytes_of(step));
        }
        self.gpu.write(&self.steps, 0, &bytes);
    }
}

impl Engine for GpuEngine {
    fn device(&self) -> &DeviceInfo {
        self.gpu.info()
    }

    async fn parameters(&mut self) -> Result<Vec<f32>> {
        self.gpu.read(&self.network.parameters, self.network.description.layout.len()).await
    }

    fn set_parameters(&mut self, parameters: &[f32]) -> Result<()> {
        Error::check_len("parameters", &[("P", self.network.description.layout.len())], parameters.len())?;
        self.network.set(&self.gpu, parameters);
        self.gpu.check()
    }

    async fn moments(&mut self) -> Result<Moments> {
        let len = self.network.description.layout.len();
        let [m, v] = &self.network.moments;
        Ok(Moments { m: self.gpu.read(m, len).await?, v: self.gpu.read(v, len).await? })
    }

    fn set_moments(&mut self, moments: &Moments) -> Result<()> {
        for (name, values, buffer) in
            [("m", &moments.m, &self.network.moments[0]), ("v", &moments.v, &self.network.moments[1])]
        {
            Error::check_len(name, &[("P", self.network.description.layout.len())], values.len())?;
            self.gpu.write(buffer, 0, values);
        }
        self.gpu.check()
    }

    fn load_data(&mut self, windows: &Windows) -> Result<()> {
        engine::check_windows(self.spec(), windows)?;
        self.training = None;
        self.inference = None;
        self.loaded = Some(Data::new(&self.gpu, windows)?);
        Ok(())
    }

    fn train(&mut self, steps: &Steps) -> Result<()> {
        let Some(mut data) = self.loaded.take() else {
            return Err(Error::config("windows", "none", "windows on the device: call load_data first"));
        };
        let result = self.queue_steps(&mut data, steps);
        self.loaded = Some(data);
        result
    }

    async fn losses(&mut self) -> Result<Vec<f32>> {
        let mut losses: Vec<f32> = Vec::new();
        for Waiting { staging, begins, parts } in std::mem::take(&mut self.waiting) {
            let found = self.gpu.read_staging(&staging, begins.len() * parts).await?;
            for (parts, begins) in found.chunks_exact(parts).zip(begins) {
                let loss: f32 = parts.iter().sum();
                match losses.last_mut() {
                    Some(step) if !begins => *step += loss,
                    _ => losses.push(loss),
                }
            }
        }
        self.gpu.check()?;
        Ok(losses)
    }

    async fn predict(&mut self, ids: &[u32], batch: usize) -> Result<Vec<f32>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let Some(data) = self.loaded.take() else {
            return Err(Error::config("windows", "none", "windows on the device: call load_data first"));
        };
        let result = self.queue_predictions(&data, ids, batch);
        self.loaded = Some(data);
        let mut y = Vec::new();
        for (staging, len) in result? {
            let mut part = self.gpu.read_staging(&staging, len).await?;
            if y.is_empty() { y = part } else { y.append(&mut part) }
        }
        Ok(y)
    }

    async fn forward(&mut self, sequences: &Sequences) -> Result<Outputs> {
        let (spec, all) = (*self.spec(), sequences.rows);
        engine::check_sequences(&spec, sequences)?;
        let (rows, steps) = rows_and_steps(&self.tuning, &self.network.description, all, sequences.steps);
        if rows >= all {
            return self.forward_rows(sequences, steps).await;
        }
        let mut outputs = Outputs::default();
        for first in (0..all).step_by(rows) {
            let part = first..all.min(first + rows);
            let of_part = self.forward_rows(&sequences.part(&part, spec.hidden), steps).await?;
            outputs.add_rows(&part, all, spec.hidden, of_part);
        }
        Ok(outputs)
    }

    async fn differentiate(
        &mut self,
        sequences: &Sequences,
        targets: &[f32],
        objective: &Objective,
    ) -> Result<Gradients> {
        let purpose = Purpose::gradients(self.spec(), sequences.rows, Reach::Inputs, objective.dropout.p.into());
        engine::check_sequences(self.spec(), sequences)?;
        objective.check(self.spec())?;
        let lengths: Vec<usize> = (0..sequences.rows).map(|row| sequences.length(row)).collect();
        objective.loss.check_targets(self.spec(), sequences.steps, &lengths, targets)?;
        let pass = Pass::prepare(self, sequences, targets.to_vec(), purpose, objective)?;
        pass.run(self);
        let gradients = pass.gradients(self).await?;
        self.pass = Some(pass);
        Ok(gradients)
    }

    fn open_stream(&mut self, rows: usize, states: Option<&[f32]>) -> Result<()> {
        let spec = engine::check_stream(self.spec(), rows, states)?;
        self.stream = Some(Stream::new(spec, rows, states));
        Ok(())
    }

    async fn step_many(&mut self, x: &[f32], steps: usize) -> Result<Vec<f32>> {
        let mut stream = self.take_stream()?;
        let y = stream.go_on(self, x, steps, None, Readout::Every).await;
        self.stream = Some(stream);
        y
    }

    async fn states(&mut self) -> Result<Vec<f32>> {
        let stream = self.take_stream()?;
        let states = stream.states(&self.gpu).await;
        self.stream = Some(stream);
        states
    }
}
