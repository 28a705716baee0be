//! Products of a weight matrix with the rows of a tile.

use super::packed::Packed;
use pulp::{Simd, WithSimd};

/// The inputs of one row: the whole row, or the gates of a cell, which lie `len` long at these places of the row.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine::cpu) struct Segments<'a> {
    pub starts: &'a [usize],
    pub len: usize,
}

/// out[t, m] += sum_k W[m, k] in[t, k] for every time t, each a vector of lanes.
pub(in crate::engine::cpu) struct Product<'a> {
    /// W.
    pub weights: &'a Packed,
    /// [T, >= K], of which the segments are the inputs.
    pub input: &'a [f32],
    /// Vectors from one time to the next.
    pub input_stride: usize,
    pub segments: Segments<'a>,
    /// [T, >= M].
    pub out: &'a mut [f32],
    /// Vectors from one time to the next.
    pub out_stride: usize,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (input, _) = S::as_simd_f32s(self.input);
        let (out, _) = S::as_mut_simd_f32s(self.out);
        for (input, out) in input.chunks(self.input_stride).zip(out.chunks_mut(self.out_stride)) {
            multiply_add(simd, self.weights, input, self.segments, out);
        }
    }
}

/// out[m] += sum_k W[m, k] in[k].
#[inline(always)]
pub(in crate::engine::cpu) fn multiply_add<S: Simd>(
    simd: S,
    weights: &Packed,
    input: &[S::f32s],
    segments: Segments<'_>,
    out: &mut [S::f32s],
) {
    if S::REGISTER_COUNT >= 32 {
        match weights.block {
            4 => blocks::<S, 4>(simd, weights, input, segments, out),
            16 => blocks::<S, 16>(simd, weights, input, segments, out),
            20 => blocks::<S, 20>(simd, weights, input, segments, out),
            24 => blocks::<S, 24>(simd, weights, input, segments, out),
            block => panic!("weights were packed in blocks of {block}, not 4, 16, 20 or 24"),
        }
    } else {
        match weights.block {
            4 => blocks::<S, 4>(simd, weights, input, segments, out),
            8 => blocks::<S, 8>(simd, weights, input, segments, out),
            10 => blocks::<S, 10>(simd, weights, input, segments, out),
            12 => blocks::<S, 12>(simd, weights, input, segments, out),
            block => panic!("weights were packed in blocks of {block}, not 4, 8, 10 or 12"),
        }
    }
}

#[inline(always)]
fn blocks<S: Simd, const N: usize>(
    simd: S,
    weights: &Packed,
    input: &[S::f32s],
    segments: Segments<'_>,
    out: &mut [S::f32s],
) {
    for (weights, out) in weights.blocks().zip(out[..weights.outputs].chunks_mut(N)) {
        let mut sums = [simd.splat_f32s(0.0); N];
        for (&start, weights) in segments.starts.iter().zip(weights.chunks_exact(segments.len * N)) {
            let (weights, _) = weights.as_chunks::<N>();
            for (weights, &x) in weights.iter().zip(&input[start..][..segments.len]) {
                for n in 0..N {
                    sums[n] = simd.mul_add_e_f32s(simd.splat_f32s(weights[n]), x, sums[n]);
                }
            }
        }
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = simd.add_f32s(*out, sum);
        }
    }
}
