//! The device behind wgpu: adapters, kernels, buffers, and the plan of dispatches of one network and batch shape. What a
//! kernel computes stands in `shaders/`; nothing here is generic over the cell, and nothing here trains or forecasts.

mod adapter;
mod array;
mod context;
mod dims;
mod kernel;
#[cfg(test)]
mod mutants;
mod network;
mod pieces;
mod plan;
mod probe;
mod profile;
mod run;
mod shaders;
mod stream;
#[cfg(test)]
mod tests;
mod texels;
mod train;
mod traits;
mod variant;
mod work;

pub use adapter::{Facts, adapters, choose};
pub use context::{Gpu, Options};
pub use profile::{KernelTime, Memory};
pub use run::GpuEngine;
pub use traits::Kernels;
