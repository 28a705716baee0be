//! Transposes vectors of one unit of all rows to vectors of the units of one row.

use pulp::Simd;
#[cfg(target_arch = "x86_64")]
use pulp::{
    cast, f32x8, f32x16,
    x86::{V3, V4},
};
#[cfg(target_arch = "x86_64")]
use std::any::Any;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use std::arch::wasm32::{i32x4_shuffle, i64x2_shuffle, v128};

/// From [T, K][row of the tile] to [T, row of the tile][K], some columns of it; what is beyond them is left as it was.
#[inline(always)]
pub(super) fn transpose<'a, S: Simd, const V: usize, const C: usize>(
    simd: S,
    b: &[f32],
    stride: usize,
    column: usize,
    columns: usize,
    scratch: &'a mut [S::f32s],
) -> &'a [[S::f32s; C]] {
    let lanes = S::F32_LANES;
    let rows = V * lanes;
    let times = b.len().div_ceil(stride * rows);
    let scratch = &mut scratch[..times * rows * C];
    let values: &mut [f32] = bytemuck::cast_slice_mut(scratch);
    for (b, values) in b.chunks(stride * rows).zip(values.chunks_exact_mut(rows * C * lanes)) {
        let b = &b[column * rows..][..columns * rows];
        for (c, b) in b.chunks(lanes * rows).enumerate() {
            for v in 0..V {
                let values = &mut values[v * lanes * C * lanes + c * lanes..];
                square(simd, &b[v * lanes..], rows, values, C * lanes);
            }
        }
    }
    scratch.as_chunks().0
}

/// At most as many vectors as they have lanes, `from` values apart, to rows `stride` values apart.
#[inline(always)]
fn square<S: Simd>(simd: S, b: &[f32], from: usize, values: &mut [f32], stride: usize) {
    // The SIMD abstraction has no shuffles, and value by value this takes as long as a tenth of the gradient.
    #[cfg(target_arch = "x86_64")]
    if b.len() > (S::F32_LANES - 1) * from {
        if let Some(&simd) = (&simd as &dyn Any).downcast_ref::<V4>() {
            let mut rows = [simd.splat_f32s(0.0); 16];
            rows.iter_mut().zip(b.chunks(from)).for_each(|(row, b)| *row = V4::as_simd_f32s(b).0[0]);
            for (row, values) in square_16(simd, rows).into_iter().zip(values.chunks_mut(stride)) {
                V4::as_mut_simd_f32s(values).0[0] = row;
            }
            return;
        }
        if let Some(&simd) = (&simd as &dyn Any).downcast_ref::<V3>() {
            let mut rows = [simd.splat_f32s(0.0); 8];
            rows.iter_mut().zip(b.chunks(from)).for_each(|(row, b)| *row = V3::as_simd_f32s(b).0[0]);
            for (row, values) in square_8(simd, rows).into_iter().zip(values.chunks_mut(stride)) {
                V3::as_mut_simd_f32s(values).0[0] = row;
            }
            return;
        }
    }
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    if S::F32_LANES == 4 && b.len() > 3 * from {
        let rows = std::array::from_fn(|k| bytemuck::pod_read_unaligned(bytemuck::cast_slice(&b[k * from..][..4])));
        for (row, values) in square_4(rows).into_iter().zip(values.chunks_mut(stride)) {
            values[..4].copy_from_slice(bytemuck::cast_slice(&[row]));
        }
        return;
    }
    let _ = simd;
    for (k, b) in b.chunks(from).enumerate() {
        for (value, &b) in values[k..].iter_mut().step_by(stride).zip(&b[..S::F32_LANES]) {
            *value = b;
        }
    }
}

/// Pairs of lanes and then pairs of pairs change places.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[inline(always)]
fn square_4([a, b, c, d]: [v128; 4]) -> [v128; 4] {
    let (ab, cd) = (i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<0, 4, 1, 5>(c, d));
    let (ab_high, cd_high) = (i32x4_shuffle::<2, 6, 3, 7>(a, b), i32x4_shuffle::<2, 6, 3, 7>(c, d));
    [
        i64x2_shuffle::<0, 2>(ab, cd),
        i64x2_shuffle::<1, 3>(ab, cd),
        i64x2_shuffle::<0, 2>(ab_high, cd_high),
        i64x2_shuffle::<1, 3>(ab_high, cd_high),
    ]
}

/// Pairs of lanes, pairs of pairs, and then halves of vectors change places.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn square_8(simd: V3, rows: [f32x8; 8]) -> [f32x8; 8] {
    let simd = simd.avx;
    let mut a = rows;
    for i in 0..4 {
        let (x, y) = (cast(rows[2 * i]), cast(rows[2 * i + 1]));
        a[2 * i] = cast(simd._mm256_unpacklo_ps(x, y));
        a[2 * i + 1] = cast(simd._mm256_unpackhi_ps(x, y));
    }
    let mut b = rows;
    for i in 0..2 {
        for j in 0..2 {
            let (x, y) = (cast(a[4 * i + j]), cast(a[4 * i + j + 2]));
            b[4 * i + 2 * j] = cast(simd._mm256_unpacklo_pd(x, y));
            b[4 * i + 2 * j + 1] = cast(simd._mm256_unpackhi_pd(x, y));
        }
    }
    // b[4 i + j] has in its half h the column 4 h + j of the rows 4 i to 4 i + 3.
    let mut columns = rows;
    for j in 0..4 {
        let (x, y) = (cast(b[j]), cast(b[4 + j]));
        columns[j] = cast(simd._mm256_permute2f128_ps::<0x20>(x, y));
        columns[j + 4] = cast(simd._mm256_permute2f128_ps::<0x31>(x, y));
    }
    columns
}

/// Pairs of lanes, pairs of pairs, and then quarters of vectors change places.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn square_16(simd: V4, rows: [f32x16; 16]) -> [f32x16; 16] {
    let simd = simd.avx512f;
    let mut a = rows;
    for i in 0..8 {
        let (x, y) = (cast(rows[2 * i]), cast(rows[2 * i + 1]));
        a[2 * i] = cast(simd._mm512_unpacklo_ps(x, y));
        a[2 * i + 1] = cast(simd._mm512_unpackhi_ps(x, y));
    }
    let mut b = rows;
    for i in 0..4 {
        for j in 0..2 {
            let (x, y) = (cast(a[4 * i + j]), cast(a[4 * i + j + 2]));
            b[4 * i + 2 * j] = cast(simd._mm512_unpacklo_pd(x, y));
            b[4 * i + 2 * j + 1] = cast(simd._mm512_unpackhi_pd(x, y));
        }
    }
    // b[4 i + j] has in its quarter q the column 4 q + j of the rows 4 i to 4 i + 3.
    let mut columns = rows;
    for j in 0..4 {
        let [w, x, y, z] = [cast(b[j]), cast(b[4 + j]), cast(b[8 + j]), cast(b[12 + j])];
        let even = (simd._mm512_shuffle_f32x4::<0x88>(w, x), simd._mm512_shuffle_f32x4::<0x88>(y, z));
        let odd = (simd._mm512_shuffle_f32x4::<0xdd>(w, x), simd._mm512_shuffle_f32x4::<0xdd>(y, z));
        columns[j] = cast(simd._mm512_shuffle_f32x4::<0x88>(even.0, even.1));
        columns[j + 4] = cast(simd._mm512_shuffle_f32x4::<0x88>(odd.0, odd.1));
        columns[j + 8] = cast(simd._mm512_shuffle_f32x4::<0xdd>(even.0, even.1));
        columns[j + 12] = cast(simd._mm512_shuffle_f32x4::<0xdd>(odd.0, odd.1));
    }
    columns
}
