//! What a device is.

use serde::Serialize;

/// What a device is, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceInfo {
    /// The adapter's or processor's name.
    pub name: String,
    /// The interface behind it: `vulkan`, `metal`, `dx12`, `webgpu`, or `native` for the CPU engine.
    pub backend: String,
    /// Driver and its version.
    pub driver: String,
    /// `discrete-gpu`, `integrated-gpu`, `virtual-gpu`, `cpu` or `other`.
    #[serde(rename = "type")]
    pub kind: String,
}
