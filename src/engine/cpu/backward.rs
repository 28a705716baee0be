//! Takes one tile backward through the network, kernel after kernel, from the loss to every gradient.

use super::forward::layer_input;
use super::kernel::{ApplyMask, BackwardScan, Outer, Product, Sum, Wide};
use super::pass::{Backward, SimdPass, Task};
use super::tile::{Kept, Workspace};
use crate::model::CellVisitor;
use crate::model::cells::Cell;
use pulp::{Simd, WithSimd};
use std::marker::PhantomData;

impl WithSimd for Backward<'_> {
    type Output = f64;

    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        self.task.network.spec.cell.visit(SimdPass { simd, pass: self })
    }
}

impl<S: Simd> CellVisitor for SimdPass<S, Backward<'_>> {
    type Output = f64;

    fn visit<C: Cell>(mut self) -> f64 {
        let terms = self.begin();
        let mut d_h_from = self.head();
        let Backward { task: Task { network, .. }, options, .. } = self.pass;
        let spec = &network.spec;
        for layer in (0..spec.layers).rev() {
            let with_d_input = layer > 0 || options.with_d_x;
            if with_d_input {
                self.d_input(layer).0.fill(0.0);
            }
            for scan in layer * spec.directions()..(layer + 1) * spec.directions() {
                self.scan::<C>(scan, d_h_from);
                self.weights(scan);
                self.biases::<C>(scan);
                if with_d_input {
                    self.input(scan);
                }
            }
            if layer > 0 {
                self.enter_layer_below(layer - 1);
                d_h_from = 0;
            }
        }
        terms
    }
}

impl<S: Simd> SimdPass<S, Backward<'_>> {
    /// Goes on to the layer `layer` below: the gradient of the input just computed is that of its output.
    fn enter_layer_below(&mut self, layer: usize) {
        let SimdPass { simd, pass: Backward { task: Task { network, mask, .. }, workspace, .. } } = self;
        let Workspace { d_h, d_below, kept: Kept { rows, .. }, .. } = &mut **workspace;
        std::mem::swap(d_h, d_below);
        if let Some(mask) = *mask {
            let stride = network.state_stride();
            simd.vectorize(Wide(ApplyMask {
                mask,
                layer,
                rows: *rows,
                units: network.spec.top(),
                values: d_h,
                stride,
            }));
        }
    }

    /// The deltas of one layer and direction, the gradient of its initial states, and the sums of its deltas.
    fn scan<C: Cell>(&mut self, scan: usize, d_h_from: usize) {
        let SimdPass { simd, pass: Backward { task: Task { network, .. }, workspace, .. } } = self;
        let layer = scan / network.spec.directions();
        workspace.d_bias.fill(0.0);
        simd.vectorize(Wide(BackwardScan::<C> {
            cell: PhantomData,
            geometry: network.geometry(scan, workspace.kept.steps, true),
            lengths: workspace.kept.lengths,
            weights: &network.backs[scan].hidden,
            slots: &network.hidden_slots,
            h: &workspace.kept.h[layer],
            c: &workspace.kept.c[layer],
            tape: &mut workspace.kept.tapes[scan],
            d_h: &workspace.d_h,
            d_h_from,
            d_state: &mut workspace.d_states[scan],
            d_ended: &mut workspace.d_ended,
            d_bias: &mut workspace.d_bias,
        }));
    }

    /// The gradients of W_ih and W_hh.
    fn weights(&mut self, scan: usize) {
        let SimdPass { simd, pass: Backward { task: Task { network, mask, .. }, workspace, gradient, .. } } = self;
        let (spec, lanes) = (&network.spec, workspace.lanes);
        let geometry = network.geometry(scan, workspace.kept.steps, true);
        let ranges = &network.layout.layers()[scan];
        let layer = scan / spec.directions();
        let Workspace { kept: Kept { x, h, dropped, tapes, .. }, scratch, .. } = &mut **workspace;
        let (input, input_stride) = layer_input(network, x, &h[..layer], dropped, *mask, lanes);
        let before = geometry.states_around(0).0 * lanes;
        simd.vectorize(Wide(Outer {
            a: &tapes[scan],
            a_stride: geometry.tape_stride,
            segments: &network.input_slots,
            b: input,
            b_stride: input_stride,
            columns: spec.layer_input(layer),
            gradient: &mut gradient[ranges.weight_ih.clone()],
            scratch,
        }));
        simd.vectorize(Wide(Outer {
            a: &tapes[scan],
            a_stride: geometry.tape_stride,
            segments: &network.hidden_slots,
            b: &h[layer][before..],
            b_stride: geometry.state_stride,
            columns: spec.hidden,
            gradient: &mut gradient[ranges.weight_hh.clone()],
            scratch,
        }));
    }

    /// The gradients of b_ih and b_hh, which are the same where both add to one slot.
    fn biases<C: Cell>(&mut self, scan: usize) {
        let SimdPass { simd, pass: Backward { task: Task { network, .. }, workspace, gradient, .. } } = self;
        let ranges = &network.layout.layers()[scan];
        let hidden = network.spec.hidden;
        let slots = C::INPUT_SLOT.into_iter().zip(C::HIDDEN_SLOT).take(C::GATES);
        for (gate, (input_slot, hidden_slot)) in slots.enumerate() {
            let sum = |slot: usize, gradient: &mut [f32]| {
                let a = &workspace.d_bias[slot * hidden * workspace.lanes..];
                simd.vectorize(Wide(Sum { a, stride: C::SLOTS * hidden, gradient }));
            };
            let first = ranges.bias_ih.start + gate * hidden;
            let second = ranges.bias_hh.start + gate * hidden;
            sum(input_slot, &mut gradient[first..][..hidden]);
            if hidden_slot == input_slot {
                gradient.copy_within(first..first + hidden, second);
            } else {
                sum(hidden_slot, &mut gradient[second..][..hidden]);
            }
        }
    }

    /// Adds to the gradient of the layer's input.
    fn input(&mut self, scan: usize) {
        let network = self.pass.task.network;
        let tape_stride = network.geometry(scan, self.pass.workspace.kept.steps, true).tape_stride;
        // The tape is taken out for a moment, since the input's gradient is borrowed from the same workspace.
        let tape = std::mem::take(&mut self.pass.workspace.kept.tapes[scan]);
        let simd = self.simd;
        let (out, out_stride) = self.d_input(scan / network.spec.directions());
        simd.vectorize(Wide(Product {
            weights: &network.backs[scan].input,
            input: &tape,
            input_stride: tape_stride,
            segments: &network.input_slots,
            out,
            out_stride,
        }));
        self.pass.workspace.kept.tapes[scan] = tape;
    }

    /// The buffer for the gradient of a layer's input, and its stride in time.
    fn d_input(&mut self, layer: usize) -> (&mut [f32], usize) {
        let Backward { task: Task { network, .. }, workspace, .. } = &mut self.pass;
        match layer {
            0 => (&mut workspace.d_x, network.x_stride()),
            _ => (&mut workspace.d_below, network.state_stride()),
        }
    }
}
