//! The seam: what a device must do for a network. Training and forecasting are written on this trait alone; `gpu` and
//! `cpu` implement it. Parameters, gradients and moments cross it as flat blocks in the layout of
//! [`crate::model::Layout`].

#[cfg(feature = "gpu")]
mod adapters;
mod checks;
pub mod cpu;
mod device;
mod device_info;
#[cfg(feature = "gpu")]
pub mod gpu;
mod interface;
#[cfg(any(test, not(feature = "gpu")))]
mod no_adapters;
mod precision;
mod segmented;
mod stamp;
mod steps;
mod tensors;

#[cfg(not(feature = "gpu"))]
use no_adapters as adapters;

pub use checks::{check_d_outputs, check_sequences, check_steps, check_stream, check_windows};
pub use device::{AnyEngine, AnyTape, Device};
pub use device_info::DeviceInfo;
pub use interface::Engine;
pub use precision::Precision;
pub use segmented::{Segmented, SegmentedTape};
pub use steps::Steps;
pub use tensors::{Differentiated, Gradients, Moments, OutputGradients, Outputs};
