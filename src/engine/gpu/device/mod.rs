//! The ground floor: adapters and what they can do, an open device, its buffers and compiled pipelines. Nothing here
//! knows what a kernel computes.

mod adapter;
mod array;
mod capabilities;
mod commands;
mod gpu;
mod options;
mod pace;
mod pipeline;

pub use adapter::{AdapterFacts, adapters, choose, choose_or_why, is_automatic, unsuited};
pub use array::{ALIGNMENT, Array};
pub use capabilities::{Capabilities, Kind};
pub use commands::Commands;
pub use gpu::Gpu;
pub use options::{Kernels, Options};
pub use pipeline::{Access, Binding, Pipeline, Source, reflect};
