//! The kernels: loops over vectors of lanes, each compiled for every SIMD level and, where it scans, for every cell.
//! What lives here knows nothing of batches, threads and parameter blocks.

mod aligned;
mod block;
mod dropout;
mod functions;
mod lanes;
mod lengths;
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

pub(super) use aligned::{AlignedBuffer, MAX_LANES};
pub(super) use block::{blocks, choose};
pub(super) use dropout::ApplyMask;
pub(super) use lengths::TileLengths;
pub(super) use loss::LossGradient;
pub(super) use outer::{Outer, SCRATCH};
pub(super) use packed::{Packed, PackedBack, PackedScan};
pub(super) use product::Product;
pub(super) use row_scan::{MAX_OUTPUTS, RowProduct, RowScan, row_block};
pub(super) use scan::{ForwardScan, Geometry};
pub(super) use scan_back::BackwardScan;
pub(super) use sum::Sum;
pub(super) use wide::{Wide, vectors};
