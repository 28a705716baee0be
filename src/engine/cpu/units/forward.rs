//! One member's part of a forward pass: its units of every layer, from x to the outputs.

use super::pass::{Geometry, Member, Pass};
use super::share::Share;
use super::weights::ScanWeights;
use super::workspace::AGAIN;
use crate::engine::cpu::kernel::{AlignedBuffer, ForwardCell, RowsProduct, Start, mask};
use crate::model::cells::Cell;
use pulp::Simd;
use std::marker::PhantomData;
use std::ops::Range;
use std::slice::from_ref;

impl Member {
    /// All layers.
    pub fn forward<S: Simd, C: Cell>(&mut self, simd: S, pass: &Pass<'_>, shares: &[Share]) {
        for scan in 0..self.weights.scans.len() {
            self.begin::<C>(pass, scan);
            self.project::<S, C>(simd, pass, scan);
            self.scan::<S, C>(simd, pass, scan, shares);
            let (layer, direction) = (scan / pass.spec.directions(), scan % pass.spec.directions());
            if direction + 1 == pass.spec.directions() && layer + 1 < pass.spec.layers {
                self.drop_out(pass, layer);
            }
        }
        self.workspace.steps = pass.input.steps();
    }

    /// Loads the states before the first step: of h those of all units, since all members have all of it.
    fn begin<C: Cell>(&mut self, pass: &Pass<'_>, scan: usize) {
        let geometry = Geometry::new(pass.spec, pass.input, &self.share, scan);
        let layer = scan / pass.spec.directions();
        let Geometry { rows, hidden, units, first, strides, .. } = geometry;
        let (initial, last) = (geometry.ends().0, Geometry { steps: self.workspace.steps.max(1), ..geometry }.ends().1);
        let [h_to, h_from] = [initial, last].map(|place| geometry.h_at(place));
        let [c_to, c_from] = [initial, last].map(|place| geometry.c_at(place));
        let (h, c) = (&mut self.workspace.h[layer], &mut self.workspace.c[layer]);
        for row in 0..rows {
            let (h_row, c_row) = (row * strides.h, row * strides.c);
            if pass.continues {
                // The last states of the times before become the first.
                h.copy_within(h_from + h_row..h_from + h_row + hidden, h_to + h_row);
                if C::STATES > 1 {
                    c.copy_within(c_from + c_row..c_from + c_row + units, c_to + c_row);
                }
                continue;
            }
            let given = |s: usize| {
                let first = (s * self.weights.scans.len() + scan) * pass.batch_rows + pass.input.rows.start + row;
                pass.states.map(|states| &states[first * hidden..][..hidden])
            };
            let h = &mut h[h_to + h_row..][..hidden];
            fill(h, given(0));
            if C::STATES > 1 {
                let c = &mut c[c_to + c_row..][..units];
                fill(c, given(1).map(|given| &given[first..][..units]));
            }
        }
    }

    /// The pre-activations of all times as far as the input makes them: one product for all, since none waits for
    /// another.
    fn project<S: Simd, C: Cell>(&mut self, simd: S, pass: &Pass<'_>, scan: usize) {
        let geometry = Geometry::new(pass.spec, pass.input, &self.share, scan);
        let layer = scan / pass.spec.directions();
        let inputs = pass.spec.layer_input(layer);
        let positions = geometry.steps * geometry.rows;
        let Geometry { units, strides, .. } = geometry;
        let ScanWeights { bias, input: products, .. } = &self.weights.scans[scan];
        let workspace = &mut self.workspace;
        let (input, input_stride) = layer_input(pass, &geometry, layer, &workspace.h, &workspace.dropped);
        let (tape, inputs_scratch) = (&mut workspace.tapes[scan], &mut workspace.inputs);
        // The slots that only the recurrent weights add to.
        for slot in (0..C::SLOTS).filter(|slot| !C::INPUT_SLOT[..C::GATES].contains(slot)) {
            for tape in tape.chunks_mut(strides.tape).take(positions) {
                tape[slot * units..][..units].copy_from_slice(&bias[slot * units..][..units]);
            }
        }
        let rows = (AGAIN / inputs).max(8);
        for first in (0..positions).step_by(rows) {
            for product in products {
                let slot = product.slots.start * units;
                simd.vectorize(RowsProduct {
                    weights: &product.weights,
                    start: Start::Bias(&bias[slot..]),
                    input: &input[first * input_stride..],
                    input_stride,
                    segments: from_ref(&(0..inputs)),
                    out: &mut tape[first * strides.tape + slot..],
                    out_stride: strides.tape,
                    rows: rows.min(positions - first),
                    scratch: inputs_scratch,
                });
            }
        }
    }

    /// Step after step, each with what the members made of the step before.
    fn scan<S: Simd, C: Cell>(&mut self, simd: S, pass: &Pass<'_>, scan: usize, shares: &[Share]) {
        let geometry = Geometry::new(pass.spec, pass.input, &self.share, scan);
        let layer = scan / pass.spec.directions();
        let Geometry { rows, hidden, units, strides, .. } = geometry;
        let workspace = &mut self.workspace;
        let (h, c, tape) = (&mut workspace.h[layer], &mut workspace.c[layer], &mut workspace.tapes[scan]);
        let scratch = &mut workspace.inputs;
        for k in 0..geometry.steps {
            let t = geometry.time(k);
            let tape = &mut tape[geometry.tape_at(t)..];
            for product in &self.weights.scans[scan].hidden {
                simd.vectorize(RowsProduct {
                    weights: &product.weights,
                    start: Start::Sum,
                    input: &h[geometry.h_before(t)..],
                    input_stride: strides.h,
                    segments: from_ref(&(0..hidden)),
                    out: &mut tape[product.slots.start * units..],
                    out_stride: strides.tape,
                    rows,
                    scratch,
                });
            }
            let active = active(pass, &mut workspace.active, t);
            let own = geometry.own_h(t);
            simd.vectorize(ForwardCell::<C> {
                cell: PhantomData,
                units,
                active,
                tape,
                tape_stride: strides.tape,
                h,
                h_stride: strides.h,
                h_places: own,
                c,
                c_stride: strides.c,
                c_places: geometry.own_c(t),
                rows,
            });
            let (me, turn, place) = (self.index, &mut workspace.turn, own.1 - geometry.first);
            pass.team.give(me, *turn, |mail| {
                let rows = h[own.1..].chunks(strides.h).take(rows);
                rows.for_each(|h| mail.extend_from_slice(&h[..units]));
            });
            pass.team.take(me, turn, |member, values| {
                let Range { start, end } = shares[member].units;
                let rows = h[place..].chunks_mut(strides.h);
                rows.zip(values.chunks_exact(end - start))
                    .for_each(|(h, values)| h[start..end].copy_from_slice(values));
            });
        }
    }

    /// What dropout leaves of a layer's output; each member makes all of it.
    fn drop_out(&mut self, pass: &Pass<'_>, layer: usize) {
        let Some(of) = pass.mask else { return };
        let geometry = Geometry::new(pass.spec, pass.input, &self.share, 0);
        let (rows, stride) = (geometry.rows, geometry.strides.h);
        let h = self.workspace.h[layer][rows * stride..].chunks_exact(stride);
        for (position, (dropped, h)) in self.workspace.dropped[layer].chunks_exact_mut(stride).zip(h).enumerate() {
            if position == geometry.steps * rows {
                break;
            }
            dropped.copy_from_slice(h);
            let (time, row) = (pass.input.times.start + position / rows, pass.input.rows.start + position % rows);
            mask(of, layer, row, time, 0, &mut dropped[..pass.spec.top()]);
        }
    }
}

/// What layer `layer` reads at all positions, and values from one to the next.
pub(super) fn layer_input<'a>(
    pass: &'a Pass<'_>,
    geometry: &Geometry,
    layer: usize,
    h: &'a [AlignedBuffer],
    dropped: &'a [AlignedBuffer],
) -> (&'a [f32], usize) {
    let stride = geometry.strides.h;
    match layer {
        0 => (&pass.input.x, pass.spec.input),
        _ if pass.mask.is_some() => (&dropped[layer - 1], stride),
        // Place 0 of h holds an initial state.
        _ => (&h[layer - 1][geometry.rows * stride..], stride),
    }
}

/// Copies what is given, or writes zeros.
fn fill(values: &mut [f32], given: Option<&[f32]>) {
    match given {
        Some(given) => values.copy_from_slice(given),
        None => values.fill(0.0),
    }
}

/// Which rows go on at time `t`; none where all do.
pub(super) fn active<'a>(pass: &Pass<'_>, active: &'a mut Vec<bool>, t: usize) -> Option<&'a [bool]> {
    let lengths = pass.input.lengths.as_ref()?;
    active.clear();
    active.extend(lengths.iter().map(|&length| t < length));
    Some(active)
}
