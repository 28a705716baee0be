//! The kernels of the way by units: lanes lie along units, outputs or columns, so that a single row fills them.

mod cell;
mod outer;
mod product;
mod values;

pub(in crate::engine::cpu) use cell::{BackwardCell, ForwardCell};
pub(in crate::engine::cpu) use outer::{RowsOuter, scratch_of};
pub(in crate::engine::cpu) use product::{MAX_BLOCK, RowsProduct, Start, block_of};
pub(in crate::engine::cpu) use values::{accumulate, mask};
