//! The native engine: f32 on the processor. One SIMD lane is one batch row. A tile of as many rows as a vector has
//! lanes goes through the whole sequence, forward and back, on one thread, which waits for the other threads once in a
//! training step. Nothing here depends on an operating system, and with one thread it runs in a browser.
//!
//! Results depend on the SIMD level, but not on the number of threads: the gradients of fixed groups of tiles are added
//! in a fixed order. A row's outputs do not depend on the rows beside it.

mod backward;
mod batch;
mod choice;
mod explain;
mod forward;
mod head;
mod inference;
mod kernel;
mod level;
mod load;
mod memory;
mod native;
mod network;
mod pass;
mod results;
mod threads;
mod tile;
mod training;
mod units;
mod way;
mod weights;

pub use explain::{Explained, explain};
pub use level::Level;
pub use native::{CpuEngine, Options};
pub use way::Way;
