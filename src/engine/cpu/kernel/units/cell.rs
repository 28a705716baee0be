//! The cell of some units over all rows, one time forward or back.

use super::values::{load, store};
use crate::engine::cpu::kernel::lanes::Lanes;
use crate::engine::cpu::kernel::scan_back::flush;
use crate::model::cells::{Cell, MAX_SLOTS, MAX_STATES, Real, Slots};
use pulp::{Simd, WithSimd};
use std::marker::PhantomData;
use std::ops::Range;

/// One step forward: the states after it, and the tape over the pre-activations.
pub(in crate::engine::cpu) struct ForwardCell<'a, C: Cell> {
    pub cell: PhantomData<C>,
    /// How many units.
    pub units: usize,
    /// Whether each row goes on; one that has ended keeps its states. None where all do.
    pub active: Option<&'a [bool]>,
    /// [B, slots*units]: pre-activations, then the tape.
    pub tape: &'a mut [f32],
    /// Values from one row to the next.
    pub tape_stride: usize,
    /// h, of which a row's units begin at `before` and `after`.
    pub h: &'a mut [f32],
    pub h_stride: usize,
    pub h_places: (usize, usize),
    /// The second state, likewise, or empty where the cell has none.
    pub c: &'a mut [f32],
    pub c_stride: usize,
    pub c_places: (usize, usize),
    /// B.
    pub rows: usize,
}

impl<C: Cell> WithSimd for ForwardCell<'_, C> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let ForwardCell { units, active, tape, tape_stride, h, h_stride, c, c_stride, rows, .. } = self;
        for row in 0..rows {
            let tape = &mut tape[row * tape_stride..][..C::SLOTS * units];
            let place = |(before, after): (usize, usize), stride: usize| (before + row * stride, after + row * stride);
            let (h_before, h_after) = place(self.h_places, h_stride);
            let (c_before, c_after) = place(self.c_places, c_stride);
            if active.is_some_and(|active| !active[row]) {
                h.copy_within(h_before..h_before + units, h_after);
                if C::STATES > 1 {
                    c.copy_within(c_before..c_before + units, c_after);
                }
                continue;
            }
            // In two halves, each over all units: the cell of one unit is a long chain.
            for unit in (0..units).step_by(S::F32_LANES) {
                let activated = C::activate(slots_of::<C, S>(simd, tape, units, unit));
                put_slots::<C, S>(simd, tape, units, unit, activated);
            }
            for unit in (0..units).step_by(S::F32_LANES) {
                let activated = slots_of::<C, S>(simd, tape, units, unit);
                let mut prev = [Lanes::new(simd, load(simd, &h[h_before + unit..h_before + units])); MAX_STATES];
                if C::STATES > 1 {
                    prev[1] = Lanes::new(simd, load(simd, &c[c_before + unit..c_before + units]));
                }
                let (next, slots) = C::advance(activated, prev);
                store(simd, &mut h[h_after + unit..h_after + units], next[0].vector(simd));
                if C::STATES > 1 {
                    store(simd, &mut c[c_after + unit..c_after + units], next[1].vector(simd));
                }
                put_slots::<C, S>(simd, tape, units, unit, slots);
            }
        }
    }
}

/// One step back: the deltas over the tape, and the part of the gradient of the states before it that does not pass
/// through the recurrent weights.
pub(in crate::engine::cpu) struct BackwardCell<'a, C: Cell> {
    pub cell: PhantomData<C>,
    pub units: usize,
    /// Whether each row goes on; of one that has ended, deltas are 0 and the gradient of its states stays.
    pub active: Option<&'a [bool]>,
    /// [B, slots*units]: the tape, then the deltas.
    pub tape: &'a mut [f32],
    pub tape_stride: usize,
    pub h: &'a [f32],
    pub h_stride: usize,
    pub h_places: (usize, usize),
    pub c: &'a [f32],
    pub c_stride: usize,
    pub c_places: (usize, usize),
    /// Gradient of the states, [S, B, units].
    pub d_states: &'a mut [f32],
    /// Sums of the deltas over rows and times, [slots*units].
    pub d_bias: &'a mut [f32],
    pub rows: usize,
}

impl<C: Cell> WithSimd for BackwardCell<'_, C> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let BackwardCell { units, active, tape, tape_stride, h, h_stride, c, c_stride, d_states, d_bias, rows, .. } =
            self;
        let (d_h, d_c) = d_states.split_at_mut(rows * units);
        for unit in (0..units).step_by(S::F32_LANES) {
            let mut sums = [simd.splat_f32s(0.0); MAX_SLOTS];
            for row in 0..rows {
                let tape = &mut tape[row * tape_stride..][..C::SLOTS * units];
                if active.is_some_and(|active| !active[row]) {
                    put_slots::<C, S>(simd, tape, units, unit, [Lanes::splat(0.0); MAX_SLOTS]);
                    continue;
                }
                let slots = slots_of::<C, S>(simd, tape, units, unit);
                let mut prev = [state(simd, h, self.h_places.0 + row * h_stride, unit..units); MAX_STATES];
                let mut next = [state(simd, h, self.h_places.1 + row * h_stride, unit..units); MAX_STATES];
                let d_h = &mut d_h[row * units..][unit..units];
                let mut d_next = [Lanes::new(simd, flush(simd, load(simd, d_h))); MAX_STATES];
                if C::STATES > 1 {
                    prev[1] = state(simd, c, self.c_places.0 + row * c_stride, unit..units);
                    next[1] = state(simd, c, self.c_places.1 + row * c_stride, unit..units);
                    d_next[1] = Lanes::new(simd, flush(simd, load(simd, &d_c[row * units..][unit..units])));
                }
                let (deltas, direct) = C::backward(slots, prev, next, d_next);
                put_slots::<C, S>(simd, tape, units, unit, deltas);
                for slot in 0..C::SLOTS {
                    sums[slot] = simd.add_f32s(sums[slot], deltas[slot].vector(simd));
                }
                store(simd, d_h, direct[0].vector(simd));
                if C::STATES > 1 {
                    store(simd, &mut d_c[row * units..][unit..units], direct[1].vector(simd));
                }
            }
            for slot in 0..C::SLOTS {
                let d_bias = &mut d_bias[slot * units..][unit..units];
                let sum = simd.add_f32s(load(simd, d_bias), sums[slot]);
                store(simd, d_bias, sum);
            }
        }
    }
}

/// The states of some units, which begin at `place`.
#[inline(always)]
fn state<S: Simd>(simd: S, states: &[f32], place: usize, units: Range<usize>) -> Lanes<S> {
    Lanes::new(simd, load(simd, &states[place..][units]))
}

/// The slots of a vector of units.
#[inline(always)]
fn slots_of<C: Cell, S: Simd>(simd: S, tape: &[f32], units: usize, unit: usize) -> Slots<Lanes<S>> {
    let mut slots = [Lanes::splat(0.0); MAX_SLOTS];
    for slot in 0..C::SLOTS {
        slots[slot] = Lanes::new(simd, load(simd, &tape[slot * units..][unit..units]));
    }
    slots
}

/// Writes the slots of a vector of units.
#[inline(always)]
fn put_slots<C: Cell, S: Simd>(simd: S, tape: &mut [f32], units: usize, unit: usize, slots: Slots<Lanes<S>>) {
    for slot in 0..C::SLOTS {
        store(simd, &mut tape[slot * units..][unit..units], slots[slot].vector(simd));
    }
}
