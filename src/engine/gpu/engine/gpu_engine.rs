//! The engine on wgpu. Training steps are queued in `train.rs`; sequences given outright go through `sequences.rs`, and
//! what is recorded of them through `recorded.rs`.

use super::core::Core;
use super::data::Data;
use super::inference::Inference;
use super::recorded::GpuTape;
use super::sequences::Pass;
use super::spare::Spare;
use super::stream::Stream;
use super::train::Training;
use crate::data::{Sequences, Windows};
use crate::engine::gpu::device::Gpu;
use crate::engine::gpu::kernels::Step;
use crate::engine::gpu::plan::{Purpose, Reach, rows_and_steps};
use crate::engine::stamp::Stamp;
use crate::engine::{
    self, DeviceInfo, Differentiated, Engine, Gradients, Moments, OutputGradients, Outputs, Precision, Steps,
};
use crate::error::{Error, Result};
use crate::loss::Objective;
use crate::model::{Dropout, Readout, Spec};
use std::sync::Arc;

/// A network on a GPU.
#[derive(Debug)]
pub struct GpuEngine {
    pub(super) core: Core,
    windows: Option<Data>,
    pub(super) training: Training,
    inference: Inference,
    /// Passes over sequences given outright, which serve again for such sequences.
    spare: Spare,
    /// Of the parameters: tapes that were recorded with others are refused.
    stamp: Stamp,
    stream: Option<Stream>,
}

impl GpuEngine {
    /// Puts a network with these parameters on a device, in 32 bits.
    pub fn new(gpu: Arc<Gpu>, spec: Spec, parameters: &[f32]) -> Result<Self> {
        GpuEngine::with_precision(gpu, spec, parameters, Precision::F32)
    }

    /// The same, with packed weights and the tape stored in this precision.
    pub fn with_precision(gpu: Arc<Gpu>, spec: Spec, parameters: &[f32], precision: Precision) -> Result<Self> {
        engine::check_steps(&spec)?;
        let mut engine = GpuEngine {
            core: Core::new(gpu, &spec, precision)?,
            windows: None,
            training: Training::default(),
            inference: Inference::default(),
            spare: Spare::default(),
            stamp: Stamp::new(),
            stream: None,
        };
        engine.set_parameters(parameters)?;
        Ok(engine)
    }

    /// A forward pass over sequences whose rows fit, so many time steps at a time.
    async fn forward_rows(&mut self, sequences: &Sequences<'_>, steps: usize) -> Result<Outputs> {
        let &Sequences { rows, ref x, ref states, ref lengths, .. } = sequences;
        let spec = *self.core.spec();
        if steps < sequences.steps {
            let mut stream =
                Stream::new(engine::check_stream(&spec, rows, states.as_deref())?, rows, states.as_deref());
            let y = stream.go_on(&self.core, x, sequences.steps, lengths.as_deref(), spec.readout()).await?;
            return Ok(Outputs { y, states: stream.states(&self.core.gpu).await? });
        }
        let purpose = Purpose::outputs(&spec, rows);
        let step = Step::new(rows, 0, 0);
        let pass = Pass::prepare(&self.core, &mut self.spare, sequences, vec![0.0; rows], purpose, step)?;
        let outputs = pass.forward(&self.core).await?;
        self.spare.put(pass);
        Ok(outputs)
    }

    fn loaded(&self) -> Result<&Data> {
        let missing = || Error::config("windows", "none", "windows on the device: call load_data first");
        self.windows.as_ref().ok_or_else(missing)
    }

    /// Plans bind the windows that they were made for.
    fn forget_plans(&mut self) {
        self.training.plan = None;
        self.inference.plan = None;
    }

    fn take_stream(&mut self) -> Result<Stream> {
        self.stream.take().ok_or_else(|| Error::config("stream", "none", "an open one: call open_stream first"))
    }
}

impl Engine for GpuEngine {
    type Tape = GpuTape;

    fn device(&self) -> &DeviceInfo {
        self.core.gpu.info()
    }

    async fn parameters(&mut self) -> Result<Vec<f32>> {
        self.core.gpu.read(&self.core.network.parameters, self.core.network.description.layout.len()).await
    }

    fn set_parameters(&mut self, parameters: &[f32]) -> Result<()> {
        Error::check_len("parameters", &[("P", self.core.network.description.layout.len())], parameters.len())?;
        self.stamp = Stamp::new();
        self.core.network.set(&self.core.gpu, parameters);
        self.core.gpu.check()
    }

    async fn moments(&mut self) -> Result<Moments> {
        let len = self.core.network.description.layout.len();
        let [m, v] = &self.core.network.moments;
        Ok(Moments { m: self.core.gpu.read(m, len).await?, v: self.core.gpu.read(v, len).await? })
    }

    fn set_moments(&mut self, moments: &Moments) -> Result<()> {
        for (name, values, buffer) in
            [("m", &moments.m, &self.core.network.moments[0]), ("v", &moments.v, &self.core.network.moments[1])]
        {
            Error::check_len(name, &[("P", self.core.network.description.layout.len())], values.len())?;
            self.core.gpu.write(buffer, 0, values);
        }
        self.core.gpu.check()
    }

    fn load_data(&mut self, windows: &Windows) -> Result<()> {
        engine::check_windows(self.core.spec(), windows)?;
        self.forget_plans();
        self.windows = Some(Data::new(&self.core.gpu, windows)?);
        Ok(())
    }

    fn train(&mut self, steps: &Steps) -> Result<()> {
        steps.check(self.core.spec(), &self.loaded()?.windows)?;
        let rows = steps.batch.min(steps.ids.len());
        let data = self.windows.as_mut().expect("windows are loaded");
        if data.make_room(&self.core.gpu, rows)? {
            self.forget_plans();
        }
        let data = self.windows.as_ref().expect("windows are loaded");
        self.stamp = Stamp::new();
        self.training.queue(&self.core, data, steps)
    }

    async fn losses(&mut self) -> Result<Vec<f32>> {
        self.training.losses(&self.core).await
    }

    async fn predict(&mut self, ids: &[u32], batch: usize) -> Result<Vec<f32>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.loaded()?;
        let data = self.windows.as_ref().expect("windows are loaded");
        let queued = self.inference.queue(&self.core, data, ids, batch)?;
        let mut y = Vec::new();
        for (staging, len) in queued {
            let mut part = self.core.gpu.read_staging(&staging, len).await?;
            if y.is_empty() { y = part } else { y.append(&mut part) }
        }
        Ok(y)
    }

    async fn forward(&mut self, sequences: &Sequences<'_>) -> Result<Outputs> {
        let (spec, all) = (*self.core.spec(), sequences.rows);
        engine::check_sequences(&spec, sequences)?;
        let (rows, steps) = rows_and_steps(&self.core.tuning, &self.core.network.description, all, sequences.steps);
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

    async fn record(&mut self, sequences: &Sequences<'_>, dropout: &Dropout) -> Result<(Outputs, GpuTape)> {
        engine::check_sequences(self.core.spec(), sequences)?;
        dropout.check()?;
        GpuTape::new(&self.core, &mut self.spare, self.stamp, sequences, dropout).await
    }

    async fn backward(&mut self, tape: GpuTape, d_outputs: OutputGradients<'_>, with_x: bool) -> Result<Gradients> {
        tape.backward(&self.core, &mut self.spare, self.stamp, d_outputs, with_x).await
    }

    async fn differentiate(
        &mut self,
        sequences: &Sequences<'_>,
        targets: &[f32],
        objective: &Objective,
    ) -> Result<Differentiated> {
        let (spec, rows) = (*self.core.spec(), sequences.rows);
        engine::check_sequences(&spec, sequences)?;
        objective.check(&spec)?;
        let lengths: Vec<usize> = (0..rows).map(|row| sequences.length(row)).collect();
        objective.loss.check_targets(&spec, sequences.steps, &lengths, targets)?;
        let purpose = Purpose::gradients(&spec, rows, Reach::Inputs, objective.dropout.p.into());
        let terms = objective.loss.terms(&spec, &lengths);
        let step = Step::new(rows, 0, 0).with_objective(objective, terms, self.core.precision);
        let pass = Pass::prepare(&self.core, &mut self.spare, sequences, targets.to_vec(), purpose, step)?;
        let differentiated = pass.differentiate(&self.core).await?;
        self.spare.put(pass);
        Ok(differentiated)
    }

    fn open_stream(&mut self, rows: usize, states: Option<&[f32]>) -> Result<()> {
        let spec = engine::check_stream(self.core.spec(), rows, states)?;
        self.stream = Some(Stream::new(spec, rows, states));
        Ok(())
    }

    async fn step_many(&mut self, x: &[f32], steps: usize) -> Result<Vec<f32>> {
        let mut stream = self.take_stream()?;
        let y = stream.go_on(&self.core, x, steps, None, Readout::Every).await;
        self.stream = Some(stream);
        y
    }

    async fn states(&mut self) -> Result<Vec<f32>> {
        let stream = self.take_stream()?;
        let states = stream.states(&self.core.gpu).await;
        self.stream = Some(stream);
        states
    }
}

#[cfg(test)]
impl GpuEngine {
    /// The packed weights of a layer as they lie on the device.
    pub fn packed_words(&self, layer: usize) -> Vec<f32> {
        let packed = self.core.network.given(crate::engine::gpu::plan::Given::Packed(layer));
        let words = self.core.network.description.layers[layer].packed_stride as usize
            * self.core.tuning.storage.quad_bytes()
            / 4;
        pollster::block_on(self.core.gpu.read(&packed, words)).expect("the weights are read")
    }

    /// Where in them, in quads, the transposed recurrent weights begin.
    pub fn packed_offset_of_transposed(&self, layer: usize) -> usize {
        self.core.network.description.layers[layer].at_hidden_t as usize
    }
}
