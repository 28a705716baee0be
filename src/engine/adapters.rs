//! Adapters as devices.

use super::cpu;
use super::device::Device;
use super::gpu::{Gpu, Options, choose_or_why};
use crate::error::{Error, Result};

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
        Device::select_or_why(wanted, options).await.map(|(device, _)| device)
    }

    /// As [`Device::select_with`]; where `auto` takes the processor, with the reason why it passed over adapters, where
    /// there is hardware among them.
    ///
    /// # Errors
    /// As [`Device::select`].
    pub async fn select_or_why(wanted: &str, options: Options) -> Result<(Self, Option<Error>)> {
        let (adapter, why) = if wanted == "cpu" { (None, None) } else { choose_or_why(wanted).await? };
        let device = match adapter {
            None => Device::Cpu(cpu::Options::default()),
            Some(adapter) => Device::Gpu(Gpu::open(&adapter, options).await?),
        };
        Ok((device, why))
    }
}
