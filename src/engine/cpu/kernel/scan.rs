//! The scan of one layer and direction over the time steps of one tile.

use super::block::{Blocked, accumulate, by_block};
use super::lanes::Lanes;
use super::lengths::TileLengths;
use super::packed::{PackedScan, SlotGroup};
use super::wide::{Kernel, tiles, tiles_mut};
use crate::model::cells::{Cell, MAX_SLOTS, MAX_STATES, Real, Slots};
use pulp::Simd;
use std::marker::PhantomData;

/// The layout of a layer in a tile. A value is one unit of all rows of the tile. Strides are counted in such values and
/// are odd, so that consecutive times fall on different sets of the cache even where H is a power of two.
///
/// States are [T+2][D*H]: time t is at place t+1, direction 0 starts from place 0 and direction 1, which runs
/// backwards, from place T+1.
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

    /// Where the states before and after time `t` begin.
    #[inline(always)]
    pub fn states_around(&self, t: usize) -> (usize, usize) {
        let place = if self.direction == 0 { t } else { t + 2 };
        let offset = self.direction * self.hidden;
        (place * self.state_stride + offset, (t + 1) * self.state_stride + offset)
    }

    /// Where the states before the first step begin.
    pub fn initial(&self) -> usize {
        self.states_around(self.time(0)).0
    }

    /// Where the states after the last step begin.
    pub fn last(&self) -> usize {
        self.states_around(self.time(self.steps - 1)).1
    }
}

/// The forward scan: at each time the pre-activations of all units, block after block, and then the cell.
pub(in crate::engine::cpu) struct ForwardScan<'a, C: Cell> {
    pub cell: PhantomData<C>,
    pub geometry: Geometry,
    /// Where rows end, if not all have every step: beyond, their states stay as they were.
    pub lengths: Option<TileLengths>,
    pub weights: &'a PackedScan,
    /// [T, I].
    pub input: &'a [f32],
    /// Values from one time to the next.
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

impl<C: Cell> Kernel for ForwardScan<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S) {
        let Geometry { steps, hidden, tape_stride, .. } = self.geometry;
        let input = tiles::<S, V>(self.input);
        let h = tiles_mut::<S, V>(self.h);
        let c = tiles_mut::<S, V>(self.c);
        let tape = tiles_mut::<S, V>(self.tape);
        for k in 0..steps {
            let t = self.geometry.time(k);
            let (before, after) = self.geometry.states_around(t);
            let x = &input[t * self.input_stride..][..self.inputs];
            let tape = &mut tape[t * tape_stride..][..C::SLOTS * hidden];
            // Not straight into the cell: a loop over units that is too long to unroll would index the sums, and what
            // is indexed lies in memory, not in registers.
            for group in &self.weights.groups {
                let h = &h[before..][..hidden];
                let out = &mut tape[group.first * hidden..];
                by_block::<S, V>(simd, group.weights.block, Affine { group, x, h, out });
            }

            for unit in 0..hidden {
                for v in 0..V {
                    let activated = C::activate(slots_of::<C, S, V>(simd, tape, unit, v));
                    for slot in 0..C::SLOTS {
                        tape[slot * hidden + unit][v] = activated[slot].vector(simd);
                    }
                }
            }
            for unit in 0..hidden {
                for v in 0..V {
                    let activated = slots_of::<C, S, V>(simd, tape, unit, v);
                    let mut prev = [Lanes::new(simd, h[before + unit][v]); MAX_STATES];
                    if C::STATES > 1 {
                        prev[1] = Lanes::new(simd, c[before + unit][v]);
                    }
                    let (next, slots) = C::advance(activated, prev);
                    h[after + unit][v] = next[0].vector(simd);
                    if C::STATES > 1 {
                        c[after + unit][v] = next[1].vector(simd);
                    }
                    for slot in 0..C::SLOTS {
                        tape[slot * hidden + unit][v] = slots[slot].vector(simd);
                    }
                }
            }

            if let Some(active) = self.lengths.and_then(|lengths| lengths.active::<S, V>(simd, t)) {
                for unit in 0..hidden {
                    for v in 0..V {
                        let select = |new, old| simd.select_f32s(active[v], new, old);
                        h[after + unit][v] = select(h[after + unit][v], h[before + unit][v]);
                        if C::STATES > 1 {
                            c[after + unit][v] = select(c[after + unit][v], c[before + unit][v]);
                        }
                    }
                }
            }
        }
    }
}

/// The slots of a unit, of the v-th vector of each value.
#[inline(always)]
fn slots_of<C: Cell, S: Simd, const V: usize>(
    simd: S,
    tape: &[[S::f32s; V]],
    unit: usize,
    v: usize,
) -> Slots<Lanes<S>> {
    let hidden = tape.len() / C::SLOTS;
    let mut slots = [Lanes::splat(0.0); MAX_SLOTS];
    for slot in 0..C::SLOTS {
        slots[slot] = Lanes::new(simd, tape[slot * hidden + unit][v]);
    }
    slots
}

/// out[m] = bias[m] + sum_i W[m, i] x[i] + sum_j W[m, I + j] h[j], of x and h those that the group has.
struct Affine<'a, T> {
    group: &'a SlotGroup,
    x: &'a [T],
    h: &'a [T],
    out: &'a mut [T],
}

impl<S: Simd, const V: usize> Blocked<S, V> for Affine<'_, [S::f32s; V]> {
    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "loops over constant bounds, which become registers")]
    fn run<const M: usize>(self, simd: S) {
        let Affine { group: SlotGroup { from_x, from_h, weights, bias, .. }, x, h, out } = self;
        let (biases, _) = bias.as_chunks::<M>();
        let blocks = weights.blocks().zip(biases).zip(out[..weights.outputs].chunks_mut(M));
        for ((weights, bias), out) in blocks {
            let mut sums = [[simd.splat_f32s(0.0); V]; M];
            for m in 0..M {
                sums[m] = [simd.splat_f32s(bias[m]); V];
            }
            let mut from = weights;
            for (input, is_input) in [(x, from_x), (h, from_h)] {
                if *is_input {
                    let (weights, rest) = from.split_at(input.len() * M);
                    sums = accumulate(simd, sums, weights, input);
                    from = rest;
                }
            }
            for m in 0..M {
                if let Some(out) = out.get_mut(m) {
                    *out = sums[m];
                }
            }
        }
    }
}
