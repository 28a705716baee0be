//! The seam: what a device must do for a network. Training and forecasting are written on this trait alone; `gpu` and
//! `cpu` implement it. Parameters, gradients and moments cross it as flat blocks in the layout of
//! [`crate::model::Layout`].

pub mod cpu;
mod device;
pub mod gpu;

pub use device::{AnyEngine, Device};

use crate::data::{Sequences, Windows};
use crate::error::{Error, Result};
use serde::Serialize;
use std::future::Future;

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

/// Adam, as `torch.optim.Adam` without weight decay: with g the gradient and t the step counted from 1,
/// m = b1 m + (1-b1) g, v = b2 v + (1-b2) g^2, w -= lr / (1-b1^t) * m / (sqrt(v) / sqrt(1-b2^t) + eps).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Adam {
    /// Step size.
    pub lr: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Adam { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8 }
    }
}

/// What Adam's formula needs at one step beyond the moments, rounded once from f64 for both engines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// b1.
    pub beta1: f32,
    /// 1 - b1.
    pub one_minus_beta1: f32,
    /// b2.
    pub beta2: f32,
    /// 1 - b2.
    pub one_minus_beta2: f32,
    /// lr / (1 - b1^t).
    pub step_size: f32,
    /// 1 / sqrt(1 - b2^t).
    pub inverse_root: f32,
    /// eps.
    pub eps: f32,
}

impl Adam {
    /// The constants of step `t`, counted from 1.
    pub fn at(&self, t: u64) -> AdamStep {
        let power = |beta: f64| 1.0 - beta.powf(t as f64);
        AdamStep {
            beta1: self.beta1 as f32,
            one_minus_beta1: (1.0 - self.beta1) as f32,
            beta2: self.beta2 as f32,
            one_minus_beta2: (1.0 - self.beta2) as f32,
            step_size: (self.lr / power(self.beta1)) as f32,
            inverse_root: power(self.beta2).sqrt().recip() as f32,
            eps: self.eps as f32,
        }
    }
}

/// Training steps to queue: step k trains on the windows `ids[k * batch ..]`, the last on what is left.
#[derive(Clone, Copy, Debug)]
pub struct Steps<'a> {
    /// Windows in the order of training.
    pub ids: &'a [u32],
    /// Windows of a step (B).
    pub batch: usize,
    /// The optimiser.
    pub adam: Adam,
    /// Optimiser steps taken before these.
    pub taken: u64,
}

impl Steps<'_> {
    /// Refuses an empty batch, no windows, and the first id beyond the `count` loaded windows.
    pub fn check(&self, count: usize) -> Result<()> {
        if self.batch == 0 || self.ids.is_empty() {
            return Err(Error::config("batch or number of windows", 0, "at least 1"));
        }
        match self.ids.iter().find(|&&id| id as usize >= count) {
            None => Ok(()),
            Some(&id) => Err(Error::Index { what: "window", index: id as usize, len: count }),
        }
    }
}

/// What a forward pass gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outputs {
    /// The head's outputs: [B, O], or [B, T, O] where it reads every step.
    pub y: Vec<f32>,
    /// Final states, [S, L*D, B, H] (h, then c).
    pub states: Vec<f32>,
}

/// What a forward and backward pass under the mean squared error give.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gradients {
    /// The mean squared error over all outputs.
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

/// A device that holds one network. The loss is the mean squared error over all outputs of a batch.
pub trait Engine {
    /// What the device is.
    fn device(&self) -> &DeviceInfo;

    /// The parameter block.
    fn parameters(&mut self) -> impl Future<Output = Result<Vec<f32>>>;

    /// Replaces the parameter block and sets the optimiser's moments to zero.
    fn set_parameters(&mut self, parameters: &[f32]) -> Result<()>;

    /// Puts windows on the device, in place of those before.
    fn load(&mut self, windows: &Windows) -> Result<()>;

    /// Queues training steps on the loaded windows; may return before they have run.
    fn train(&mut self, steps: &Steps) -> Result<()>;

    /// Waits for the queued steps; the loss of each since the last call, in order.
    fn losses(&mut self) -> impl Future<Output = Result<Vec<f32>>>;

    /// The outputs for loaded windows, at most `batch` at a time: [N, O] or [N, T, O].
    fn predict(&mut self, ids: &[u32], batch: usize) -> impl Future<Output = Result<Vec<f32>>>;

    /// A forward pass over sequences that are not loaded.
    fn forward(&mut self, sequences: &Sequences) -> impl Future<Output = Result<Outputs>>;

    /// Every gradient of the loss against `targets` ([B, O] or [B, T, O]); changes no parameter.
    fn differentiate(&mut self, sequences: &Sequences, targets: &[f32]) -> impl Future<Output = Result<Gradients>>;
}
