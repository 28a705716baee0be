//! The engine on wgpu: stages batches, records plans, reads results back.

use super::context::Gpu;
use super::dims::{STEP_STRIDE, Step};
use super::network::{Dispatch, Network};
use super::plan::{Data, Plan, Reach, Shared};
use crate::data::{Sequences, Windows};
use crate::engine::{self, DeviceInfo, Engine, Gradients, Moments, Outputs, Steps};
use crate::error::{Error, Result};
use crate::loss::Objective;
use crate::model::Spec;
use std::sync::Arc;
use wgpu::{Buffer, BufferUsages, CommandEncoder};

/// Steps of one submission: enough to hide its cost, few enough for the time limits of drivers and browsers.
const SUBMISSION: usize = 256;

/// A network on a GPU.
#[derive(Debug)]
pub struct GpuEngine {
    gpu: Arc<Gpu>,
    network: Network,
    /// Step constants of one submission.
    steps: Buffer,
    /// Losses of one submission.
    losses: Buffer,
    /// Losses on their way to the host, with their number, in order.
    waiting: Vec<(Buffer, usize)>,
    loaded: Option<Data>,
    training: Option<Plan>,
    inference: Option<Plan>,
    probe: Option<Probe>,
}

/// A plan over sequences given outright, and its shape.
#[derive(Debug)]
struct Probe {
    data: Data,
    plan: Plan,
    rows: usize,
    reach: Reach,
}

impl GpuEngine {
    /// Puts a network with these parameters on a device.
    pub fn new(gpu: Arc<Gpu>, spec: Spec, parameters: &[f32]) -> Result<Self> {
        spec.validate()?;
        let steps = gpu.buffer("steps", SUBMISSION, STEP_STRIDE, BufferUsages::UNIFORM | BufferUsages::COPY_DST)?;
        let losses = gpu.storage::<f32>("losses", SUBMISSION)?;
        let network = Network::new(&gpu, spec, &steps)?;
        let mut engine = GpuEngine {
            gpu,
            network,
            steps,
            losses,
            waiting: Vec::new(),
            loaded: None,
            training: None,
            inference: None,
            probe: None,
        };
        engine.set_parameters(parameters)?;
        Ok(engine)
    }

    fn spec(&self) -> &Spec {
        &self.network.spec
    }

    fn plan(&self, data: &Data, rows: usize, reach: Reach) -> Result<Plan> {
        let shared = Shared { gpu: &self.gpu, network: &self.network, data, steps: &self.steps, losses: &self.losses };
        Plan::new(&shared, rows, reach)
    }

    /// Values of one row's outputs over `steps` time steps.
    fn output_len(&self, steps: usize) -> usize {
        self.spec().read_steps(steps) * self.spec().outputs()
    }

    fn encoder(&self) -> CommandEncoder {
        self.gpu.device.create_command_encoder(&Default::default())
    }

    /// Writes the constants of a submission's steps.
    fn write_steps(&self, steps: &[Step]) {
        let mut bytes = vec![0; steps.len() * STEP_STRIDE];
        for (slot, step) in bytes.chunks_exact_mut(STEP_STRIDE).zip(steps) {
            slot[..size_of::<Step>()].copy_from_slice(bytemuck::bytes_of(step));
        }
        self.gpu.write(&self.steps, 0, &bytes);
    }

    /// The probe for these sequences, with its data and initial states written.
    fn prepare_probe(&mut self, sequences: &Sequences, targets: &[f32], reach: Reach) -> Result<Probe> {
        let spec = *self.spec();
        let &Sequences { rows, steps, .. } = sequences;
        sequences.check(&spec)?;
        let windows =
            Windows::from_sequences(sequences.x.clone(), spec.input, steps, targets.to_vec(), self.output_len(steps))?;
        let fits = |probe: &Probe| (probe.rows, probe.data.windows.steps(), probe.reach) == (rows, steps, reach);
        let probe = match self.probe.take().filter(fits) {
            Some(probe) => {
                self.gpu.write(&probe.data.series, 0, windows.series());
                self.gpu.write(&probe.data.targets, 0, targets);
                probe
            }
            None => {
                let data = Data::new(&self.gpu, &windows)?;
                let plan = self.plan(&data, rows, reach)?;
                let order: Vec<u32> = (0..rows as u32).collect();
                self.gpu.write(&data.order, 0, &order);
                Probe { data, plan, rows, reach }
            }
        };
        self.write_initial_states(&probe, sequences);
        let mut step = Step::new(rows, 0, 0, self.output_len(steps));
        step.first = 0;
        self.write_steps(&[step]);
        Ok(probe)
    }

    fn write_initial_states(&self, probe: &Probe, sequences: &Sequences) {
        let spec = self.spec();
        let (directions, hidden, padded) = (spec.directions(), spec.hidden, spec.hidden.next_multiple_of(4));
        let slot_len = probe.plan.rows * directions * padded;
        for (layer, buffers) in probe.plan.layers.iter().enumerate() {
            for vector in 0..spec.facts().states {
                // Slot 0 begins the forward direction, the last slot the backward one.
                for (direction, slot) in [0, probe.data.windows.steps() + 1].into_iter().enumerate().take(directions) {
                    let mut values = vec![0f32; slot_len];
                    if let Some(states) = &sequences.states {
                        let block = (vector * spec.layers + layer) * directions + direction;
                        let from = &states[block * probe.rows * hidden..][..probe.rows * hidden];
                        for (row, from) in from.chunks_exact(hidden).enumerate() {
                            values[(row * directions + direction) * padded..][..hidden].copy_from_slice(from);
                        }
                    }
                    let at = (vector * (probe.data.windows.steps() + 2) + slot) * slot_len;
                    self.gpu.write(&buffers.states, at, &values);
                }
            }
        }
    }

    fn run(&self, dispatches: &[&[Dispatch]]) {
        let mut encoder = self.encoder();
        let mut pass = encoder.begin_compute_pass(&Default::default());
        dispatches.iter().copied().flatten().for_each(|dispatch| dispatch.record(&mut pass, 0));
        drop(pass);
        self.gpu.queue.submit([encoder.finish()]);
    }

    async fn read_outputs(&self, probe: &Probe) -> Result<Outputs> {
        let spec = self.spec();
        let (directions, time) = (spec.directions(), probe.data.windows.steps());
        let y = self.gpu.read(&probe.plan.y, probe.rows * self.output_len(time)).await?;
        let mut states = vec![0f32; spec.state_len() * probe.rows];
        let padded = spec.hidden.next_multiple_of(4);
        let slot_len = probe.plan.rows * directions * padded;
        for (layer, buffers) in probe.plan.layers.iter().enumerate() {
            let all = self.gpu.read(&buffers.states, spec.facts().states * (time + 2) * slot_len).await?;
            for vector in 0..spec.facts().states {
                for (direction, slot) in [time, 1].into_iter().enumerate().take(directions) {
                    let from = &all[(vector * (time + 2) + slot) * slot_len..][..slot_len];
                    let block = (vector * spec.layers + layer) * directions + direction;
                    self.unpad(&mut states, block, from, direction, probe.rows);
                }
            }
        }
        Ok(Outputs { y, states })
    }

    /// Copies one direction of `from` [B, D, HQ * 4] into block `block` of [blocks, B, H].
    fn unpad(&self, into: &mut [f32], block: usize, from: &[f32], direction: usize, rows: usize) {
        let (hidden, padded) = (self.spec().hidden, self.spec().hidden.next_multiple_of(4));
        for row in 0..rows {
            let values = &from[(row * self.spec().directions() + direction) * padded..][..hidden];
            into[(block * rows + row) * hidden..][..hidden].copy_from_slice(values);
        }
    }

    async fn read_gradients(&self, probe: &Probe) -> Result<Gradients> {
        let spec = self.spec();
        let (directions, rows, time) = (spec.directions(), probe.rows, probe.data.windows.steps());
        let outputs = self.read_outputs(probe).await?;
        let parameters = self.gpu.read(&self.network.gradients, self.network.layout.len()).await?;
        let loss = self.gpu.read(&self.losses, 1).await?[0];

        let width = spec.input.next_multiple_of(4);
        let d_x = probe.plan.d_x.as_ref().expect("a probe with gradients reaches the input");
        let padded = self.gpu.read(d_x, time * probe.plan.rows * width).await?;
        let mut x = Vec::with_capacity(rows * time * spec.input);
        for row in 0..rows {
            for t in 0..time {
                x.extend_from_slice(&padded[(t * probe.plan.rows + row) * width..][..spec.input]);
            }
        }

        let mut states = vec![0f32; spec.state_len() * rows];
        let vector_len = probe.plan.rows * directions * spec.hidden.next_multiple_of(4);
        for (layer, buffers) in probe.plan.layers.iter().enumerate() {
            let d_states = buffers.d_states.as_ref().expect("a probe with gradients has d_states");
            let all = self.gpu.read(d_states, spec.facts().states * vector_len).await?;
            for vector in 0..spec.facts().states {
                for direction in 0..directions {
                    let block = (vector * spec.layers + layer) * directions + direction;
                    self.unpad(&mut states, block, &all[vector * vector_len..][..vector_len], direction, rows);
                }
            }
        }
        Ok(Gradients { loss, outputs, parameters, x, states })
    }
}

impl Engine for GpuEngine {
    fn device(&self) -> &DeviceInfo {
        self.gpu.info()
    }

    async fn parameters(&mut self) -> Result<Vec<f32>> {
        self.gpu.read(&self.network.parameters, self.network.layout.len()).await
    }

    fn set_parameters(&mut self, parameters: &[f32]) -> Result<()> {
        Error::check_len("parameters", &[("P", self.network.layout.len())], parameters.len())?;
        self.network.set(&self.gpu, parameters);
        self.gpu.check()
    }

    async fn moments(&mut self) -> Result<Moments> {
        let len = self.network.layout.len();
        let [m, v] = &self.network.moments;
        Ok(Moments { m: self.gpu.read(m, len).await?, v: self.gpu.read(v, len).await? })
    }

    fn set_moments(&mut self, moments: &Moments) -> Result<()> {
        for (name, values, buffer) in
            [("m", &moments.m, &self.network.moments[0]), ("v", &moments.v, &self.network.moments[1])]
        {
            Error::check_len(name, &[("P", self.network.layout.len())], values.len())?;
            self.gpu.write(buffer, 0, values);
        }
        self.gpu.check()
    }

    fn load(&mut self, windows: &Windows) -> Result<()> {
        windows.check(self.spec())?;
        self.training = None;
        self.inference = None;
        self.loaded = Some(Data::new(&self.gpu, windows)?);
        Ok(())
    }

    fn train(&mut self, steps: &Steps) -> Result<()> {
        let Some(data) = self.loaded.take() else {
            return Err(Error::config("windows", "none", "windows on the device: call load first"));
        };
        let result = self.queue_steps(&data, steps);
        self.loaded = Some(data);
        result
    }

    async fn losses(&mut self) -> Result<Vec<f32>> {
        let mut losses = Vec::new();
        for (staging, count) in std::mem::take(&mut self.waiting) {
            losses.extend(self.gpu.read_staging(&staging, count).await?);
        }
        self.gpu.check()?;
        Ok(losses)
    }

    async fn predict(&mut self, ids: &[u32], batch: usize) -> Result<Vec<f32>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let Some(data) = self.loaded.take() else {
            return Err(Error::config("windows", "none", "windows on the device: call load first"));
        };
        let result = self.queue_predictions(&data, ids, batch);
        let output_len = self.output_len(data.windows.steps());
        self.loaded = Some(data);
        self.gpu.read_staging(&result?, ids.len() * output_len).await
    }

    async fn forward(&mut self, sequences: &Sequences) -> Result<Outputs> {
        let targets = vec![0.0; sequences.rows * self.output_len(sequences.steps)];
        let probe = self.prepare_probe(sequences, &targets, Reach::Outputs)?;
        self.run(&[&probe.plan.forward]);
        let outputs = self.read_outputs(&probe).await?;
        self.probe = Some(probe);
        Ok(outputs)
    }

    async fn differentiate(
        &mut self,
        sequences: &Sequences,
        targets: &[f32],
        objective: &Objective,
    ) -> Result<Gradients> {
        engine::refuse_objective(objective)?;
        let probe = self.prepare_probe(sequences, targets, Reach::Inputs)?;
        self.run(&[&probe.plan.forward, &probe.plan.backward]);
        let gradients = self.read_gradients(&probe).await?;
        self.probe = Some(probe);
        Ok(gradients)
    }

    fn open_stream(&mut self, rows: usize, states: Option<&[f32]>) -> Result<()> {
        engine::check_stream(self.spec(), rows, states)?;
        Err(Error::config("rows of a stream", rows, "none: this engine has no streams yet"))
    }

    async fn step_many(&mut self, _: &[f32], steps: usize) -> Result<Vec<f32>> {
        Err(Error::config("steps of a stream", steps, "none: this engine has no streams yet"))
    }

    async fn states(&mut self) -> Result<Vec<f32>> {
        Err(Error::config("states", "none", "those of a stream: this engine has none yet"))
    }
}

impl GpuEngine {
    fn queue_steps(&mut self, data: &Data, steps: &Steps) -> Result<()> {
        steps.check(self.spec(), &data.windows)?;
        engine::refuse_options(steps, &data.windows)?;
        let rows = steps.batch.min(steps.ids.len());
        if self.training.as_ref().is_none_or(|plan| plan.batch != rows) {
            self.training = None;
            self.training = Some(self.plan(data, rows, Reach::Parameters)?);
        }
        let plan = self.training.as_ref().expect("it was just made");
        let output_len = self.output_len(data.windows.steps());
        // One upload of the order serves all submissions: longer than the set of windows, it goes in pieces.
        let piece = (data.windows.count() / steps.batch).max(1) * steps.batch;
        let mut taken = 0;
        for ids in steps.ids.chunks(piece) {
            self.gpu.write(&data.order, 0, ids);
            let batches: Vec<&[u32]> = ids.chunks(steps.batch).collect();
            for (chunk, batches) in batches.chunks(SUBMISSION).enumerate() {
                let constants: Vec<Step> = batches
                    .iter()
                    .enumerate()
                    .map(|(k, batch)| {
                        let first = (chunk * SUBMISSION + k) * steps.batch;
                        Step::new(batch.len(), first, k, output_len).with_update(steps.update(taken + k))
                    })
                    .collect();
                self.write_steps(&constants);
                taken += batches.len();

                let mut encoder = self.encoder();
                let mut pass = encoder.begin_compute_pass(&Default::default());
                let update = std::iter::once(&self.network.update).chain(&self.network.pack);
                for k in 0..batches.len() {
                    let dispatches = plan.forward.iter().chain(&plan.backward).chain(update.clone());
                    dispatches.for_each(|dispatch| dispatch.record(&mut pass, k));
                }
                drop(pass);
                let staging = self.gpu.staging(batches.len())?;
                encoder.copy_buffer_to_buffer(&self.losses, 0, &staging, 0, (batches.len() * 4) as u64);
                self.gpu.queue.submit([encoder.finish()]);
                self.waiting.push((staging, batches.len()));
            }
        }
        self.gpu.check()
    }

    /// Queues forward passes over the windows `ids`; their outputs arrive in the staging buffer returned.
    fn queue_predictions(&mut self, data: &Data, ids: &[u32], batch: usize) -> Result<Buffer> {
        if batch == 0 {
            return Err(Error::config("batch", batch, "at least 1"));
        }
        data.windows.check_ids(ids)?;
        let rows = batch.min(ids.len());
        if self.inference.as_ref().is_none_or(|plan| plan.batch != rows) {
            self.inference = None;
            self.inference = Some(self.plan(data, rows, Reach::Outputs)?);
        }
        let plan = self.inference.as_ref().expect("it was just made");
        let output_len = self.output_len(data.windows.steps());
        let staging = self.gpu.staging(ids.len() * output_len)?;
        for (chunk, ids) in ids.chunks(batch).enumerate() {
            self.gpu.write(&data.order, 0, ids);
            self.write_steps(&[Step::new(ids.len(), 0, 0, output_len)]);
            let mut encoder = self.encoder();
            let mut pass = encoder.begin_compute_pass(&Default::default());
            plan.forward.iter().for_each(|dispatch| dispatch.record(&mut pass, 0));
            drop(pass);
            let at = (chunk * batch * output_len * 4) as u64;
            encoder.copy_buffer_to_buffer(&plan.y, 0, &staging, at, (ids.len() * output_len * 4) as u64);
            self.gpu.queue.submit([encoder.finish()]);
        }
        self.gpu.check()?;
        Ok(staging)
    }
}
