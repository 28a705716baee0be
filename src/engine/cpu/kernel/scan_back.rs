//! The backward scan: from the gradient of a layer's outputs to the deltas, which are written over the tape.

use super::lanes::Lanes;
use super::lengths::TileLengths;
use super::packed::Packed;
use super::product::{Segments, multiply_add};
use super::scan::Geometry;
use super::wide::{Kernel, tiles, tiles_mut};
use crate::model::cells::{Cell, MAX_SLOTS, MAX_STATES, Real};
use pulp::Simd;
use std::marker::PhantomData;

/// The backward scan. The weights' gradients are computed after it by [`super::outer`], from the deltas of all times.
pub(in crate::engine::cpu) struct BackwardScan<'a, C: Cell> {
    pub cell: PhantomData<C>,
    pub geometry: Geometry,
    /// The lengths of the rows, if not all have every step: beyond them deltas are zero, and gradients of states pass
    /// through.
    pub lengths: Option<TileLengths>,
    /// W_hh transposed.
    pub weights: &'a Packed,
    /// The slots that its gates add to.
    pub slots: Segments<'a>,
    /// h, [T+2, D*H].
    pub h: &'a [f32],
    /// The second state, likewise, or empty where the cell has none.
    pub c: &'a [f32],
    /// The tape, [T, slots*H]; the deltas when done.
    pub tape: &'a mut [f32],
    /// Gradient that reaches h from above at the times from `d_h_from` on, [.., D*H], with the stride of the states.
    pub d_h: &'a [f32],
    pub d_h_from: usize,
    /// Gradient of the states, [S, H]: that of the final states before, that of the initial states when done.
    pub d_state: &'a mut [f32],
    /// [S, H], scratch: the gradient of the states in rows that have ended.
    pub d_ended: &'a mut [f32],
    /// Sums of the deltas over all times, [slots*H]: zeros before.
    pub d_bias: &'a mut [f32],
}

impl<C: Cell> Kernel for BackwardScan<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S) {
        let geometry = self.geometry;
        let hidden = geometry.hidden;
        let h = tiles::<S, V>(self.h);
        let c = tiles::<S, V>(self.c);
        let d_h = tiles::<S, V>(self.d_h);
        let tape = tiles_mut::<S, V>(self.tape);
        let d_state = tiles_mut::<S, V>(self.d_state);
        let d_bias = tiles_mut::<S, V>(self.d_bias);
        let d_ended = tiles_mut::<S, V>(self.d_ended);

        for k in (0..geometry.steps).rev() {
            let t = geometry.time(k);
            let (before, after) = geometry.states_around(t);
            let tape = &mut tape[t * geometry.tape_stride..][..C::SLOTS * hidden];
            if t >= self.d_h_from {
                let place = (t - self.d_h_from) * geometry.state_stride + geometry.direction * hidden;
                add(simd, &mut d_state[..hidden], &d_h[place..][..hidden]);
            }
            // A cell has no deltas where its states have no gradient.
            let active = self.lengths.and_then(|lengths| lengths.active::<S, V>(simd, t));
            if let Some(active) = active {
                let zero = simd.splat_f32s(0.0);
                for (d_ended, d_state) in d_ended.iter_mut().zip(&mut *d_state) {
                    for v in 0..V {
                        d_ended[v] = simd.select_f32s(active[v], zero, d_state[v]);
                        d_state[v] = simd.select_f32s(active[v], d_state[v], zero);
                    }
                }
            }
            let (d_state_h, d_state_c) = d_state.split_at_mut(hidden);
            for unit in 0..hidden {
                for v in 0..V {
                    let mut slots = [Lanes::splat(0.0); MAX_SLOTS];
                    for slot in 0..C::SLOTS {
                        slots[slot] = Lanes::new(simd, tape[slot * hidden + unit][v]);
                    }
                    let mut prev = [Lanes::new(simd, h[before + unit][v]); MAX_STATES];
                    let mut next = [Lanes::new(simd, h[after + unit][v]); MAX_STATES];
                    let mut d_next = [Lanes::new(simd, flush(simd, d_state_h[unit][v])); MAX_STATES];
                    if C::STATES > 1 {
                        prev[1] = Lanes::new(simd, c[before + unit][v]);
                        next[1] = Lanes::new(simd, c[after + unit][v]);
                        d_next[1] = Lanes::new(simd, flush(simd, d_state_c[unit][v]));
                    }
                    let (deltas, direct) = C::backward(slots, prev, next, d_next);
                    for slot in 0..C::SLOTS {
                        let (delta, d_bias) = (deltas[slot].vector(simd), &mut d_bias[slot * hidden + unit][v]);
                        tape[slot * hidden + unit][v] = delta;
                        *d_bias = simd.add_f32s(*d_bias, delta);
                    }
                    d_state_h[unit][v] = direct[0].vector(simd);
                    if C::STATES > 1 {
                        d_state_c[unit][v] = direct[1].vector(simd);
                    }
                }
            }
            multiply_add(simd, self.weights, tape, self.slots, d_state_h);
            if active.is_some() {
                add(simd, d_state, d_ended);
            }
        }
    }
}

/// Gradients below this are flushed to zero: 2^-96, well above the subnormal numbers. A gradient that vanishes over a
/// hundred steps would become subnormal, and processors are slow on those: a training step took 45 times as long.
const VANISHED: f32 = 1.0 / (1u128 << 96) as f32;

/// Zeros for lanes that have vanished; a NaN stays.
#[inline(always)]
pub(super) fn flush<S: Simd>(simd: S, gradient: S::f32s) -> S::f32s {
    let vanished = simd.less_than_f32s(simd.abs_f32s(gradient), simd.splat_f32s(VANISHED));
    simd.select_f32s(vanished, simd.splat_f32s(0.0), gradient)
}

/// sums += values.
#[inline(always)]
fn add<S: Simd, const V: usize>(simd: S, sums: &mut [[S::f32s; V]], values: &[[S::f32s; V]]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        for v in 0..V {
            sum[v] = simd.add_f32s(sum[v], value[v]);
        }
    }
}
