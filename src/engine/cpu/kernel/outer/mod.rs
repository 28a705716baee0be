//! The gradients of weight matrices: sums of products of deltas and inputs over all times and rows of a tile. There are
//! two ways: with vectors along the rows of the tile ([`lanes`]), or along a row of the gradient ([`rows`]).

mod choice;
mod lanes;
mod operands;
mod rows;

pub(in crate::engine::cpu) use operands::{Outer, SCRATCH};
