//! Devices.

use crate::js::{Result, options, refused, value};
use refrain::engine;
use refrain::engine::cpu;
use refrain::engine::gpu::{Kernels, Options};
use serde::Deserialize;
use wasm_bindgen::prelude::*;

/// A device that networks run on.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Device(pub(crate) engine::Device);

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GpuOptions {
    kernels: Option<String>,
}

#[wasm_bindgen]
impl Device {
    /// The browser's GPU, if it has one that is no software; else the processor.
    pub async fn auto() -> Result<Device> {
        engine::Device::select("auto").await.map(Device).map_err(refused)
    }

    /// The browser's GPU, or the software that stands for one.
    pub async fn gpu(
        #[wasm_bindgen(js_name = "options", unchecked_optional_param_type = "GpuOptions")] gpu: JsValue,
    ) -> Result<Device> {
        let GpuOptions { kernels } = options(&gpu)?;
        let kernels: Kernels = kernels.map_or(Ok(Kernels::default()), |name| name.parse()).map_err(refused)?;
        let options = Options { kernels, ..Options::default() };
        engine::Device::select_with("gpu", options).await.map(Device).map_err(refused)
    }

    /// The processor.
    pub fn cpu() -> Device {
        Device(engine::Device::Cpu(cpu::Options::default()))
    }

    /// What it is.
    #[wasm_bindgen(getter, unchecked_return_type = "DeviceInfo")]
    pub fn info(&self) -> Result<JsValue> {
        value(&self.0.info().map_err(refused)?)
    }
}
