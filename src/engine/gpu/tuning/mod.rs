//! Which kernels suit an adapter and a shape, and how their work is laid out: pure functions of the adapter's
//! capabilities, each with its arithmetic beside it. A software adapter is given what a GPU of its limits would be
//! given; all that differs is how long a loop may be.

mod choice;
mod cuts;
mod estimate;
mod fused;
mod gemm;
mod method;
mod scan;
mod setup;

pub use choice::{method, wavefront_span};
pub use cuts::{MOST_LOSS_PARTS, ROW_QUAD, gradient_parts, loss_parts, most_rows, projection_chunk, time_pieces};
pub use estimate::{Estimate, estimates};
pub use fused::fused;
pub use gemm::{outer_product, product, splits};
pub use method::Method;
pub use setup::Tuning;
