//! Which adapters there are, and which one a word picks.

use super::capabilities::Capabilities;
use crate::engine::DeviceInfo;
use crate::error::{Error, Result};
use serde::Serialize;
use wgpu::{Adapter, Backends, DeviceType, Instance, InstanceDescriptor};

/// How there could be more adapters.
#[cfg(not(target_arch = "wasm32"))]
const MORE: &str = "On Linux a software adapter comes with the package mesa-vulkan-drivers";
#[cfg(target_arch = "wasm32")]
const MORE: &str = "The browser may have to be told to use WebGPU, or have it in a later version";

/// Every adapter that wgpu finds on the backends of `WGPU_BACKEND` (all, where it is not set), best first: discrete,
/// integrated, virtual, other, software.
pub async fn adapters() -> Vec<Adapter> {
    let instance = Instance::new(InstanceDescriptor::new_without_display_handle_from_env());
    let backends = Backends::from_env().unwrap_or(Backends::all());
    let mut adapters = instance.enumerate_adapters(backends).await;
    adapters.sort_by_key(|adapter| rank(adapter.get_info().device_type));
    adapters
}

/// Why a device cannot be opened on an adapter, where that is so: one of its limits is short.
pub fn unsuited(adapter: &Adapter) -> Option<Error> {
    Capabilities::check(&adapter.limits(), &describe(&adapter.get_info()).name).err()
}

/// Whether `auto` takes an adapter: one of hardware that suits.
pub fn is_automatic(adapter: &Adapter) -> bool {
    adapter.get_info().device_type != DeviceType::Cpu && unsuited(adapter).is_none()
}

/// Why `auto` passes over these adapters, where there is hardware among them and none suits.
fn passed_over(adapters: &[Adapter]) -> Option<Error> {
    let hardware = adapters.iter().filter(|adapter| adapter.get_info().device_type != DeviceType::Cpu);
    let reasons: Option<Vec<Error>> = hardware.map(unsuited).collect();
    reasons?.into_iter().next()
}

/// The adapter that `wanted` picks: `auto` the best hardware adapter that suits, or none; `gpu` the best one, a software
/// adapter included; any other word the best whose name contains it. For `auto` and `gpu`, the environment variable
/// `WGPU_ADAPTER_NAME` picks by name.
pub async fn choose(wanted: &str) -> Result<Option<Adapter>> {
    choose_or_why(wanted).await.map(|(adapter, _)| adapter)
}

/// As [`choose`]; where `auto` takes none, with the reason why it passed over hardware, where there is some.
pub async fn choose_or_why(wanted: &str) -> Result<(Option<Adapter>, Option<Error>)> {
    let by_environment = std::env::var("WGPU_ADAPTER_NAME").ok().filter(|name| !name.is_empty());
    let wanted = match (wanted, by_environment) {
        ("auto" | "gpu", Some(name)) => name,
        _ => wanted.to_owned(),
    };
    let adapters = adapters().await;
    let names: Vec<String> = adapters.iter().map(|adapter| adapter.get_info().name).collect();
    let found = adapters.iter().find(|adapter| match wanted.as_str() {
        "auto" => is_automatic(adapter),
        "gpu" => true,
        name => adapter.get_info().name.to_lowercase().contains(&name.to_lowercase()),
    });
    if found.is_none() && wanted != "auto" {
        let available = match names.as_slice() {
            [] => "there is none".to_owned(),
            _ => format!("there are: {}", names.join(", ")),
        };
        let available = format!("{available}. {MORE}");
        return Err(Error::NoAdapter { wanted, available });
    }
    Ok((found.cloned(), if found.is_none() { passed_over(&adapters) } else { None }))
}

/// The adapter in words.
pub fn describe(info: &wgpu::AdapterInfo) -> DeviceInfo {
    let kind = match info.device_type {
        DeviceType::DiscreteGpu => "discrete-gpu",
        DeviceType::IntegratedGpu => "integrated-gpu",
        DeviceType::VirtualGpu => "virtual-gpu",
        DeviceType::Cpu => "cpu",
        DeviceType::Other => "other",
    };
    DeviceInfo {
        // A browser need not say.
        name: if info.name.is_empty() { "GPU".to_owned() } else { info.name.clone() },
        backend: info.backend.to_string(),
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
        kind: kind.to_owned(),
    }
}

fn rank(kind: DeviceType) -> u8 {
    match kind {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    }
}

/// What matters of an adapter for recurrent kernels.
#[derive(Clone, Debug, Serialize)]
pub struct AdapterFacts {
    /// The adapter in words.
    #[serde(skip)]
    pub info: DeviceInfo,
    /// Bytes of workgroup memory: they bound the hidden size.
    pub workgroup_memory: u32,
    /// Invocations of a workgroup.
    pub workgroup_invocations: u32,
    /// Bytes of the largest buffer that a kernel can see: they bound batch times steps times hidden size.
    pub largest_buffer: u64,
    /// Invocations that run together, least and most; 0 where the driver does not say.
    pub subgroup: [u32; 2],
    /// Whether it computes in half precision.
    pub half: bool,
}

impl AdapterFacts {
    /// The facts of an adapter.
    pub fn of(adapter: &Adapter) -> Self {
        let (info, limits) = (adapter.get_info(), adapter.limits());
        AdapterFacts {
            workgroup_memory: limits.max_compute_workgroup_storage_size,
            workgroup_invocations: limits.max_compute_invocations_per_workgroup,
            largest_buffer: limits.max_buffer_size.min(limits.max_storage_buffer_binding_size),
            subgroup: [info.subgroup_min_size, info.subgroup_max_size],
            half: adapter.features().contains(wgpu::Features::SHADER_F16),
            info: describe(&info),
        }
    }
}

impl std::fmt::Display for AdapterFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [least, most] = self.subgroup;
        write!(
            f,
            "workgroups of {} with {} KiB, buffers of {} MiB, subgroups of {least} to {most}, half precision: {}",
            self.workgroup_invocations,
            self.workgroup_memory >> 10,
            self.largest_buffer >> 20,
            if self.half { "yes" } else { "no" },
        )
    }
}
