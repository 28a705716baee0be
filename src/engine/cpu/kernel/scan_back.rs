//! The scan back: from the gradient of a layer's outputs to the deltas, which are written over the tape.

use super::ends::Ends;
use super::lanes::Lanes;
use super::packed::Packed;
use super::product::{Segments, multiply_add};
use super::scan::Geometry;
use crate::model::cells::{Cell, MAX_SLOTS, MAX_STATES, Real};
use pulp::{Simd, WithSimd};
use std::marker::PhantomData;

/// The backward scan. Adds to no weight's gradient: that is [`super::outer`]'s, once the deltas of all times stand.
pub(in crate::engine::cpu) struct BackwardScan<'a, C: Cell> {
    pub cell: PhantomData<C>,
    pub geometry: Geometry,
    /// Where rows end, if not all have every step: beyond, there are no deltas, and gradients pass.
    pub ends: Option<Ends>,
    /// W_hh transposed.
    pub weights: &'a Packed,
    /// h, [T+2, D*H].
    pub h: &'a [f32],
    /// The second state, likewise, or empty where the cell has none.
    pub c: &'a [f32],
    /// The tape, [T, slots*H]; the deltas when done.
    pub tape: &'a mut [f32],
    /// Gradient that reaches h from above at the times from `d_h_from` on, [.., D*H], with the stride of the states.
    pub d_h: &'a [f32],
    pub d_h_from: usize,
    /// Gradient of the states, [S, H]: zeros before, that of the initial states when done.
    pub d_state: &'a mut [f32],
    /// [S, H], what passes by rows that have ended.
    pub held: &'a mut [f32],
    /// Sums of the deltas over all times, [slots*H]: zeros before.
    pub d_bias: &'a mut [f32],
}

impl<C: Cell> WithSimd for BackwardScan<'_, C> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let geometry = self.geometry;
        let hidden = geometry.hidden;
        let (h, _) = S::as_simd_f32s(self.h);
        let (c, _) = S::as_simd_f32s(self.c);
        let (d_h, _) = S::as_simd_f32s(self.d_h);
        let (tape, _) = S::as_mut_simd_f32s(self.tape);
        let (d_state, _) = S::as_mut_simd_f32s(self.d_state);
        let (d_bias, _) = S::as_mut_simd_f32s(self.d_bias);
        let (held, _) = S::as_mut_simd_f32s(self.held);
        let starts: [usize; MAX_SLOTS] = std::array::from_fn(|gate| C::HIDDEN_SLOT[gate] * hidden);
        let segments = Segments { starts: &starts[..C::GATES], len: hidden };

        for k in (0..geometry.steps).rev() {
            let t = geometry.time(k);
            let (before, after) = geometry.states_around(t);
            let tape = &mut tape[t * geometry.tape_stride..][..C::SLOTS * hidden];
            if t >= self.d_h_from {
                let place = (t - self.d_h_from) * geometry.state_stride + geometry.direction * hidden;
                for (carry, &d_h) in d_state.iter_mut().zip(&d_h[place..][..hidden]) {
                    *carry = simd.add_f32s(*carry, d_h);
                }
            }
            // A cell has no deltas where its states have no gradient.
            let running = self.ends.and_then(|ends| ends.running(simd, t));
            if let Some(running) = running {
                let zero = simd.splat_f32s(0.0);
                for (held, carry) in held.iter_mut().zip(&mut *d_state) {
                    *held = simd.select_f32s(running, zero, *carry);
                    *carry = simd.select_f32s(running, *carry, zero);
                }
            }
            let (carry_h, carry_c) = d_state.split_at_mut(hidden);
            for unit in 0..hidden {
                let mut slots = [Lanes::splat(0.0); MAX_SLOTS];
                for slot in 0..C::SLOTS {
                    slots[slot] = Lanes::new(simd, tape[slot * hidden + unit]);
                }
                let mut prev = [Lanes::new(simd, h[before + unit]); MAX_STATES];
                let mut next = [Lanes::new(simd, h[after + unit]); MAX_STATES];
                let mut d_next = [Lanes::new(simd, carry_h[unit]); MAX_STATES];
                if C::STATES > 1 {
                    prev[1] = Lanes::new(simd, c[before + unit]);
                    next[1] = Lanes::new(simd, c[after + unit]);
                    d_next[1] = Lanes::new(simd, carry_c[unit]);
                }
                let (deltas, direct) = C::backward(slots, prev, next, d_next);
                for slot in 0..C::SLOTS {
                    let delta = deltas[slot].vector(simd);
                    tape[slot * hidden + unit] = delta;
                    d_bias[slot * hidden + unit] = simd.add_f32s(d_bias[slot * hidden + unit], delta);
                }
                carry_h[unit] = direct[0].vector(simd);
                if C::STATES > 1 {
                    carry_c[unit] = direct[1].vector(simd);
                }
            }
            multiply_add(simd, self.weights, tape, segments, carry_h);
            if running.is_some() {
                for (carry, &held) in d_state.iter_mut().zip(&*held) {
                    *carry = simd.add_f32s(*carry, held);
                }
            }
        }
    }
}
