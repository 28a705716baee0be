//! The engine on a device: what it keeps there, and each call of the seam in a few lines.

mod core;
mod data;
mod gpu_engine;
mod inference;
mod network;
mod profile;
mod recorded;
mod sequences;
mod spare;
mod stream;
mod train;

pub use gpu_engine::GpuEngine;
pub use profile::{KernelTime, Memory};
pub use recorded::GpuTape;
