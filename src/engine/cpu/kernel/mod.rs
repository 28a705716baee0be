//! The kernels: loops over vectors of lanes, each compiled for every SIMD level and, where it scans, for every cell. What
//! lives here knows nothing of batches, threads and parameter blocks.

mod dropout;
mod ends;
mod functions;
mod lanes;
mod lines;
mod loss;
mod outer;
mod outer_rows;
mod packed;
mod product;
mod scan;
mod scan_back;
mod transpose;

pub(super) use dropout::Drop;
pub(super) use ends::Ends;
pub(super) use lines::{Lines, WIDEST};
pub(super) use loss::LossGradient;
pub(super) use outer::{Outer, SCRATCH, Sum};
pub(super) use packed::{Blocking, Packed, PackedScan};
pub(super) use product::{Product, Segments};
pub(super) use scan::{ForwardScan, Geometry};
pub(super) use scan_back::BackwardScan;
