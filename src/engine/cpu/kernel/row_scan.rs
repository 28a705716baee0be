//! The scan of a single row: lanes are outputs, so that one row fills them. Sums run over inputs in the order of
//! [`super::scan`], so that both give the same bits.

use super::aligned::MAX_LANES;
use super::block::choose;
use super::lanes::Lanes;
use super::packed::{Packed, PackedScan};
use crate::model::cells::{Cell, MAX_SLOTS, MAX_STATES, Real};
use pulp::{Simd, WithSimd};
use std::marker::PhantomData;

/// Vectors of outputs of a block: their sums fit the registers of any level, and are enough that none waits for its
/// last addition where there are outputs enough.
const VECTORS: [usize; 4] = [1, 2, 5, 8];
/// Values of the largest block, on any level.
pub(in crate::engine::cpu) const MAX_OUTPUTS: usize = 8 * MAX_LANES;

/// Outputs of a block of the weights that [`RowScan`] and [`RowProduct`] read.
pub(in crate::engine::cpu) fn row_block(outputs: usize, lanes: usize) -> usize {
    choose(&VECTORS, outputs.div_ceil(lanes)) * lanes
}

/// The scan of one layer and direction over the steps of one row.
pub(in crate::engine::cpu) struct RowScan<'a, C: Cell> {
    pub cell: PhantomData<C>,
    /// Packed in blocks of [`row_block`].
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
    /// The states, [S, H] with H filled up to whole vectors: those before the first step, and then those after the
    /// last.
    pub states: &'a mut [f32],
    /// [slots*H], and room for a block beyond.
    pub pre: &'a mut [f32],
}

impl<C: Cell> WithSimd for RowScan<'_, C> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let RowScan { weights, input, inputs, hidden, direction, out, out_stride, states, pre, .. } = self;
        let padded = states.len() / C::STATES;
        let steps = input.len() / inputs;
        for k in 0..steps {
            let t = if direction == 0 { k } else { steps - 1 - k };
            let x = &input[t * inputs..][..inputs];
            // What a block has beyond the outputs of its group is overwritten by the next.
            for group in &weights.groups {
                let x = if group.from_x { x } else { &[] };
                let h = if group.from_h { &states[..hidden] } else { &[] };
                let out = &mut pre[group.first * hidden..];
                Affine { weights: &group.weights, bias: Some(&group.bias), inputs: [x, h], out }.run(simd);
            }

            let (h, c) = states.split_at_mut(padded);
            let (h, _) = S::as_mut_simd_f32s(h);
            let (c, _) = S::as_mut_simd_f32s(c);
            for unit in 0..padded / S::F32_LANES {
                let mut slots = [Lanes::splat(0.0); MAX_SLOTS];
                for slot in 0..C::SLOTS {
                    let (pre, _) = S::as_simd_f32s(&pre[slot * hidden + unit * S::F32_LANES..]);
                    slots[slot] = Lanes::new(simd, pre[0]);
                }
                let mut prev = [Lanes::new(simd, h[unit]); MAX_STATES];
                if C::STATES > 1 {
                    prev[1] = Lanes::new(simd, c[unit]);
                }
                let (next, _) = C::forward(slots, prev);
                h[unit] = next[0].vector(simd);
                if C::STATES > 1 {
                    c[unit] = next[1].vector(simd);
                }
            }
            out[t * out_stride..][..hidden].copy_from_slice(&states[..hidden]);
        }
    }
}

/// out[m] = bias[m] + sum_k W[m, k] in[k], the inputs one after the other. Writes whole blocks.
struct Affine<'a> {
    weights: &'a Packed,
    /// Filled up to whole blocks, or zeros.
    bias: Option<&'a [f32]>,
    inputs: [&'a [f32]; 2],
    out: &'a mut [f32],
}

impl Affine<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        match self.weights.block / S::F32_LANES {
            1 => self.blocks::<S, 1>(simd),
            2 => self.blocks::<S, 2>(simd),
            5 => self.blocks::<S, 5>(simd),
            8 => self.blocks::<S, 8>(simd),
            vectors => panic!("weights were packed in blocks of {vectors} vectors, not {VECTORS:?}"),
        }
    }

    #[inline(always)]
    fn blocks<S: Simd, const V: usize>(self, simd: S) {
        let Affine { weights, bias, inputs, out } = self;
        for (index, (block, out)) in weights.blocks().zip(out.chunks_exact_mut(weights.block)).enumerate() {
            let (mut weights, _) = S::as_simd_f32s(block);
            let mut sums = [simd.splat_f32s(0.0); V];
            if let Some(bias) = bias {
                let (bias, _) = S::as_simd_f32s(&bias[index * out.len()..]);
                sums.copy_from_slice(&bias[..V]);
            }
            for values in inputs {
                let (these, rest) = weights.split_at(values.len() * V);
                sums = accumulate::<S, V>(simd, sums, these, values);
                weights = rest;
            }
            S::as_mut_simd_f32s(out).0.copy_from_slice(&sums);
        }
    }
}

/// sums[v] += sum_k weights[k][v] values[k].
#[inline(always)]
fn accumulate<S: Simd, const V: usize>(
    simd: S,
    mut sums: [S::f32s; V],
    weights: &[S::f32s],
    values: &[f32],
) -> [S::f32s; V] {
    for (weights, &value) in weights.as_chunks::<V>().0.iter().zip(values) {
        let value = simd.splat_f32s(value);
        for v in 0..V {
            sums[v] = simd.mul_add_e_f32s(weights[v], value, sums[v]);
        }
    }
    sums
}

/// out[m] = bias[m] + sum_k W[m, k] in[k], where the sum is made first, as [`super::product`] does.
pub(in crate::engine::cpu) struct RowProduct<'a> {
    /// W, packed in blocks of [`row_block`].
    pub weights: &'a Packed,
    /// [M].
    pub bias: &'a [f32],
    /// [K].
    pub input: &'a [f32],
    /// M values and room for a block beyond, which are overwritten.
    pub sums: &'a mut [f32],
    /// [M].
    pub out: &'a mut [f32],
}

impl WithSimd for RowProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let RowProduct { weights, bias, input, sums, out } = self;
        Affine { weights, bias: None, inputs: [input, &[]], out: sums }.run(simd);
        for (out, (bias, sum)) in out.iter_mut().zip(bias.iter().zip(sums)) {
            *out = bias + *sum;
        }
    }
}
