//! The gradients of weight matrices: sums of products of deltas and inputs over all positions. A position is one time
//! of one row.

use super::values::{load, store};
use crate::engine::cpu::kernel::aligned::MAX_LANES;
use crate::engine::cpu::kernel::wide::registers;
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Positions whose products are summed before the sums go to the gradient: their panel of columns stays in the first
/// cache.
const CHUNK: usize = 96;
/// Vectors of columns of a panel.
const PANEL: usize = 3;
/// Rows of a block of the gradient, where registers are many, where they are 16, and where they are fewer.
const ROWS: [usize; 3] = [8, 4, 2];

/// Values of [`RowsOuter::scratch`], on any level, for a gradient of so many rows.
pub(in crate::engine::cpu) const fn scratch_of(rows: usize) -> usize {
    CHUNK * (PANEL * MAX_LANES + rows.next_multiple_of(ROWS[0]))
}

/// gradient[m, k] += sum over positions p of a[p, m] b[p, k], row-major.
pub(in crate::engine::cpu) struct RowsOuter<'a> {
    /// [P, >= M].
    pub a: &'a [f32],
    /// Values from one position to the next.
    pub a_stride: usize,
    /// [P, >= K].
    pub b: &'a [f32],
    pub b_stride: usize,
    /// P.
    pub positions: usize,
    /// K.
    pub columns: usize,
    /// [M, K].
    pub gradient: &'a mut [f32],
    /// As many values as [`scratch_of`] says.
    pub scratch: &'a mut [f32],
}

impl WithSimd for RowsOuter<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let RowsOuter { a, a_stride, b, b_stride, positions, columns, gradient, scratch } = self;
        for first in (0..positions).step_by(CHUNK) {
            let count = CHUNK.min(positions - first);
            let deltas = Deltas { a: &a[first * a_stride..], stride: a_stride, count };
            let b = &b[first * b_stride..];
            // Few columns fill no vector: vectors then lie along the gradient's rows.
            if 2 * columns <= S::F32_LANES {
                for k in 0..columns {
                    deltas.column::<S>(simd, &b[k..], b_stride, gradient, columns, k);
                }
                continue;
            }
            if const { registers::<S>() >= 32 } {
                deltas.panels::<S, { ROWS[0] }>(simd, b, b_stride, columns, gradient, scratch);
            } else if const { registers::<S>() >= 16 } {
                deltas.panels::<S, { ROWS[1] }>(simd, b, b_stride, columns, gradient, scratch);
            } else {
                deltas.panels::<S, { ROWS[2] }>(simd, b, b_stride, columns, gradient, scratch);
            }
        }
    }
}

/// One side at the positions of a chunk.
#[derive(Clone, Copy)]
struct Deltas<'a> {
    a: &'a [f32],
    stride: usize,
    count: usize,
}

impl Deltas<'_> {
    /// Panel after panel of columns, and in each M rows of the gradient at a time. What a block reads lies side by
    /// side.
    #[inline(always)]
    fn panels<S: Simd, const M: usize>(
        self,
        simd: S,
        b: &[f32],
        b_stride: usize,
        columns: usize,
        gradient: &mut [f32],
        scratch: &mut [f32],
    ) {
        let rows = gradient.len() / columns;
        let (panel, blocks) = scratch.split_at_mut(CHUNK * PANEL * S::F32_LANES);
        let (panel, _) = S::as_mut_simd_f32s(panel);
        let panel = &mut panel.as_chunks_mut::<PANEL>().0[..self.count];
        let blocks = &mut blocks[..rows.next_multiple_of(M) * self.count];
        for (block, first) in blocks.chunks_exact_mut(M * self.count).zip((0..rows).step_by(M)) {
            let count = M.min(rows - first);
            for (block, a) in block.as_chunks_mut::<M>().0.iter_mut().zip(self.a.chunks(self.stride)) {
                block[..count].copy_from_slice(&a[first..][..count]);
            }
        }
        for column in (0..columns).step_by(PANEL * S::F32_LANES) {
            let count = columns.min(column + PANEL * S::F32_LANES) - column;
            for (p, panel) in panel.iter_mut().enumerate() {
                let b = &b[p * b_stride + column..][..count];
                for (c, panel) in panel.iter_mut().enumerate() {
                    *panel = load(simd, b.get(c * S::F32_LANES..).unwrap_or_default());
                }
            }
            let gradients = gradient.chunks_mut(M * columns);
            for (block, gradient) in blocks.chunks_exact(M * self.count).zip(gradients) {
                block_of_rows::<S, M>(simd, block.as_chunks::<M>().0, panel, columns, column..column + count, gradient);
            }
        }
    }

    /// Column `k` of the gradient, from the values `b` of one column, with lanes along its rows.
    #[inline(always)]
    fn column<S: Simd>(self, simd: S, b: &[f32], b_stride: usize, gradient: &mut [f32], columns: usize, k: usize) {
        /// Vectors side by side, so that none waits for its last addition.
        const WIDE: usize = 8;
        let rows = gradient.len() / columns;
        for first in (0..rows).step_by(WIDE * S::F32_LANES) {
            let count = rows.min(first + WIDE * S::F32_LANES) - first;
            let mut sums = [simd.splat_f32s(0.0); WIDE];
            for p in 0..self.count {
                let a = &self.a[p * self.stride + first..][..count];
                let b = simd.splat_f32s(b[p * b_stride]);
                for (w, sum) in sums.iter_mut().enumerate() {
                    if let Some(a) = a.get(w * S::F32_LANES..) {
                        *sum = simd.mul_add_e_f32s(load(simd, a), b, *sum);
                    }
                }
            }
            for (sum, gradient) in sums.iter().zip(gradient[first * columns..].chunks_mut(S::F32_LANES * columns)) {
                let sum: &[f32] = bytemuck::cast_slice(std::slice::from_ref(sum));
                for (gradient, sum) in gradient[k..].iter_mut().step_by(columns).zip(sum) {
                    *gradient += sum;
                }
            }
        }
    }
}

/// gradient[m, k] += sum_p a[p][m] b[p][k], of at most M rows and some columns.
#[inline(always)]
fn block_of_rows<S: Simd, const M: usize>(
    simd: S,
    a: &[[f32; M]],
    b: &[[S::f32s; PANEL]],
    of: usize,
    columns: Range<usize>,
    gradient: &mut [f32],
) {
    let mut sums = [[simd.splat_f32s(0.0); PANEL]; M];
    for (a, b) in a.iter().zip(b) {
        for m in 0..M {
            let a = simd.splat_f32s(a[m]);
            for c in 0..PANEL {
                sums[m][c] = simd.mul_add_e_f32s(a, b[c], sums[m][c]);
            }
        }
    }
    if gradient.len() == M * of && columns.len() == PANEL * S::F32_LANES {
        for m in 0..M {
            let (gradient, _) = S::as_mut_simd_f32s(&mut gradient[m * of..][columns.clone()]);
            for c in 0..PANEL {
                gradient[c] = simd.add_f32s(gradient[c], sums[m][c]);
            }
        }
    } else {
        // A copy, since what is indexed at run time lies in memory.
        let mut values = [[simd.splat_f32s(0.0); PANEL]; M];
        for m in 0..M {
            for c in 0..PANEL {
                values[m][c] = sums[m][c];
            }
        }
        for (gradient, values) in gradient.chunks_exact_mut(of).zip(&values) {
            for (gradient, &value) in gradient[columns.clone()].chunks_mut(S::F32_LANES).zip(values) {
                let sum = simd.add_f32s(load(simd, gradient), value);
                store(simd, gradient, sum);
            }
        }
    }
}
