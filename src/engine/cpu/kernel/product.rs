//! Products of a weight matrix with the rows of a tile.

use super::block::{Blocked, accumulate, by_block};
use super::packed::Packed;
use super::wide::{Kernel, tiles, tiles_mut};
use pulp::Simd;
use std::ops::Range;

/// The values of one time that a product reads, range after range: all of them, or the slots that a cell's gates add
/// to.
pub(in crate::engine::cpu) type Segments<'a> = &'a [Range<usize>];

/// out[t, m] += sum_k W[m, k] in[t, k] for every time t and every row of a tile.
pub(in crate::engine::cpu) struct Product<'a> {
    /// W.
    pub weights: &'a Packed,
    /// [T, >= K], of which the segments are the inputs.
    pub input: &'a [f32],
    /// Values from one time to the next.
    pub input_stride: usize,
    pub segments: Segments<'a>,
    /// [T, >= M].
    pub out: &'a mut [f32],
    /// Values from one time to the next.
    pub out_stride: usize,
}

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S) {
        let input = tiles::<S, V>(self.input);
        let out = tiles_mut::<S, V>(self.out);
        for (input, out) in input.chunks(self.input_stride).zip(out.chunks_mut(self.out_stride)) {
            multiply_add(simd, self.weights, input, self.segments, out);
        }
    }
}

/// out[m] += sum_k W[m, k] in[k].
#[inline(always)]
pub(super) fn multiply_add<S: Simd, const V: usize>(
    simd: S,
    weights: &Packed,
    input: &[[S::f32s; V]],
    segments: Segments<'_>,
    out: &mut [[S::f32s; V]],
) {
    by_block::<S, V>(simd, weights.block, MultiplyAdd { weights, input, segments, out });
}

struct MultiplyAdd<'a, T> {
    weights: &'a Packed,
    input: &'a [T],
    segments: Segments<'a>,
    out: &'a mut [T],
}

impl<S: Simd, const V: usize> Blocked<S, V> for MultiplyAdd<'_, [S::f32s; V]> {
    #[inline(always)]
    fn run<const M: usize>(self, simd: S) {
        let MultiplyAdd { weights, input, segments, out } = self;
        for (weights, out) in weights.blocks().zip(out[..weights.outputs].chunks_mut(M)) {
            let mut sums = [[simd.splat_f32s(0.0); V]; M];
            let mut rest = weights;
            for segment in segments {
                let (weights, others) = rest.split_at(segment.len() * M);
                sums = accumulate(simd, sums, weights, &input[segment.clone()]);
                rest = others;
            }
            for (out, sum) in out.iter_mut().zip(sums) {
                for (out, sum) in out.iter_mut().zip(sum) {
                    *out = simd.add_f32s(*out, sum);
                }
            }
        }
    }
}
