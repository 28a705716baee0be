//! The seam: what a device must do for a network. Training and forecasting are written on this trait alone; `gpu` and
//! `cpu` implement it. Parameters, gradients and moments cross it as flat blocks in the layout of
//! [`crate::model::Layout`].

pub mod cpu;
mod device;
pub mod gpu;

pub use device::{AnyEngine, Device};

use crate::data::{Sequences, Windows};
use crate::error::{Error, Result};
use crate::loss::{Loss, Objective};
use crate::model::{Dropout, Head, Readout, Spec};
use crate::optim::{Clip, Optimizer, Schedule, Update};
use serde::Serialize;
use std::future::Future;
use std::ops::Range;

/// What a device is, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceInfo {
    /// The adapter's or processor's name.
    pub name: String,
    /// The interface behind it: `vulkan`, `metal`, `dx12`, `webgpu`, or `native` for the CPU engine.
    pub backend: String,
    /// Driver and its version.
    pub driver: String,
    /// `discrete-gpu`, `integrated-gpu`, `virtual-gpu`, `cpu` or `other`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// How weights and the tape are stored on a device; sums, master weights and moments are f32 in either case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32 bits.
    #[default]
    F32,
    /// 16 bits, on adapters: a training step takes 0.7 to 0.9 of the memory (benches/PRECISION.md).
    F16,
}

/// What an optimiser remembers between steps, in the layout of the parameter block; zeros before the first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    /// The first moment, or SGD's momentum.
    pub m: Vec<f32>,
    /// The second moment.
    pub v: Vec<f32>,
}

/// Training steps to queue: step k trains on the windows `ids[k * batch ..]`, the last on what is left.
#[derive(Clone, Copy, Debug)]
pub struct Steps<'a> {
    /// Windows in the order of training.
    pub ids: &'a [u32],
    /// Windows of a step (B). A batch that does not fit an adapter is taken in portions, and the step is that of the whole batch, but
    /// for the order in which gradients are summed.
    pub batch: usize,
    /// What is minimised, and what is dropped; the step within its dropout is that of the training step.
    pub objective: Objective,
    /// The optimiser.
    pub optimizer: Optimizer,
    /// The largest norm of a gradient, where there is one.
    pub clip: Option<Clip>,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// The losses of the epochs before, for the schedule.
    pub history: &'a [f64],
    /// Optimiser steps taken before these.
    pub taken: u64,
    /// Truncated backpropagation through time: each step but the first of these begins with the final states of the step
    /// before, row by row, and no gradient flows between them; the first begins with zeros. All steps must have the same
    /// number of rows, and the network one direction. An adapter takes such a batch whole, and refuses one that does not fit.
    pub carry: bool,
}

impl<'a> Steps<'a> {
    /// The mean squared error and Adam(1e-3), nothing taken before.
    pub fn new(ids: &'a [u32], batch: usize) -> Self {
        Steps {
            ids,
            batch,
            objective: Objective::default(),
            optimizer: Optimizer::default(),
            clip: None,
            schedule: Schedule::Constant,
            history: &[],
            taken: 0,
            carry: false,
        }
    }

    /// The optimiser's constants for the k-th of these steps, counted from 0.
    pub fn update(&self, k: usize) -> Update {
        let step = self.taken + k as u64;
        self.optimizer.scaled(self.schedule.factor(step, self.history)).at(step + 1)
    }

    /// The objective of the k-th of these steps, counted from 0.
    pub fn objective(&self, k: usize) -> Objective {
        let dropout = Dropout { step: self.taken + k as u64, ..self.objective.dropout };
        Objective { dropout, ..self.objective }
    }

    /// Refuses an empty batch, no windows, the first id beyond the loaded windows, numbers that make no sense, and targets that
    /// the loss cannot read.
    pub fn check(&self, spec: &Spec, windows: &Windows) -> Result<()> {
        if self.batch == 0 || self.ids.is_empty() {
            return Err(Error::config("batch or number of windows", 0, "at least 1"));
        }
        windows.check_ids(self.ids)?;
        self.objective.check(spec)?;
        self.optimizer.check()?;
        self.schedule.check()?;
        self.clip.map_or(Ok(()), |clip| clip.check())?;
        if self.carry && spec.bidirectional {
            return Err(Error::config("carry", "true", "false, for a network with both directions"));
        }
        if self.carry && !self.ids.len().is_multiple_of(self.batch) {
            let expected = format!("a multiple of the batch, {}, where states are carried", self.batch);
            return Err(Error::config("number of windows", self.ids.len(), expected));
        }
        let expected = self.objective.loss.target_len(spec, windows.steps());
        if windows.target_len() != expected {
            let expected = format!("{expected}, what the loss reads");
            return Err(Error::config("values of a window's target", windows.target_len(), expected));
        }
        if self.objective.loss == Loss::CrossEntropy {
            for &id in self.ids {
                let (id, length) = (id as usize, windows.length(id as usize));
                self.objective.loss.check_targets(spec, windows.steps(), &[length], &windows.target(id))?;
            }
        }
        Ok(())
    }
}

/// What a forward pass gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outputs {
    /// The outputs: [B, O], or [B, T, O] where every step has one, zero beyond a row's length.
    pub y: Vec<f32>,
    /// Final states, [S, L*D, B, H] (h, then c): those at each row's true end.
    pub states: Vec<f32>,
}

impl Outputs {
    /// Adds those of the rows `part` of a batch of `rows`, one at least, after all rows before, in a network of `hidden` units.
    pub fn add_rows(&mut self, part: &Range<usize>, rows: usize, hidden: usize, of_part: Outputs) {
        self.y.extend(of_part.y);
        self.states.resize(of_part.states.len() / part.len() * rows, 0.0);
        let blocks = self.states.chunks_exact_mut(rows * hidden);
        for (block, found) in blocks.zip(of_part.states.chunks_exact(part.len() * hidden)) {
            block[part.start * hidden..part.end * hidden].copy_from_slice(found);
        }
    }
}

/// What a forward and backward pass give.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gradients {
    /// The loss: the mean of its terms over all positions that count.
    pub loss: f32,
    /// The forward pass.
    pub outputs: Outputs,
    /// Gradient of every parameter, in the layout of the parameter block.
    pub parameters: Vec<f32>,
    /// Gradient of the input, [B, T, I].
    pub x: Vec<f32>,
    /// Gradient of the initial states, [S, L*D, B, H].
    pub states: Vec<f32>,
}

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
    fn load(&mut self, windows: &Windows) -> Result<()>;

    /// Queues training steps on the loaded windows; may return before they have run.
    fn train(&mut self, steps: &Steps) -> Result<()>;

    /// Waits for the queued steps; the loss of each since the last call, in order.
    fn losses(&mut self) -> impl Future<Output = Result<Vec<f32>>>;

    /// The outputs for loaded windows, at most `batch` at a time: [N, O] or [N, T, O].
    fn predict(&mut self, ids: &[u32], batch: usize) -> impl Future<Output = Result<Vec<f32>>>;

    /// A forward pass over sequences that are not loaded. Nothing is dropped.
    fn forward(&mut self, sequences: &Sequences) -> impl Future<Output = Result<Outputs>>;

    /// Every gradient of the objective against `targets`, [B, target_len] with [`Loss::target_len`]; changes no parameter.
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

/// The network's spec with an output after every step, as a stream gives them, once it is sure that there can be a stream of
/// `rows` rows with these states.
fn check_stream(spec: &Spec, rows: usize, states: Option<&[f32]>) -> Result<Spec> {
    if spec.bidirectional {
        return Err(Error::config(
            "a stream's directions",
            2,
            "1: the reverse one would begin with what is yet to come",
        ));
    }
    if rows == 0 {
        return Err(Error::config("rows", rows, "at least 1"));
    }
    states.map_or(Ok(()), |states| spec.check_states("states", rows, states.len()))?;
    Ok(Spec { head: spec.head.map(|head| Head { readout: Readout::Every, ..head }), ..*spec })
}
