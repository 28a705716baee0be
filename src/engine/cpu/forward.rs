//! One tile through the network, kernel after kernel, from x to the outputs.

use super::batch::Batch;
use super::kernel::{ForwardScan, Lines, Product, Segments};
use super::network::Network;
use super::tile::Workspace;
use crate::model::CellVisitor;
use crate::model::cells::Cell;
use pulp::{Simd, WithSimd};
use std::marker::PhantomData;
use std::ops::Range;

/// Takes some rows of a batch through the network, from x to the outputs.
pub(super) struct Forward<'a> {
    pub network: &'a Network,
    pub batch: &'a Batch<'a>,
    pub rows: Range<usize>,
    pub workspace: &'a mut Workspace,
}

/// A pass with its SIMD level, which waits for its cell.
pub(super) struct At<S, P> {
    pub simd: S,
    pub pass: P,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    fn with_simd<S: Simd>(self, simd: S) {
        self.network.spec.cell.visit(At { simd, pass: self });
    }
}

impl<S: Simd> CellVisitor for At<S, Forward<'_>> {
    type Output = ();

    fn visit<C: Cell>(self) {
        let At { simd, pass: Forward { network, batch, rows, workspace } } = self;
        workspace.load(network, batch, &rows);
        let (spec, lanes) = (&network.spec, workspace.lanes);
        for (scan, weights) in network.scans.iter().enumerate() {
            let geometry = network.geometry(scan, workspace.steps, workspace.keep_tape);
            let layer = scan / spec.directions();
            let (below, h) = workspace.h.split_at_mut(layer);
            let (input, input_stride) = layer_input(network, &workspace.x, below, lanes);
            simd.vectorize(ForwardScan::<C> {
                cell: PhantomData,
                geometry,
                weights,
                input,
                input_stride,
                inputs: spec.layer_input(layer),
                h: &mut h[0],
                c: &mut workspace.c[layer],
                tape: &mut workspace.tapes[scan],
            });
        }

        let outputs = spec.outputs();
        for y in workspace.y.chunks_exact_mut(outputs * lanes) {
            for (y, &bias) in y.chunks_exact_mut(lanes).zip(&network.head_bias) {
                y.fill(bias);
            }
        }
        let (top, stride) = top(network, workspace);
        simd.vectorize(Product {
            weights: &network.head,
            input: &workspace.h[spec.layers - 1][top],
            input_stride: stride,
            segments: Segments { starts: &[0], len: spec.top() },
            out: &mut workspace.y,
            out_stride: outputs,
        });
    }
}

/// The input of the layer above the layers whose h is `below`, [T, I], and the vectors from one time to the next.
pub(super) fn layer_input<'a>(network: &Network, x: &'a Lines, below: &'a [Lines], lanes: usize) -> (&'a [f32], usize) {
    let stride = network.state_stride();
    match below.last() {
        None => (x, network.x_stride()),
        // Place 0 of h holds an initial state.
        Some(h) => (&h[stride * lanes..], stride),
    }
}

/// Where h of the topmost layer lies at the times that the head reads, and from one time to the next.
pub(super) fn top(network: &Network, workspace: &Workspace) -> (Range<usize>, usize) {
    let read = network.spec.read_steps(workspace.steps);
    let stride = network.state_stride();
    let first = (workspace.steps - read + 1) * stride * workspace.lanes;
    (first..first + read * stride * workspace.lanes, stride)
}
