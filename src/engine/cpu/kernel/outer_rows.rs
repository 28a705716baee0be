//! The gradient of a weight matrix whose rows are long: vectors lie along a row of the gradient, and one side is transposed
//! for it, a few times at a time.

use super::outer::{Outer, SCRATCH};
use super::transpose::transpose;
use pulp::Simd;

/// Does what [`Outer`] says.
#[inline(always)]
pub(super) fn add<S: Simd>(simd: S, mut outer: Outer<'_>) {
    let mut column = 0;
    while column < outer.columns {
        let vectors = (outer.columns - column).div_ceil(S::F32_LANES);
        column += if S::REGISTER_COUNT >= 32 {
            match vectors {
                1 => panel::<S, 24, 1>(simd, &mut outer, column),
                2 => panel::<S, 12, 2>(simd, &mut outer, column),
                3 => panel::<S, 8, 3>(simd, &mut outer, column),
                _ => panel::<S, 6, 4>(simd, &mut outer, column),
            }
        } else {
            match vectors {
                1 => panel::<S, 12, 1>(simd, &mut outer, column),
                2 => panel::<S, 6, 2>(simd, &mut outer, column),
                _ => panel::<S, 4, 3>(simd, &mut outer, column),
            }
        }
    }
}

/// The columns from `column` on, at most V vectors of them, M rows at a time; gives their number.
#[inline(always)]
fn panel<S: Simd, const M: usize, const V: usize>(simd: S, outer: &mut Outer<'_>, column: usize) -> usize {
    let lanes = S::F32_LANES;
    let columns = (outer.columns - column).min(V * lanes);
    let times = SCRATCH / (V * lanes * lanes);
    let (scratch, _) = S::as_mut_simd_f32s(outer.scratch);
    let a = outer.a.chunks(times * outer.a_stride * lanes);
    let b = outer.b.chunks(times * outer.b_stride * lanes);
    for (a, b) in a.zip(b) {
        let transposed = transpose::<S, V>(simd, b, outer.b_stride, column, columns, scratch);
        let segments = outer.gradient.chunks_exact_mut(outer.segments.len * outer.columns);
        for (&start, gradient) in outer.segments.starts.iter().zip(segments) {
            for (index, gradient) in gradient.chunks_mut(M * outer.columns).enumerate() {
                let a = &a[(start + index * M) * lanes..];
                if gradient.len() == M * outer.columns {
                    block::<S, M, V>(simd, a, outer.a_stride, transposed, gradient, column);
                    continue;
                }
                for (row, gradient) in gradient.chunks_exact_mut(outer.columns).enumerate() {
                    block::<S, 1, V>(simd, &a[row * lanes..], outer.a_stride, transposed, gradient, column);
                }
            }
        }
    }
    columns
}

/// M rows of the gradient, V vectors of their columns.
#[inline(always)]
#[expect(clippy::needless_range_loop, reason = "loops over constant bounds, which become registers")]
fn block<S: Simd, const M: usize, const V: usize>(
    simd: S,
    a: &[f32],
    a_stride: usize,
    b: &[[S::f32s; V]],
    gradient: &mut [f32],
    column: usize,
) {
    let lanes = S::F32_LANES;
    let mut sums = [[simd.splat_f32s(0.0); V]; M];
    for (a, b) in a.chunks(a_stride * lanes).zip(b.chunks_exact(lanes)) {
        let a = &a[..M * lanes];
        for (lane, b) in b.iter().enumerate() {
            for m in 0..M {
                let a = simd.splat_f32s(a[m * lanes + lane]);
                for v in 0..V {
                    sums[m][v] = simd.mul_add_e_f32s(a, b[v], sums[m][v]);
                }
            }
        }
    }
    let columns = gradient.len() / M;
    for m in 0..M {
        let gradient = &mut gradient[m * columns..][column..columns];
        for v in 0..V {
            let Some(gradient) = gradient.get_mut(v * lanes..) else { continue };
            if gradient.len() >= lanes {
                let (gradient, _) = S::as_mut_simd_f32s(&mut gradient[..lanes]);
                gradient[0] = simd.add_f32s(gradient[0], sums[m][v]);
            } else {
                let sum = simd.add_f32s(simd.partial_load_f32s(gradient), sums[m][v]);
                simd.partial_store_f32s(gradient, sum);
            }
        }
    }
}
