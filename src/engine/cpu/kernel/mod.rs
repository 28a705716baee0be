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
mod scan;
mod scan_back;
mod sum;
mod transpose;
mod units;
mod wide;

pub(super) use aligned::{AlignedBuffer, MAX_LANES};
pub(super) use block::{blocks, choose};
pub(super) use dropout::ApplyMask;
pub(super) use lengths::TileLengths;
pub(super) use loss::LossGradient;
pub(super) use outer::{Outer, SCRATCH};
pub(super) use packed::{Packed, PackedBack, PackedHead, PackedScan};
pub(super) use product::{Product, Segments};
pub(super) use scan::{ForwardScan, Geometry};
pub(super) use scan_back::BackwardScan;
pub(super) use sum::Sum;
pub(super) use units::{
    BackwardCell, ForwardCell, MAX_BLOCK, RowsOuter, RowsProduct, Start, accumulate, block_of, mask, scratch_of,
};
pub(super) use wide::{Wide, registers, vectors};
