//! The device behind wgpu, in floors that know nothing of those above them: `device` (adapters, buffers, pipelines),
//! `kernels` (what runs),
//! `tuning` (which of it suits), `plan` (the dispatches of one network and batch shape), `engine`. What a kernel
//! computes stands in
//! `shaders/`; nothing here trains or forecasts.

mod device;
mod engine;
mod explain;
mod kernels;
mod plan;
#[cfg(test)]
mod tests;
mod tuning;

pub use device::{
    AdapterFacts, Capabilities, Gpu, Kernels, Kind, Options, adapters, choose, choose_or_why, is_automatic, unsuited,
};
pub use engine::{GpuEngine, GpuTape, KernelTime, Memory};
pub use explain::{
    Choice, Explained, ExplainedDispatch, ExplainedMemory, Request, choices, explain, kernel_names, module_sources,
};
