//! The gradient of a weight matrix whose rows are short: products are added up in the lanes, and then the lanes.

use super::operands::Outer;
use crate::engine::cpu::kernel::wide::tiles;
use pulp::Simd;

/// Times whose products are summed in the lanes before the lanes are: so many rows of both sides stay in the cache.
const CHUNK: usize = 64;
/// Columns that are done for all rows before the next, for the same reason.
const PANEL: usize = 40;

/// Adds up in the lanes, blocks of M rows and K columns of the gradient at a time, and then the lanes.
#[inline(always)]
pub(super) fn add<S: Simd, const V: usize, const M: usize, const K: usize>(simd: S, outer: Outer<'_>) {
    let Outer { a, a_stride, segments, b, b_stride, columns, gradient, .. } = outer;
    let (a, b) = (tiles::<S, V>(a), tiles::<S, V>(b));
    for (a, b) in a.chunks(CHUNK * a_stride).zip(b.chunks(CHUNK * b_stride)) {
        for panel in (0..columns).step_by(PANEL) {
            let panel = panel..columns.min(panel + PANEL);
            let mut rest = &mut *gradient;
            for segment in segments {
                let gradient = rest.split_off_mut(..segment.len() * columns).unwrap_or_default();
                for (index, gradient) in gradient.chunks_mut(M * columns).enumerate() {
                    let first = segment.start + index * M;
                    if gradient.len() == M * columns {
                        let rows = Rows { a: &a[first..], a_stride, b, b_stride, columns, gradient };
                        rows.add::<S, M, K>(simd, panel.clone());
                        continue;
                    }
                    for (row, gradient) in gradient.chunks_exact_mut(columns).enumerate() {
                        let rows = Rows { a: &a[first + row..], a_stride, b, b_stride, columns, gradient };
                        rows.add::<S, 1, K>(simd, panel.clone());
                    }
                }
            }
        }
    }
}

/// Some rows of the gradient, and what they are made of at some times.
struct Rows<'a, V, const WIDE: usize> {
    a: &'a [[V; WIDE]],
    a_stride: usize,
    b: &'a [[V; WIDE]],
    b_stride: usize,
    columns: usize,
    gradient: &'a mut [f32],
}

impl<V: Copy, const WIDE: usize> Rows<'_, V, WIDE> {
    /// M rows, some columns of them.
    #[inline(always)]
    fn add<S: Simd<f32s = V>, const M: usize, const K: usize>(mut self, simd: S, panel: std::ops::Range<usize>) {
        let mut k = panel.start;
        while k + K <= panel.end {
            self.block::<S, M, K>(simd, k);
            k += K;
        }
        while k < panel.end {
            self.block::<S, M, 1>(simd, k);
            k += 1;
        }
    }

    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "loops over constant bounds, which become registers")]
    fn block<S: Simd<f32s = V>, const M: usize, const K: usize>(&mut self, simd: S, k: usize) {
        let mut sums = [[simd.splat_f32s(0.0); K]; M];
        for (a, b) in self.a.chunks(self.a_stride).zip(self.b.chunks(self.b_stride)) {
            let (a, b): (&[_; M], &[_; K]) = match (a.first_chunk(), b[k..].first_chunk()) {
                (Some(a), Some(b)) => (a, b),
                _ => panic!("{M} rows and {K} columns from {k} on reach beyond {} and {}", a.len(), b.len()),
            };
            for v in 0..WIDE {
                for i in 0..M {
                    for j in 0..K {
                        sums[i][j] = simd.mul_add_e_f32s(a[i][v], b[j][v], sums[i][j]);
                    }
                }
            }
        }
        for i in 0..M {
            for j in 0..K {
                self.gradient[i * self.columns + k + j] += simd.reduce_sum_f32s(sums[i][j]);
            }
        }
    }
}
