//! The one place where a command chooses its device.

use super::console::Console;
use refrain::Result;
use refrain::engine::{AnyEngine, Device, DeviceInfo, Engine, Precision};
use refrain::model::{CellKind, Layout, Spec, initial_parameters};

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
    tell(wanted, &device, engine.device(), console);
    Ok(engine)
}

/// What a device says of itself, before it has a network.
pub fn info(device: &Device) -> Result<DeviceInfo> {
    let least = Spec::new(CellKind::RnnTanh, 1, 1, 1);
    Ok(device.engine(least, &vec![0.0; Layout::new(&least).len()])?.device().clone())
}

/// Says so where the device is not the one that one would expect.
pub fn tell(wanted: &str, device: &Device, info: &DeviceInfo, console: &Console) {
    if let ("auto", Device::Cpu(_)) = (wanted, device) {
        console.warn(format_args!("no hardware GPU found: the CPU engine takes its place ({})", info.name));
    }
}
