//! The gradients of biases: sums of deltas over all times and rows of a tile.

use super::wide::{Kernel, tiles};
use pulp::Simd;

/// gradient[m] += sum over times t and lanes of a[t, m].
pub(in crate::engine::cpu) struct Sum<'a> {
    /// [T, >= M].
    pub a: &'a [f32],
    /// Values from one time to the next.
    pub stride: usize,
    /// [M].
    pub gradient: &'a mut [f32],
}

impl Kernel for Sum<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "loops over constant bounds, which become registers")]
    fn run<S: Simd, const V: usize>(self, simd: S) {
        /// Sums side by side, so that none waits for its last addition.
        const M: usize = 8;
        let a = tiles::<S, V>(self.a);
        for (block, gradient) in self.gradient.chunks_mut(M).enumerate() {
            let mut sums = [simd.splat_f32s(0.0); M];
            for a in a.chunks(self.stride) {
                let a = &a[block * M..];
                if let Some(a) = a.first_chunk::<M>() {
                    for v in 0..V {
                        for m in 0..M {
                            sums[m] = simd.add_f32s(sums[m], a[m][v]);
                        }
                    }
                } else {
                    for (sum, a) in sums.iter_mut().zip(a) {
                        for &a in a {
                            *sum = simd.add_f32s(*sum, a);
                        }
                    }
                }
            }
            for (gradient, sum) in gradient.iter_mut().zip(sums) {
                *gradient += simd.reduce_sum_f32s(sum);
            }
        }
    }
}
