//! Devices.

use crate::js::{Result, in_words, options, refused, value};
use refrain::engine::gpu::{Kernels, Options};
use refrain::engine::{self, cpu};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

/// A device that networks run on, and why a GPU was passed over for it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Device(pub(crate) engine::Device, Option<String>);

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GpuOptions {
    kernels: Option<String>,
}

#[wasm_bindgen]
impl Device {
    /// The browser's GPU, if it has one that is no software and suits; else the processor.
    pub async fn auto() -> Result<Device> {
        let chosen = engine::Device::select_or_why("auto", Options::default()).await;
        let (device, passed_over) = chosen.map_err(refused)?;
        Ok(Device(device, passed_over.as_ref().map(in_words)))
    }

    /// The browser's GPU, or the software that stands for one.
    pub async fn gpu(
        #[wasm_bindgen(js_name = "options", unchecked_optional_param_type = "GpuOptions")] gpu: JsValue,
    ) -> Result<Device> {
        let GpuOptions { kernels } = options(&gpu)?;
        let kernels: Kernels = kernels.map_or(Ok(Kernels::default()), |name| name.parse()).map_err(refused)?;
        let options = Options { kernels, ..Options::default() };
        engine::Device::select_with("gpu", options).await.map(|device| Device(device, None)).map_err(refused)
    }

    /// The processor.
    pub fn cpu() -> Device {
        Device(engine::Device::Cpu(cpu::Options::default()), None)
    }

    /// What it is.
    #[wasm_bindgen(getter, unchecked_return_type = "DeviceInfo")]
    pub fn info(&self) -> Result<JsValue> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Info<'a> {
            #[serde(flatten)]
            info: engine::DeviceInfo,
            passed_over: Option<&'a str>,
        }
        value(&Info { info: self.0.info().map_err(refused)?, passed_over: self.1.as_deref() })
    }
}
