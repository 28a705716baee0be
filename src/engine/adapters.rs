//! Adapters as devices.

use super::cpu;
use super::device::Device;
use super::gpu::{Gpu, Options, choose};
use crate::error::Result;

/// The device of any word but `cpu`.
pub async fn select(wanted: &str) -> Result<Device> {
    Device::select_with(wanted, Options::default()).await
}

impl Device {
    /// As [`Device::select`]; an adapter is opened with these options.
    ///
    /// # Errors
    /// As [`Device::select`].
    pub async fn select_with(wanted: &str, options: Options) -> Result<Self> {
        let adapter = if wanted == "cpu" { None } else { choose(wanted).await? };
        match adapter {
            None => Ok(Device::Cpu(cpu::Options::default())),
            Some(adapter) => Ok(Device::Gpu(Gpu::open(&adapter, options).await?)),
        }
    }
}
