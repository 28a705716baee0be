//! Devices, opened by a call that waits.

use crate::engine::{Device, cpu};
use crate::error::Result;

impl Device {
    /// The CPU engine, on all processors.
    pub fn cpu() -> Self {
        Device::Cpu(cpu::Options::default())
    }

    /// The best adapter, a software one included; the environment variable `WGPU_ADAPTER_NAME` picks another.
    ///
    /// # Errors
    /// As [`Device::select`].
    pub fn gpu() -> Result<Self> {
        Device::named("gpu")
    }

    /// A hardware adapter where there is one, else the CPU engine.
    ///
    /// # Errors
    /// As [`Device::select`].
    pub fn auto() -> Result<Self> {
        Device::named("auto")
    }

    /// As [`Device::select`], which says what may be named, but waits.
    ///
    /// # Errors
    /// As [`Device::select`].
    pub fn named(wanted: &str) -> Result<Self> {
        pollster::block_on(Device::select(wanted))
    }
}
