//! Takes one tile forward through the network, kernel after kernel, from x to the outputs.

use super::kernel::{AlignedBuffer, ApplyMask, ForwardScan, Wide};
use super::network::Network;
use super::pass::{Forward, SimdPass, Task};
use crate::model::cells::Cell;
use crate::model::{CellVisitor, Mask};
use pulp::{Simd, WithSimd};
use std::marker::PhantomData;

impl WithSimd for Forward<'_> {
    type Output = ();

    fn with_simd<S: Simd>(self, simd: S) {
        self.task.network.spec.cell.visit(SimdPass { simd, pass: self });
    }
}

impl<S: Simd> CellVisitor for SimdPass<S, Forward<'_>> {
    type Output = ();

    fn visit<C: Cell>(mut self) {
        let SimdPass { simd, pass: Forward { task, batch, ref rows, ref times, ref mut workspace } } = self;
        let Task { network, mask } = *task;
        workspace.load(network, batch, rows, times);
        let (spec, lanes) = (&network.spec, workspace.lanes);
        for (scan, weights) in network.scans.iter().enumerate() {
            let geometry = network.geometry(scan, workspace.kept.steps, workspace.shape.keep_tape);
            let (layer, direction) = (scan / spec.directions(), scan % spec.directions());
            let (below, h) = workspace.kept.h.split_at_mut(layer);
            let (input, input_stride) =
                layer_input(network, &workspace.kept.x, below, &workspace.kept.dropped, mask, lanes);
            simd.vectorize(Wide(ForwardScan::<C> {
                cell: PhantomData,
                geometry,
                lengths: workspace.kept.lengths,
                weights,
                input,
                input_stride,
                inputs: spec.layer_input(layer),
                h: &mut h[0],
                c: &mut workspace.kept.c[layer],
                tape: &mut workspace.kept.tapes[scan],
            }));
            if let (Some(mask), true) = (mask, direction + 1 == spec.directions() && layer + 1 < spec.layers) {
                let stride = network.state_stride();
                let len = workspace.kept.steps * stride * lanes;
                // Place 0 of h holds an initial state.
                let values = &mut workspace.kept.dropped[layer][..len];
                values.copy_from_slice(&workspace.kept.h[layer][stride * lanes..][..len]);
                let rows = workspace.kept.rows;
                simd.vectorize(Wide(ApplyMask { mask, layer, rows, units: spec.top(), values, stride }));
            }
        }
        self.head();
    }
}

/// The input of the layer above the layers whose h is `below`, [T, I], and its stride in time.
pub(super) fn layer_input<'a>(
    network: &Network,
    x: &'a AlignedBuffer,
    below: &'a [AlignedBuffer],
    dropped: &'a [AlignedBuffer],
    mask: Option<Mask>,
    lanes: usize,
) -> (&'a [f32], usize) {
    let stride = network.state_stride();
    match below.last() {
        None => (x, network.x_stride()),
        Some(_) if mask.is_some() => (&dropped[below.len() - 1], stride),
        Some(h) => (&h[stride * lanes..], stride),
    }
}
