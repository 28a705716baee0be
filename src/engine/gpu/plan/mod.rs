//! The plan of one network and batch shape: first described (which buffers there are, with their shapes; which
//! dispatches run on them, in which order), then prepared on a device, then run as often as there are batches. A
//! description needs no device; `refrain explain` prints it. The way of a step through the kernels reads from top to
//! bottom in `forward.rs` and `backward.rs`.

mod backward;
mod buffers;
mod data;
mod description;
mod forward;
mod fused;
mod layers;
mod micro_batch;
mod network;
mod outer;
mod prepared;
mod purpose;
mod recurrent;
mod schedule;
mod states;
mod wavefront;

pub use buffers::{Buffers, Declared, Given, Origin};
pub use data::DataShape;
pub use description::Description;
pub use micro_batch::{micro_batch, recorded_rows, rows_and_steps, stream_steps};
pub use network::NetworkDescription;
pub use prepared::{Plan, Prepared, prepare_all};
pub use purpose::{Batches, Purpose, Reach};
pub use schedule::Scheduled;
