//! The same scan for a row alone: lanes are units, so that one row fills them. Sums run over inputs in the order of
//! [`super::scan`], so that both give the same bits.

use super::lanes::Lanes;
use super::packed::{Packed, PackedScan, choose};
use crate::model::cells::{Cell, MAX_SLOTS, MAX_STATES, Real};
use pulp::{Simd, WithSimd};
use std::marker::PhantomData;

/// Vectors of units of a block, for a cell with one slot and for others: their sums fit the registers of any level, and are
/// enough that none waits for its last addition.
const ONE_SLOT: [usize; 3] = [1, 4, 8];
const MORE_SLOTS: [usize; 2] = [1, 2];

/// Units of a block of the weights that [`RowScan`] reads, for a cell with so many slots.
pub(in crate::engine::cpu) fn row_units(slots: usize, hidden: usize, lanes: usize) -> usize {
    let candidates = if slots == 1 { &ONE_SLOT[..] } else { &MORE_SLOTS[..] };
    choose(candidates, hidden.div_ceil(lanes)) * lanes
}

/// Outputs of a block of the weights that [`RowProduct`] reads.
pub(in crate::engine::cpu) fn row_outputs(outputs: usize, lanes: usize) -> usize {
    choose(&ONE_SLOT, outputs.div_ceil(lanes)) * lanes
}

/// The scan of one layer and direction over the steps of one row.
pub(in crate::engine::cpu) struct RowScan<'a, C: Cell> {
    pub cell: PhantomData<C>,
    /// Packed in blocks of [`row_units`].
    pub weights: &'a PackedScan,
    /// [T, I].
    pub input: &'a [f32],
    /// I.
    pub inputs: usize,
    /// H.
    pub hidden: usize,
    /// 0, or 1 where the scan runs backwards in time.
    pub direction: usize,
    /// h, [T, D*H].
    pub out: &'a mut [f32],
    /// D*H.
    pub out_stride: usize,
    /// The states, [S, H] with H filled up to whole blocks: those before the first step, and then those after the last.
    pub states: &'a mut [f32],
    /// [slots, H], likewise.
    pub pre: &'a mut [f32],
}

impl<C: Cell> WithSimd for RowScan<'_, C> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let vectors = self.weights.units / S::F32_LANES;
        match (C::SLOTS == 1, vectors) {
            (_, 1) => self.run::<S, 1>(simd),
            (true, 4) => self.run::<S, 4>(simd),
            (true, 8) => self.run::<S, 8>(simd),
            (false, 2) => self.run::<S, 2>(simd),
            _ => panic!("weights were packed in blocks of {vectors} vectors, not {ONE_SLOT:?} or {MORE_SLOTS:?}"),
        }
    }
}

impl<C: Cell> RowScan<'_, C> {
    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "loops over constant bounds, which become registers")]
    fn run<S: Simd, const V: usize>(self, simd: S) {
        let RowScan { weights, input, inputs, hidden, direction, out, out_stride, states, pre, .. } = self;
        let padded = states.len() / C::STATES;
        let steps = input.len() / inputs;
        let units = padded / S::F32_LANES;
        for k in 0..steps {
            let t = if direction == 0 { k } else { steps - 1 - k };
            let x = &input[t * inputs..][..inputs];
            let (slots, _) = S::as_mut_simd_f32s(pre);
            for (block, (bias, weights)) in weights.blocks().enumerate() {
                let (bias, _) = S::as_simd_f32s(bias);
                let (weights, _) = S::as_simd_f32s(weights);
                let (from_x, from_h) = weights.split_at(inputs * C::GATES * V);
                let mut sums = [[simd.splat_f32s(0.0); V]; MAX_SLOTS];
                for slot in 0..C::SLOTS {
                    for v in 0..V {
                        sums[slot][v] = bias[slot * V + v];
                    }
                }
                let sums = accumulate::<C, S, V>(simd, sums, C::INPUT_SLOT, from_x, x);
                let sums = accumulate::<C, S, V>(simd, sums, C::HIDDEN_SLOT, from_h, &states[..hidden]);
                for slot in 0..C::SLOTS {
                    slots[slot * units + block * V..][..V].copy_from_slice(&sums[slot]);
                }
            }

            let (vectors, _) = S::as_mut_simd_f32s(states);
            let (h, c) = vectors.split_at_mut(units);
            for unit in 0..units {
                let mut pre = [Lanes::splat(0.0); MAX_SLOTS];
                for slot in 0..C::SLOTS {
                    pre[slot] = Lanes::new(simd, slots[slot * units + unit]);
                }
                let mut prev = [Lanes::new(simd, h[unit]); MAX_STATES];
                if C::STATES > 1 {
                    prev[1] = Lanes::new(simd, c[unit]);
                }
                let (next, _) = C::forward(pre, prev);
                h[unit] = next[0].vector(simd);
                if C::STATES > 1 {
                    c[unit] = next[1].vector(simd);
                }
            }
            out[t * out_stride..][..hidden].copy_from_slice(&states[..hidden]);
        }
    }
}

/// sums[slots[g]][v] += sum_k weights[k][g][v] values[k].
#[inline(always)]
fn accumulate<C: Cell, S: Simd, const V: usize>(
    simd: S,
    mut sums: [[S::f32s; V]; MAX_SLOTS],
    slots: [usize; MAX_SLOTS],
    weights: &[S::f32s],
    values: &[f32],
) -> [[S::f32s; V]; MAX_SLOTS] {
    for (weights, &value) in weights.chunks_exact(C::GATES * V).zip(values) {
        let value = simd.splat_f32s(value);
        for gate in 0..C::GATES {
            for v in 0..V {
                let sum = sums[slots[gate]][v];
                sums[slots[gate]][v] = simd.mul_add_e_f32s(weights[gate * V + v], value, sum);
            }
        }
    }
    sums
}

/// out[m] = bias[m] + sum_k W[m, k] in[k].
pub(in crate::engine::cpu) struct RowProduct<'a> {
    /// W, packed in blocks of [`row_outputs`].
    pub weights: &'a Packed,
    /// [M].
    pub bias: &'a [f32],
    /// [K].
    pub input: &'a [f32],
    /// [M].
    pub out: &'a mut [f32],
}

impl WithSimd for RowProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.weights.block / S::F32_LANES {
            1 => self.run::<S, 1>(simd),
            4 => self.run::<S, 4>(simd),
            8 => self.run::<S, 8>(simd),
            vectors => panic!("weights were packed in blocks of {vectors} vectors, not {ONE_SLOT:?}"),
        }
    }
}

impl RowProduct<'_> {
    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S) {
        let RowProduct { weights, bias, input, out } = self;
        let blocks = bias.chunks(weights.block).zip(out.chunks_mut(weights.block));
        for (weights, (bias, out)) in weights.blocks().zip(blocks) {
            let (weights, _) = S::as_simd_f32s(weights);
            let mut sums = [simd.splat_f32s(0.0); V];
            for (weights, &value) in weights.chunks_exact(V).zip(input) {
                let value = simd.splat_f32s(value);
                for v in 0..V {
                    sums[v] = simd.mul_add_e_f32s(weights[v], value, sums[v]);
                }
            }
            let lanes = bias.chunks(S::F32_LANES).zip(out.chunks_mut(S::F32_LANES));
            for (sum, (bias, out)) in sums.into_iter().zip(lanes) {
                let y = simd.add_f32s(simd.partial_load_f32s(bias), sum);
                simd.partial_store_f32s(out, y);
            }
        }
    }
}
