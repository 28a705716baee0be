//! The seam: what a device must do for a network. Training and forecasting are written on this trait alone; `gpu` and
//! `cpu` implement it. Parameters, gradients and moments cross it as flat blocks in the layout of
//! [`crate::model::Layout`].

mod checks;
pub mod cpu;
mod device;
mod device_info;
pub mod gpu;
mod interface;
mod precision;
mod steps;
mod tensors;

pub use checks::{check_sequences, check_stream, check_windows};
pub use device::{AnyEngine, Device};
pub use device_info::DeviceInfo;
pub use interface::Engine;
pub use precision::Precision;
pub use steps::Steps;
pub use tensors::{Gradients, Moments, Outputs};
