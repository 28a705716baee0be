//! What to do where the browser takes its GPU away: go on on the processor.

use crate::js::{self, in_words, refused};
use refrain::Error;
use refrain::engine::{Device, DeviceInfo, cpu};

/// Does some work on a device; where that is an adapter which is lost, anew on the processor, and says why.
pub async fn on<T>(
    device: &Device,
    work: impl AsyncFn(&Device) -> Result<T, Error>,
) -> js::Result<(T, Option<String>)> {
    match work(device).await {
        Ok(done) => Ok((done, None)),
        Err(error) => {
            let (processor, lost) = processor(error, &device.info().map_err(refused)?)?;
            Ok((work(&processor).await.map_err(refused)?, Some(lost)))
        }
    }
}

/// The processor, and why, where the error is that `device` was lost; any other error is the caller's.
pub fn processor(error: Error, device: &DeviceInfo) -> js::Result<(Device, String)> {
    match &error {
        Error::Device { .. } if device.backend != "native" => {
            Ok((Device::Cpu(cpu::Options::default()), in_words(&error)))
        }
        _ => Err(refused(error)),
    }
}
