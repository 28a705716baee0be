//! The gradient of a weight matrix whose rows are long: vectors lie along a row of the gradient, and one side is
//! transposed for it, a few times at a time.

use super::operands::{Outer, SCRATCH};
use crate::engine::cpu::kernel::product::Segments;
use crate::engine::cpu::kernel::transpose::transpose;
use crate::engine::cpu::kernel::wide::registers;
use pulp::Simd;

/// Values of `a` that are read again and again for one panel of columns after the other: half of a usual second cache.
const AGAIN: usize = 1 << 16;

/// Does what [`Outer`] says, for tiles of V vectors.
#[inline(always)]
pub(super) fn add<S: Simd, const V: usize>(simd: S, outer: Outer<'_>) {
    let Outer { a, a_stride, segments, b, b_stride, columns, gradient, scratch } = outer;
    let rows = V * S::F32_LANES;
    let widest = if const { registers::<S>() >= 32 } { 4 } else { 2 };
    let times = (AGAIN / (a_stride * rows)).clamp(4, SCRATCH / (widest * S::F32_LANES * rows));
    let (scratch, _) = S::as_mut_simd_f32s(scratch);
    for (a, b) in a.chunks(times * a_stride * rows).zip(b.chunks(times * b_stride * rows)) {
        let mut column = 0;
        while column < columns {
            let chunk = Chunk { a, a_stride, segments, b, b_stride, columns, gradient, scratch, column };
            let vectors = (columns - column).div_ceil(S::F32_LANES);
            column += if const { registers::<S>() >= 32 } {
                match vectors {
                    1 => chunk.panel::<S, V, 24, 1>(simd),
                    2 => chunk.panel::<S, V, 12, 2>(simd),
                    3 => chunk.panel::<S, V, 8, 3>(simd),
                    _ => chunk.panel::<S, V, 6, 4>(simd),
                }
            } else {
                match vectors {
                    1 => chunk.panel::<S, V, 12, 1>(simd),
                    _ if const { registers::<S>() >= 16 } => chunk.panel::<S, V, 6, 2>(simd),
                    _ => chunk.panel::<S, V, 4, 2>(simd),
                }
            };
        }
    }
}

/// Some times of [`Outer`], and the columns from `column` on.
struct Chunk<'a, T> {
    a: &'a [f32],
    a_stride: usize,
    segments: Segments<'a>,
    b: &'a [f32],
    b_stride: usize,
    columns: usize,
    gradient: &'a mut [f32],
    scratch: &'a mut [T],
    column: usize,
}

impl<T: Copy> Chunk<'_, T> {
    /// At most C vectors of columns, M rows at a time; gives the number of columns.
    #[inline(always)]
    fn panel<S: Simd<f32s = T>, const V: usize, const M: usize, const C: usize>(self, simd: S) -> usize {
        let Chunk { a, a_stride, segments, b, b_stride, columns, gradient, scratch, column } = self;
        let rows = V * S::F32_LANES;
        let wanted = (columns - column).min(C * S::F32_LANES);
        let transposed = transpose::<S, V, C>(simd, b, b_stride, column, wanted, scratch);
        let panel = Panel { rows, a_stride, b: transposed, columns, column };
        let mut rest = gradient;
        for segment in segments {
            let gradient = rest.split_off_mut(..segment.len() * columns).unwrap_or_default();
            let (a, gradient) = panel.blocks::<S, M>(simd, &a[segment.start * rows..], gradient);
            let (a, gradient) = panel.blocks::<S, 4>(simd, a, gradient);
            let (a, gradient) = panel.blocks::<S, 2>(simd, a, gradient);
            panel.blocks::<S, 1>(simd, a, gradient);
        }
        wanted
    }
}

/// C vectors of columns, those from `column` on.
struct Panel<'a, T, const C: usize> {
    /// Rows of a tile.
    rows: usize,
    a_stride: usize,
    /// [T, row of the tile][C].
    b: &'a [[T; C]],
    /// K.
    columns: usize,
    column: usize,
}

impl<T: Copy, const C: usize> Panel<'_, T, C> {
    /// As many rows of the gradient as blocks of M fill; gives what is left of both sides.
    #[inline(always)]
    fn blocks<'a, 'g, S: Simd<f32s = T>, const M: usize>(
        &self,
        simd: S,
        a: &'a [f32],
        gradient: &'g mut [f32],
    ) -> (&'a [f32], &'g mut [f32]) {
        let count = gradient.len() / (M * self.columns);
        let (these, left) = gradient.split_at_mut(count * M * self.columns);
        for (index, gradient) in these.chunks_exact_mut(M * self.columns).enumerate() {
            self.block::<S, M>(simd, &a[index * M * self.rows..], gradient);
        }
        (&a[count * M * self.rows..], left)
    }

    /// M rows of the gradient.
    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "loops over constant bounds, which become registers")]
    fn block<S: Simd<f32s = T>, const M: usize>(&self, simd: S, a: &[f32], gradient: &mut [f32]) {
        let (rows, lanes) = (self.rows, S::F32_LANES);
        let mut sums = [[simd.splat_f32s(0.0); C]; M];
        for (a, b) in a.chunks(self.a_stride * rows).zip(self.b.chunks_exact(rows)) {
            let a = &a[..M * rows];
            for (row, b) in b.iter().enumerate() {
                for m in 0..M {
                    let a = simd.splat_f32s(a[m * rows + row]);
                    for c in 0..C {
                        sums[m][c] = simd.mul_add_e_f32s(a, b[c], sums[m][c]);
                    }
                }
            }
        }
        for m in 0..M {
            let gradient = &mut gradient[m * self.columns..][self.column..self.columns];
            for c in 0..C {
                let Some(gradient) = gradient.get_mut(c * lanes..) else { continue };
                if gradient.len() >= lanes {
                    let (gradient, _) = S::as_mut_simd_f32s(&mut gradient[..lanes]);
                    gradient[0] = simd.add_f32s(gradient[0], sums[m][c]);
                } else {
                    let sum = simd.add_f32s(simd.partial_load_f32s(gradient), sums[m][c]);
                    simd.partial_store_f32s(gradient, sum);
                }
            }
        }
    }
}
