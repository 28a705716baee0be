//! The gradients of weights and biases: sums of products of deltas and inputs over all times and rows of a tile.

use pulp::{Simd, WithSimd};

/// Times whose products are summed in the lanes before the lanes are: so many rows of both sides stay in the cache.
const CHUNK: usize = 64;
/// Columns that are done for all rows before the next, for the same reason.
const PANEL: usize = 40;

/// gradient[m, k] += sum over times t and lanes of a[t, m] b[t, k], row-major.
pub(in crate::engine::cpu) struct Outer<'a> {
    /// [T, >= M].
    pub a: &'a [f32],
    /// Vectors from one time to the next.
    pub a_stride: usize,
    /// [T, >= K].
    pub b: &'a [f32],
    /// Vectors from one time to the next.
    pub b_stride: usize,
    /// K.
    pub columns: usize,
    /// [M, K].
    pub gradient: &'a mut [f32],
}

impl WithSimd for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        if S::REGISTER_COUNT >= 32 { self.chunks::<S, 4, 5>(simd) } else { self.chunks::<S, 3, 4>(simd) }
    }
}

impl Outer<'_> {
    #[inline(always)]
    fn chunks<S: Simd, const M: usize, const K: usize>(&mut self, simd: S) {
        let (a, _) = S::as_simd_f32s(self.a);
        let (b, _) = S::as_simd_f32s(self.b);
        let rows = self.gradient.len() / self.columns;
        for (a, b) in a.chunks(CHUNK * self.a_stride).zip(b.chunks(CHUNK * self.b_stride)) {
            for panel in (0..self.columns).step_by(PANEL) {
                let columns = panel..self.columns.min(panel + PANEL);
                for m in (0..rows).step_by(M) {
                    if rows - m >= M {
                        self.columns::<S, M, K>(simd, a, b, m, columns.clone());
                    } else {
                        for m in m..rows {
                            self.columns::<S, 1, K>(simd, a, b, m, columns.clone());
                        }
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn columns<S: Simd, const M: usize, const K: usize>(
        &mut self,
        simd: S,
        a: &[S::f32s],
        b: &[S::f32s],
        m: usize,
        columns: std::ops::Range<usize>,
    ) {
        let mut k = columns.start;
        while k + K <= columns.end {
            self.block::<S, M, K>(simd, a, b, m, k);
            k += K;
        }
        while k < columns.end {
            self.block::<S, M, 1>(simd, a, b, m, k);
            k += 1;
        }
    }

    #[inline(always)]
    fn block<S: Simd, const M: usize, const K: usize>(
        &mut self,
        simd: S,
        a: &[S::f32s],
        b: &[S::f32s],
        m: usize,
        k: usize,
    ) {
        let mut sums = [[simd.splat_f32s(0.0); K]; M];
        for (a, b) in a.chunks(self.a_stride).zip(b.chunks(self.b_stride)) {
            let (a, b): (&[S::f32s; M], &[S::f32s; K]) = match (a[m..].first_chunk(), b[k..].first_chunk()) {
                (Some(a), Some(b)) => (a, b),
                _ => panic!("block {m}, {k} of {M} by {K} reaches beyond {} by {}", a.len(), b.len()),
            };
            for i in 0..M {
                for j in 0..K {
                    sums[i][j] = simd.mul_add_e_f32s(a[i], b[j], sums[i][j]);
                }
            }
        }
        for i in 0..M {
            for j in 0..K {
                self.gradient[(m + i) * self.columns + k + j] += simd.reduce_sum_f32s(sums[i][j]);
            }
        }
    }
}

/// gradient[m] += sum over times t and lanes of a[t, m].
pub(in crate::engine::cpu) struct Sum<'a> {
    /// [T, >= M].
    pub a: &'a [f32],
    /// Vectors from one time to the next.
    pub stride: usize,
    /// [M].
    pub gradient: &'a mut [f32],
}

impl WithSimd for Sum<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (a, _) = S::as_simd_f32s(self.a);
        for (m, gradient) in self.gradient.iter_mut().enumerate() {
            let mut sum = simd.splat_f32s(0.0);
            for a in a.chunks(self.stride) {
                sum = simd.add_f32s(sum, a[m]);
            }
            *gradient += simd.reduce_sum_f32s(sum);
        }
    }
}
