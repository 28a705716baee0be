//! The one place where a command chooses its device.

use super::console::Console;
use refrain::engine::gpu::Options;
use refrain::engine::{AnyEngine, Device, DeviceInfo, Engine, Precision};
use refrain::model::{Spec, initial_parameters};

/// The device that a word names; see `--device` in [`super::common::Common`]. Where that is not the one that one would
/// expect, with the reason, for [`tell`].
pub async fn select(wanted: &str) -> refrain::Result<(Device, Option<String>)> {
    select_with(wanted, Options::default()).await
}

/// As [`select`]; an adapter is opened with these options.
pub async fn select_with(wanted: &str, options: Options) -> refrain::Result<(Device, Option<String>)> {
    let (device, why) = Device::select_or_why(wanted, options).await?;
    let unexpected = wanted == "auto" && matches!(device, Device::Cpu(_));
    let why = unexpected.then(|| why.map_or("no hardware GPU found".to_owned(), |error| error.to_string()));
    Ok((device, why))
}

/// Puts a network with the initial weights of `seed` on the device that `wanted` names. Says so where that is not the
/// device that one would expect.
pub async fn open(
    wanted: &str,
    precision: Precision,
    spec: Spec,
    seed: u64,
    console: &Console,
) -> anyhow::Result<AnyEngine> {
    spec.check_size()?;
    let parameters = initial_parameters(&spec, seed);
    let (device, why) = select(wanted).await?;
    let engine = device.engine_with(spec, &parameters, precision)?;
    tell(why, engine.device(), console);
    Ok(engine)
}

/// Says so where the device is not the one that one would expect.
pub fn tell(why: Option<String>, info: &DeviceInfo, console: &Console) {
    if let Some(why) = why {
        console.warn(format_args!("{why}: the CPU engine takes its place ({})", info.name));
    }
}
