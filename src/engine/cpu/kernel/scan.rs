//! The scan of one layer and direction over the time steps of one tile.

use super::ends::Ends;
use super::lanes::Lanes;
use super::packed::PackedScan;
use crate::model::cells::{Cell, MAX_SLOTS, MAX_STATES, Real};
use pulp::{Simd, WithSimd};
use std::marker::PhantomData;

/// Where the vectors of a layer lie, each one unit of all rows of a tile. Strides are counted in vectors and are odd, so that
/// consecutive times fall on different sets of the cache even where H is a power of two.
///
/// States are [T+2][D*H]: time t is at place t+1, direction 0 starts from place 0 and direction 1, which runs backwards, from
/// place T+1.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine::cpu) struct Geometry {
    /// T.
    pub steps: usize,
    /// H.
    pub hidden: usize,
    /// 0, or 1 where the scan runs backwards in time.
    pub direction: usize,
    /// From one time of the states to the next.
    pub state_stride: usize,
    /// From one time of the tape to the next; 0 where the tape is not kept.
    pub tape_stride: usize,
}

impl Geometry {
    /// The time of step `k`.
    #[inline(always)]
    pub fn time(&self, k: usize) -> usize {
        if self.direction == 0 { k } else { self.steps - 1 - k }
    }

    /// Where the states before and after time `t` begin, in vectors.
    #[inline(always)]
    pub fn states_around(&self, t: usize) -> (usize, usize) {
        let place = if self.direction == 0 { t } else { t + 2 };
        let offset = self.direction * self.hidden;
        (place * self.state_stride + offset, (t + 1) * self.state_stride + offset)
    }

    /// Where the states before the first step begin, in vectors.
    pub fn initial(&self) -> usize {
        self.states_around(self.time(0)).0
    }

    /// Where the states after the last step begin, in vectors.
    pub fn last(&self) -> usize {
        self.states_around(self.time(self.steps - 1)).1
    }
}

/// The forward scan. The block of weights stays in the registers' reach while its sums are built: one load of x or h serves
/// all gates of a block of units.
pub(in crate::engine::cpu) struct ForwardScan<'a, C: Cell> {
    pub cell: PhantomData<C>,
    pub geometry: Geometry,
    /// Where rows end, if not all have every step: beyond, their states stay as they were.
    pub ends: Option<Ends>,
    pub weights: &'a PackedScan,
    /// [T, I].
    pub input: &'a [f32],
    /// Vectors from one time to the next.
    pub input_stride: usize,
    /// I.
    pub inputs: usize,
    /// h, [T+2, D*H]; the place before the first step is given.
    pub h: &'a mut [f32],
    /// The second state, likewise, or empty where the cell has none.
    pub c: &'a mut [f32],
    /// [T, slots*H].
    pub tape: &'a mut [f32],
}

impl<C: Cell> WithSimd for ForwardScan<'_, C> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::REGISTER_COUNT >= 32 && C::SLOTS == 1 {
            match self.weights.units {
                4 => self.run::<S, 4>(simd),
                16 => self.run::<S, 16>(simd),
                20 => self.run::<S, 20>(simd),
                24 => self.run::<S, 24>(simd),
                units => panic!("weights were packed in blocks of {units} units, not 4, 16, 20 or 24"),
            }
        } else if S::REGISTER_COUNT >= 32 {
            match self.weights.units {
                4 => self.run::<S, 4>(simd),
                5 => self.run::<S, 5>(simd),
                6 => self.run::<S, 6>(simd),
                units => panic!("weights were packed in blocks of {units} units, not 4, 5 or 6"),
            }
        } else if C::SLOTS == 1 {
            match self.weights.units {
                4 => self.run::<S, 4>(simd),
                8 => self.run::<S, 8>(simd),
                10 => self.run::<S, 10>(simd),
                12 => self.run::<S, 12>(simd),
                units => panic!("weights were packed in blocks of {units} units, not 4, 8, 10 or 12"),
            }
        } else {
            match self.weights.units {
                2 => self.run::<S, 2>(simd),
                3 => self.run::<S, 3>(simd),
                units => panic!("weights were packed in blocks of {units} units, not 2 or 3"),
            }
        }
    }
}

impl<C: Cell> ForwardScan<'_, C> {
    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "loops over constant bounds, which become registers")]
    fn run<S: Simd, const U: usize>(self, simd: S) {
        let Geometry { steps, hidden, tape_stride, .. } = self.geometry;
        let (input, _) = S::as_simd_f32s(self.input);
        let (h, _) = S::as_mut_simd_f32s(self.h);
        let (c, _) = S::as_mut_simd_f32s(self.c);
        let (tape, _) = S::as_mut_simd_f32s(self.tape);
        for k in 0..steps {
            let t = self.geometry.time(k);
            let (before, after) = self.geometry.states_around(t);
            let x = &input[t * self.input_stride..][..self.inputs];
            let tape = &mut tape[t * tape_stride..][..C::SLOTS * hidden];
            for (block, (bias, weights)) in self.weights.blocks().enumerate() {
                let (from_x, from_h) = weights.split_at(self.inputs * C::GATES * U);
                let mut sums = [[simd.splat_f32s(0.0); U]; MAX_SLOTS];
                for slot in 0..C::SLOTS {
                    for u in 0..U {
                        sums[slot][u] = simd.splat_f32s(bias[slot * U + u]);
                    }
                }
                let sums = accumulate::<C, S, U>(simd, sums, C::INPUT_SLOT, from_x, x);
                let sums = accumulate::<C, S, U>(simd, sums, C::HIDDEN_SLOT, from_h, &h[before..][..hidden]);
                // Not straight into the cell: a loop over units that is too long to unroll would index the sums, and what is
                // indexed lies in memory, not in registers.
                let units = U.min(hidden - block * U);
                for slot in 0..C::SLOTS {
                    let tape = &mut tape[slot * hidden + block * U..][..units];
                    for u in 0..U {
                        if let Some(tape) = tape.get_mut(u) {
                            *tape = sums[slot][u];
                        }
                    }
                }
            }

            for unit in 0..hidden {
                let mut pre = [Lanes::splat(0.0); MAX_SLOTS];
                for slot in 0..C::SLOTS {
                    pre[slot] = Lanes::new(simd, tape[slot * hidden + unit]);
                }
                let mut prev = [Lanes::new(simd, h[before + unit]); MAX_STATES];
                if C::STATES > 1 {
                    prev[1] = Lanes::new(simd, c[before + unit]);
                }
                let (next, slots) = C::forward(pre, prev);
                h[after + unit] = next[0].vector(simd);
                if C::STATES > 1 {
                    c[after + unit] = next[1].vector(simd);
                }
                for slot in 0..C::SLOTS {
                    tape[slot * hidden + unit] = slots[slot].vector(simd);
                }
            }

            if let Some(running) = self.ends.and_then(|ends| ends.running(simd, t)) {
                for unit in 0..hidden {
                    h[after + unit] = simd.select_f32s(running, h[after + unit], h[before + unit]);
                    if C::STATES > 1 {
                        c[after + unit] = simd.select_f32s(running, c[after + unit], c[before + unit]);
                    }
                }
            }
        }
    }
}

/// sums[slots[g]][u] += sum_k weights[k][g][u] rows[k].
#[inline(always)]
fn accumulate<C: Cell, S: Simd, const U: usize>(
    simd: S,
    mut sums: [[S::f32s; U]; MAX_SLOTS],
    slots: [usize; MAX_SLOTS],
    weights: &[f32],
    rows: &[S::f32s],
) -> [[S::f32s; U]; MAX_SLOTS] {
    for (weights, &row) in weights.chunks_exact(C::GATES * U).zip(rows) {
        for gate in 0..C::GATES {
            for u in 0..U {
                let sum = sums[slots[gate]][u];
                sums[slots[gate]][u] = simd.mul_add_e_f32s(simd.splat_f32s(weights[gate * U + u]), row, sum);
            }
        }
    }
    sums
}
