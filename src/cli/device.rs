//! The one place where a command chooses its device.

use super::console::Console;
use refrain::engine::gpu::passed_over;
use refrain::engine::{AnyEngine, Device, DeviceInfo, Engine, Precision};
use refrain::model::{Spec, initial_parameters};

/// Puts a network with the initial weights of `seed` on the device that `wanted` names; see `--device` in
/// [`super::common::Common`]. Says so where that is not the device that one would expect.
pub async fn open(
    wanted: &str,
    precision: Precision,
    spec: Spec,
    seed: u64,
    console: &Console,
) -> anyhow::Result<AnyEngine> {
    spec.check_size()?;
    let parameters = initial_parameters(&spec, seed);
    let device = Device::select(wanted).await?;
    let engine = device.engine_with(spec, &parameters, precision)?;
    tell(wanted, &device, engine.device(), console).await;
    Ok(engine)
}

/// Says so where the device is not the one that one would expect.
pub async fn tell(wanted: &str, device: &Device, info: &DeviceInfo, console: &Console) {
    if let ("auto", Device::Cpu(_)) = (wanted, device) {
        let why = passed_over().await.map_or("no hardware GPU found".to_owned(), |error| error.to_string());
        console.warn(format_args!("{why}: the CPU engine takes its place ({})", info.name));
    }
}
