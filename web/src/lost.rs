//! What to do where the browser takes its GPU away: go on on the processor.

use crate::js::{Result, in_words, refused};
use refrain::Error;
use refrain::engine::{Device, DeviceInfo, cpu};

/// The processor, and why, where the error is that `device` was lost; any other error is the caller's.
pub fn processor(error: Error, device: &DeviceInfo) -> Result<(Device, String)> {
    match &error {
        Error::Device { .. } if device.backend != "native" => {
            Ok((Device::Cpu(cpu::Options::default()), in_words(&error)))
        }
        _ => Err(refused(error)),
    }
}
