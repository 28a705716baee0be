//! Devices by name.

use crate::error::to_python;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use refrain::engine::gpu::adapters;
use refrain::engine::{Device, DeviceInfo, Engine};
use refrain::model::{CellKind, Layout, Spec};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Devices that were opened, by the process that did so and their name: opening an adapter takes long, and every layer
/// of a model asks for the same one.
static OPENED: Mutex<Option<HashMap<(u32, String), Device>>> = Mutex::new(None);

/// The device that a word names.
pub fn select(wanted: &str) -> refrain::Result<Device> {
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    let opened = opened.get_or_insert_default();
    let key = (std::process::id(), wanted.to_owned());
    if let Some(device) = opened.get(&key) {
        return Ok(device.clone());
    }
    let device = pollster::block_on(Device::select(wanted))?;
    opened.insert(key, device.clone());
    Ok(device)
}

/// What a device says of itself, as Python's keyword arguments would be written.
fn describe<'py>(py: Python<'py>, info: &DeviceInfo, auto: bool) -> PyResult<Bound<'py, PyDict>> {
    let of = PyDict::new(py);
    let DeviceInfo { name, backend, driver, kind } = info;
    for (key, value) in [("name", name), ("backend", backend), ("driver", driver), ("type", kind)] {
        of.set_item(key, value)?;
    }
    of.set_item("auto", auto)?;
    Ok(of)
}

/// The devices of this machine, best first.
#[pyfunction]
pub fn devices(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    let least = Spec::new(CellKind::RnnTanh, 1, 1, 1);
    let found = py.detach(|| -> refrain::Result<Vec<DeviceInfo>> {
        let cpu = select("cpu")?.engine(least, &vec![0.0; Layout::new(&least).len()])?;
        let gpus = pollster::block_on(adapters());
        let gpus = gpus.iter().map(|adapter| refrain::engine::gpu::AdapterFacts::of(adapter).info);
        Ok(gpus.chain([cpu.device().clone()]).collect())
    });
    let found = found.map_err(to_python)?;
    let auto = found.iter().position(|info| info.kind != "cpu").unwrap_or(found.len() - 1);
    found.iter().enumerate().map(|(at, info)| describe(py, info, at == auto)).collect()
}
