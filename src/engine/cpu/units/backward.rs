//! One member's part of the way back: from the gradient of the top layer's output to every gradient of its share.

use super::forward::{active, layer_input};
use super::pass::{Geometry, Member, Pass};
use super::share::{ScanGradient, Share, ShareGradient};
use super::weights::own_inputs;
use super::workspace::Workspace;
use crate::engine::cpu::kernel::{BackwardCell, RowsOuter, RowsProduct, Segments, Start, accumulate, mask};
use crate::model::Readout;
use crate::model::cells::Cell;
use pulp::Simd;
use std::marker::PhantomData;

/// Which values of the slots of all units the gates of the weights add to.
#[derive(Clone, Copy)]
pub(in crate::engine::cpu) struct Slots<'a> {
    pub input: Segments<'a>,
    pub hidden: Segments<'a>,
}

/// Where a way back begins and how far it goes.
pub(super) struct WayBack<'a> {
    pub slots: Slots<'a>,
    /// Whether the pass has the last times; else the gradient of the states comes from the pass before.
    pub last: bool,
    /// Whether it goes on to x.
    pub with_d_x: bool,
}

impl Member {
    /// All layers, from the top down.
    pub fn backward<S: Simd, C: Cell>(
        &mut self,
        simd: S,
        pass: &Pass<'_>,
        shares: &[Share],
        way: &WayBack<'_>,
        gradient: &mut ShareGradient<'_>,
    ) {
        let directions = pass.spec.directions();
        for layer in (0..pass.spec.layers).rev() {
            let with_d_input = layer > 0 || way.with_d_x;
            if with_d_input {
                let d_input = if layer == 0 { &mut self.workspace.d_x } else { &mut self.workspace.d_below };
                d_input.fill(0.0);
            }
            for scan in layer * directions..(layer + 1) * directions {
                self.scan_back::<S, C>(simd, pass, shares, way, with_d_input, scan);
                self.weights::<S, C>(simd, pass, scan, &mut gradient.scans[scan]);
            }
            if layer > 0 {
                self.enter_layer_below(pass, layer - 1);
            }
        }
    }

    /// The deltas of one layer and direction, the gradient of its initial states, the sums of its deltas, and what it
    /// adds to the gradient of its input.
    fn scan_back<S: Simd, C: Cell>(
        &mut self,
        simd: S,
        pass: &Pass<'_>,
        shares: &[Share],
        way: &WayBack<'_>,
        with_d_input: bool,
        scan: usize,
    ) {
        let geometry = Geometry::new(pass.spec, pass.input, &self.share, scan);
        let layer = scan / pass.spec.directions();
        let Geometry { rows, hidden, units, direction, strides, .. } = geometry;
        let of_inputs = own_inputs(pass.spec, &self.share, layer);
        let Workspace {
            h,
            c,
            tapes,
            deltas,
            d_h,
            d_below,
            d_last,
            d_x,
            d_states,
            d_bias,
            inputs,
            active: goes_on,
            turn,
            ..
        } = &mut self.workspace;
        let (h, c, tape, d_states) = (&h[layer], &c[layer], &mut tapes[scan], &mut d_states[scan]);
        let weights = &self.weights.scans[scan];
        let every = layer + 1 < pass.spec.layers || pass.readout == Readout::Every;
        // What the head reads of a row at its last step, the reverse scan makes at its first.
        let at_last_step = !every && pass.readout == Readout::LastStep && direction == 1;
        d_bias.fill(0.0);
        let add = |d_states: &mut [f32], d_out: &[f32], row: usize| {
            let d_out = &d_out[row * strides.c + direction * units..][..units];
            accumulate(&mut d_states[row * units..][..units], d_out);
        };
        if way.last && !every && !at_last_step {
            (0..rows).for_each(|row| add(d_states, d_last, row));
        }
        for k in (0..geometry.steps).rev() {
            let t = geometry.time(k);
            let active = active(pass, goes_on, t);
            if every {
                (0..rows).for_each(|row| add(d_states, &d_h[t * rows * strides.c..], row));
            } else if at_last_step {
                (0..rows).filter(|&row| pass.input.length(row) == t + 1).for_each(|row| add(d_states, d_last, row));
            }
            let tape = &mut tape[geometry.tape_at(t)..];
            simd.vectorize(BackwardCell::<C> {
                cell: PhantomData,
                units,
                active,
                tape,
                tape_stride: strides.tape,
                h,
                h_stride: strides.h,
                h_places: geometry.own_h(t),
                c,
                c_stride: strides.c,
                c_places: geometry.own_c(t),
                d_states,
                d_bias,
                rows,
            });
            let (deltas, deltas_stride) = if pass.team.members() == 1 {
                (&*tape, strides.tape)
            } else {
                pass.team.give(self.index, *turn, |mail| {
                    let rows = tape.chunks(strides.tape).take(rows);
                    rows.for_each(|deltas| mail.extend_from_slice(&deltas[..C::SLOTS * units]));
                });
                let all = deltas.chunks_exact_mut(C::SLOTS * hidden);
                for (all, own) in all.zip(tape.chunks(strides.tape)).take(rows) {
                    place::<C>(all, own, &self.share, hidden);
                }
                pass.team.take(self.index, turn, |member, values| {
                    let values = values.chunks_exact(C::SLOTS * shares[member].units.len());
                    for (all, values) in deltas.chunks_exact_mut(C::SLOTS * hidden).zip(values) {
                        place::<C>(all, values, &shares[member], hidden);
                    }
                });
                (&**deltas, C::SLOTS * hidden)
            };
            simd.vectorize(RowsProduct {
                weights: &weights.hidden_back,
                start: Start::Add,
                input: deltas,
                input_stride: deltas_stride,
                segments: way.slots.hidden,
                out: d_states,
                out_stride: units,
                rows,
                scratch: inputs,
            });
            if with_d_input {
                let d_input = if layer == 0 { &mut *d_x } else { &mut *d_below };
                simd.vectorize(RowsProduct {
                    weights: &weights.input_back,
                    start: Start::Add,
                    input: deltas,
                    input_stride: deltas_stride,
                    segments: way.slots.input,
                    out: &mut d_input[t * rows * of_inputs..],
                    out_stride: of_inputs,
                    rows,
                    scratch: inputs,
                });
            }
        }
    }

    /// The gradients of W_ih, W_hh and the biases.
    fn weights<S: Simd, C: Cell>(&mut self, simd: S, pass: &Pass<'_>, scan: usize, gradient: &mut ScanGradient<'_>) {
        let geometry = Geometry::new(pass.spec, pass.input, &self.share, scan);
        let layer = scan / pass.spec.directions();
        let inputs = pass.spec.layer_input(layer);
        let Geometry { steps, rows, hidden, units, strides, .. } = geometry;
        let Workspace { h, dropped, tapes, d_bias, scratch, .. } = &mut self.workspace;
        let (input, input_stride) = layer_input(pass, &geometry, layer, h, dropped);
        // The places before all times, one after the other.
        let before = &h[layer][geometry.h_before(0)..];
        for gate in 0..C::GATES {
            for (slot, b, b_stride, columns, gradient) in [
                (C::INPUT_SLOT[gate], input, input_stride, inputs, &mut *gradient.weight_ih[gate]),
                (C::HIDDEN_SLOT[gate], before, strides.h, hidden, &mut *gradient.weight_hh[gate]),
            ] {
                simd.vectorize(RowsOuter {
                    a: &tapes[scan][slot * units..],
                    a_stride: strides.tape,
                    b,
                    b_stride,
                    positions: steps * rows,
                    columns,
                    gradient,
                    scratch,
                });
            }
            accumulate(gradient.bias_ih[gate], &d_bias[C::INPUT_SLOT[gate] * units..]);
            accumulate(gradient.bias_hh[gate], &d_bias[C::HIDDEN_SLOT[gate] * units..]);
        }
    }

    /// Goes on to the layer `layer` below: the gradient of the input just computed is that of its output.
    fn enter_layer_below(&mut self, pass: &Pass<'_>, layer: usize) {
        let Workspace { d_h, d_below, .. } = &mut self.workspace;
        std::mem::swap(d_h, d_below);
        let Some(of) = pass.mask else { return };
        let (units, rows) = (&self.share.units, pass.input.rows.len());
        let positions = d_h.chunks_exact_mut(pass.spec.directions() * units.len()).take(pass.input.steps() * rows);
        for (position, d_h) in positions.enumerate() {
            let (time, row) = (pass.input.times.start + position / rows, pass.input.rows.start + position % rows);
            for (direction, d_h) in d_h.chunks_exact_mut(units.len()).enumerate() {
                mask(of, layer, row, time, direction * pass.spec.hidden + units.start, d_h);
            }
        }
    }
}

/// Copies a member's deltas [slots, units] to their places in those of all, [slots, H].
fn place<C: Cell>(all: &mut [f32], own: &[f32], share: &Share, hidden: usize) {
    let units = &share.units;
    for slot in 0..C::SLOTS {
        all[slot * hidden..][units.clone()].copy_from_slice(&own[slot * units.len()..][..units.len()]);
    }
}
