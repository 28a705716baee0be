//! The passes of one tile, kernel after kernel.

use super::batch::Batch;
use super::kernel::{BackwardScan, ForwardScan, Outer, Product, Segments, Sum};
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

/// The way back, after [`Forward`] with the tape kept: adds to the gradient of every parameter, and gives the sum of the
/// squared errors.
pub(super) struct Backward<'a> {
    pub network: &'a Network,
    pub batch: &'a Batch<'a>,
    pub rows: Range<usize>,
    pub workspace: &'a mut Workspace,
    /// The gradient of the parameter block.
    pub gradient: &'a mut [f32],
    /// Whether the gradient of x is wanted.
    pub with_d_x: bool,
}

/// A pass with its SIMD level, which waits for its cell.
struct At<S, P> {
    simd: S,
    pass: P,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    fn with_simd<S: Simd>(self, simd: S) {
        self.network.spec.cell.visit(At { simd, pass: self });
    }
}

impl WithSimd for Backward<'_> {
    type Output = f64;

    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        self.network.spec.cell.visit(At { simd, pass: self })
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
            let (input, input_stride) = match below.last() {
                None => (&workspace.x[..], network.x_stride()),
                Some(h) => (&h[geometry.state_stride * lanes..], geometry.state_stride),
            };
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

        let outputs = spec.head.outputs;
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

impl<S: Simd> CellVisitor for At<S, Backward<'_>> {
    type Output = f64;

    fn visit<C: Cell>(self) -> f64 {
        let At { simd, pass: Backward { network, batch, rows, workspace, gradient, with_d_x } } = self;
        let (spec, layout, lanes, steps) = (&network.spec, &network.layout, workspace.lanes, workspace.steps);
        let (outputs, read) = (spec.head.outputs, spec.read_steps(steps));
        let loss = workspace.loss(batch, &rows, batch.rows() * read * outputs);

        let (top, stride) = top(network, workspace);
        simd.vectorize(Outer {
            a: &workspace.d_y,
            a_stride: outputs,
            segments: Segments { starts: &[0], len: outputs },
            b: &workspace.h[spec.layers - 1][top],
            b_stride: stride,
            columns: spec.top(),
            gradient: &mut gradient[layout.head_weight()],
            scratch: &mut workspace.scratch,
        });
        simd.vectorize(Sum { a: &workspace.d_y, stride: outputs, gradient: &mut gradient[layout.head_bias()] });
        let d_h = &mut workspace.d_h[..read * stride * lanes];
        d_h.fill(0.0);
        simd.vectorize(Product {
            weights: &network.head_back,
            input: &workspace.d_y,
            input_stride: outputs,
            segments: Segments { starts: &[0], len: outputs },
            out: d_h,
            out_stride: stride,
        });

        let mut d_h_from = steps - read;
        for layer in (0..spec.layers).rev() {
            let (d_input, d_input_stride) = match layer {
                0 => (&mut workspace.d_x, network.x_stride()),
                _ => (&mut workspace.d_below, stride),
            };
            if layer > 0 || with_d_x {
                d_input.fill(0.0);
            }
            for direction in 0..spec.directions() {
                let scan = layer * spec.directions() + direction;
                let geometry = network.geometry(scan, steps, true);
                let (h, c, tape) = (&workspace.h[layer], &workspace.c[layer], &mut workspace.tapes[scan]);
                workspace.d_states[scan].fill(0.0);
                workspace.d_bias.fill(0.0);
                simd.vectorize(BackwardScan::<C> {
                    cell: PhantomData,
                    geometry,
                    weights: &network.scans[scan].hidden_back,
                    h,
                    c,
                    tape,
                    d_h: &workspace.d_h,
                    d_h_from,
                    d_state: &mut workspace.d_states[scan],
                    d_bias: &mut workspace.d_bias,
                });

                let ranges = &layout.layers()[scan];
                let (input, input_stride) = match layer {
                    0 => (&workspace.x[..], network.x_stride()),
                    _ => (&workspace.h[layer - 1][stride * lanes..], stride),
                };
                let before = geometry.states_around(0).0 * lanes;
                let input_slots = C::INPUT_SLOT.map(|slot| slot * spec.hidden);
                let hidden_slots = C::HIDDEN_SLOT.map(|slot| slot * spec.hidden);
                let segments = |starts| Segments { starts, len: spec.hidden };
                simd.vectorize(Outer {
                    a: tape,
                    a_stride: geometry.tape_stride,
                    segments: segments(&input_slots[..C::GATES]),
                    b: input,
                    b_stride: input_stride,
                    columns: spec.layer_input(layer),
                    gradient: &mut gradient[ranges.weight_ih.clone()],
                    scratch: &mut workspace.scratch,
                });
                simd.vectorize(Outer {
                    a: tape,
                    a_stride: geometry.tape_stride,
                    segments: segments(&hidden_slots[..C::GATES]),
                    b: &h[before..],
                    b_stride: stride,
                    columns: spec.hidden,
                    gradient: &mut gradient[ranges.weight_hh.clone()],
                    scratch: &mut workspace.scratch,
                });
                for gate in 0..C::GATES {
                    let input_bias =
                        ranges.bias_ih.start + gate * spec.hidden..ranges.bias_ih.start + (gate + 1) * spec.hidden;
                    let hidden_bias = ranges.bias_hh.start + gate * spec.hidden;
                    let sum = |slot: usize, gradient: &mut [f32]| {
                        simd.vectorize(Sum {
                            a: &workspace.d_bias[slot * lanes..],
                            stride: C::SLOTS * spec.hidden,
                            gradient,
                        });
                    };
                    sum(input_slots[gate], &mut gradient[input_bias.clone()]);
                    if input_slots[gate] == hidden_slots[gate] {
                        gradient.copy_within(input_bias, hidden_bias);
                    } else {
                        sum(hidden_slots[gate], &mut gradient[hidden_bias..][..spec.hidden]);
                    }
                }

                if layer > 0 || with_d_x {
                    simd.vectorize(Product {
                        weights: &network.scans[scan].input_back,
                        input: tape,
                        input_stride: geometry.tape_stride,
                        segments: segments(&input_slots[..C::GATES]),
                        out: d_input,
                        out_stride: d_input_stride,
                    });
                }
            }
            if layer > 0 {
                std::mem::swap(&mut workspace.d_h, &mut workspace.d_below);
                d_h_from = 0;
            }
        }
        loss
    }
}

/// Where h of the topmost layer lies at the times that the head reads, and from one time to the next.
fn top(network: &Network, workspace: &Workspace) -> (Range<usize>, usize) {
    let read = network.spec.read_steps(workspace.steps);
    let stride = network.geometry(0, workspace.steps, true).state_stride;
    let first = (workspace.steps - read + 1) * stride * workspace.lanes;
    (first..first + read * stride * workspace.lanes, stride)
}
