//! The native engine: f32 on the processor, in one of two ways. By tiles, a SIMD lane is a batch row, and a thread
//! takes a tile of rows through the whole sequence, forward and back. By units (`units`), lanes are hidden units,
//! which the threads share out: the way of few rows and of wide networks. Nothing here depends on an operating system:
//! it runs in a browser too, on the threads that a page starts, or on one.
//!
//! Results depend on the SIMD level, but not on the number of threads: which way is taken and in which order gradients
//! are added follow from shapes alone. A row's outputs do not depend on the rows beside it.

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
mod options;
mod pass;
mod pool;
mod recorded;
mod results;
mod threads;
mod tile;
mod training;
mod units;
mod way;
mod weights;

pub use explain::{Explained, explain};
pub use level::Level;
pub use native::CpuEngine;
pub use options::Options;
pub use recorded::Tape;
pub use way::Way;
