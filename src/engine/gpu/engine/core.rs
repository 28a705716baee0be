//! What every call of the engine works on: the device, the network on it, and what a submission reads and leaves.

use super::data::Data;
use super::network::Network;
use crate::engine::Precision;
use crate::engine::gpu::device::{Array, Gpu};
use crate::engine::gpu::kernels::{STEP_STRIDE, Step};
use crate::engine::gpu::plan::{Description, Given, Plan, Purpose};
use crate::engine::gpu::tuning::{MOST_LOSS_PARTS, Tuning};
use crate::error::Result;
use crate::model::Spec;
use std::sync::Arc;
use wgpu::CommandEncoder;

/// Steps of one submission: enough to hide its cost, few enough for the time limits of drivers and browsers.
pub const SUBMISSION: usize = 256;

/// A network on a device.
#[derive(Debug)]
pub struct Core {
    pub gpu: Arc<Gpu>,
    pub tuning: Tuning,
    pub precision: Precision,
    pub network: Network,
    /// The constants of a submission's steps.
    steps: Array,
    /// Their losses, each in parts.
    pub losses: Array,
}

impl Core {
    /// Allocates a network whose packed weights and tape are stored in this precision.
    pub fn new(gpu: Arc<Gpu>, spec: &Spec, precision: Precision) -> Result<Self> {
        let tuning = Tuning::new(gpu.capabilities, gpu.options, precision);
        let steps = gpu.uniform("steps", SUBMISSION, STEP_STRIDE)?;
        let losses = gpu.values::<f32>("losses", SUBMISSION * MOST_LOSS_PARTS)?;
        let network = Network::new(&gpu, &tuning, spec, &steps)?;
        Ok(Core { gpu, tuning, precision, network, steps, losses })
    }

    /// The network's spec.
    pub fn spec(&self) -> &Spec {
        &self.network.description.spec
    }

    /// Plans the way of batches over these windows.
    pub fn plan(&self, data: &Data, purpose: Purpose) -> Result<Plan> {
        let description = Description::new(&self.tuning, &self.network.description, purpose, data.shape());
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

    /// The gradients of the parameters that lie on the device.
    pub async fn gradients(&self) -> Result<Vec<f32>> {
        self.gpu.read(&self.network.gradients, self.network.description.layout.len()).await
    }

    /// Values of one row's outputs over `steps` time steps.
    pub fn output_len(&self, steps: usize) -> usize {
        self.spec().read_steps(steps) * self.spec().outputs()
    }

    /// An empty list of commands.
    pub fn encoder(&self) -> CommandEncoder {
        self.gpu.device.create_command_encoder(&Default::default())
    }

    /// Writes the constants of a submission's steps.
    pub fn write_steps(&self, steps: &[Step]) {
        let mut bytes = vec![0; steps.len() * STEP_STRIDE];
        for (slot, step) in bytes.chunks_exact_mut(STEP_STRIDE).zip(steps) {
            slot[..size_of::<Step>()].copy_from_slice(bytemuck::bytes_of(step));
        }
        self.gpu.write(&self.steps, 0, &bytes);
    }
}
