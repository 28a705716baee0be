//! The kernels: loops over vectors of lanes, each compiled for every SIMD level and, where it scans, for every cell. What
//! lives here knows nothing of batches, threads and parameter blocks.

mod block;
mod dropout;
mod ends;
mod functions;
mod lanes;
mod lines;
mod loss;
mod outer;
mod packed;
mod product;
mod row_scan;
mod scan;
mod scan_back;
mod sum;
mod transpose;
mod wide;

pub(super) use block::{blocks, choose};
pub(super) use dropout::Drop;
pub(super) use ends::Ends;
pub(super) use lines::{Lines, WIDEST};
pub(super) use loss::LossGradient;
pub(super) use outer::{Outer, SCRATCH};
pub(super) use packed::{Packed, PackedBack, PackedScan};
pub(super) use product::Product;
pub(super) use row_scan::{MOST_OUTPUTS, RowProduct, RowScan, row_block};
pub(super) use scan::{ForwardScan, Geometry};
pub(super) use scan_back::BackwardScan;
pub(super) use sum::Sum;
pub(super) use wide::{Wide, vectors};
