//! The one place where a command chooses its device.

use super::console::Console;
use refrain::engine::cpu;
use refrain::engine::{AnyEngine, Device, DeviceInfo, Engine, Precision};
use refrain::model::{CellKind, Layout, Spec, initial_parameters};
use refrain::{Error, Result};

/// The most parameters that a command makes a network of: 2^28. With gradients and Adam's moments these are 4 GiB.
const MOST_PARAMETERS: u64 = 1 << 28;

/// Puts a network with the initial weights of `seed` on the device that `wanted` names; see `--device` in
/// [`super::common::Common`]. Says so where that is not the device that one would expect.
pub async fn open(
    wanted: &str,
    precision: Precision,
    spec: Spec,
    seed: u64,
    console: &Console,
) -> anyhow::Result<AnyEngine> {
    let parameters = parameters(&spec, seed)?;
    let device = Device::select(wanted).await?;
    let engine = device.engine_with(spec, &parameters, precision)?;
    tell(wanted, &device, engine.device(), console);
    Ok(engine)
}

/// The device of a training run, whose tapes it makes again where that is asked of it.
///
/// # Errors
/// [`Error::Config`] where that is asked of an adapter; else as [`Device::select`].
pub async fn for_training(wanted: &str, recompute: Option<usize>) -> Result<Device> {
    match (Device::select(wanted).await?, recompute) {
        (Device::Cpu(options), _) => Ok(Device::Cpu(cpu::Options { recompute, ..options })),
        (Device::Gpu(_), Some(steps)) => {
            Err(Error::config("--recompute", steps, "none on an adapter: it is for the CPU engine, --device cpu"))
        }
        (device, None) => Ok(device),
    }
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

/// The initial weights, refused before they are made where they are too many for the device.
pub fn parameters(spec: &Spec, seed: u64) -> Result<Vec<f32>> {
    spec.validate()?;
    let needed = Layout::new(spec).len() as u64;
    if needed > MOST_PARAMETERS {
        return Err(Error::Limit {
            what: format!("a network of {} hidden units", spec.hidden),
            needed,
            limit: MOST_PARAMETERS,
            unit: "parameters",
            adapter: "this program".into(),
            remedy: "take a smaller --hidden".into(),
        });
    }
    Ok(initial_parameters(spec, seed))
}
