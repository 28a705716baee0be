//! A pass of one tile through the network: what it is given. `forward.rs` and `backward.rs` run it.

use super::batch::Batch;
use super::network::Network;
use super::tile::Workspace;
use crate::engine::OutputGradients;
use crate::loss::Loss;
use crate::model::Mask;
use std::ops::Range;

/// The network, and how a batch goes through it.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    pub network: &'a Network,
    /// What is dropped between the layers, if anything is.
    pub mask: Option<Mask>,
}

/// Takes some rows of a batch, at some times, through the network, from x to the outputs.
pub(super) struct Forward<'a> {
    pub task: &'a Task<'a>,
    pub batch: &'a Batch<'a>,
    pub rows: Range<usize>,
    pub times: Range<usize>,
    pub workspace: &'a mut Workspace,
}

/// A loss of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Minimised<'a> {
    /// It has the targets.
    pub batch: &'a Batch<'a>,
    pub loss: Loss,
    /// The number of terms that the loss is the mean of.
    pub terms: usize,
}

/// What the way back over a batch begins with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source<'a> {
    Loss(Minimised<'a>),
    /// The gradients of the outputs and final states of a batch of so many rows; an empty one stands for zeros.
    Gradients(usize, OutputGradients<'a>),
}

/// What is asked of the way back over a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct BackwardOptions<'a> {
    pub source: Source<'a>,
    /// Whether the gradient of x is computed too.
    pub with_d_x: bool,
}

/// Takes the same rows back from the loss, or from the gradients of the outputs, to every gradient, after a [`Forward`] that kept the tape. It adds to the
/// gradient of every parameter and returns the sum of the loss's terms, where there is one.
pub(super) struct Backward<'a> {
    pub task: &'a Task<'a>,
    pub options: &'a BackwardOptions<'a>,
    pub rows: Range<usize>,
    pub workspace: &'a mut Workspace,
    /// The gradient of the parameter block.
    pub gradient: &'a mut [f32],
}

/// A pass at a SIMD level. As a [`CellVisitor`](crate::model::CellVisitor) it then gets its cell.
pub(super) struct SimdPass<S, P> {
    pub simd: S,
    pub pass: P,
}
