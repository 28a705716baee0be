//! From one unit to a vector to one row to a vector.

use pulp::Simd;
#[cfg(target_arch = "x86_64")]
use pulp::{cast, f32x16, x86::V4};

/// From [T, K][lane] to [T, lane][K], some columns of it; what is beyond them is left as it was.
#[inline(always)]
pub(super) fn transpose<'a, S: Simd, const V: usize>(
    simd: S,
    b: &[f32],
    stride: usize,
    column: usize,
    columns: usize,
    scratch: &'a mut [S::f32s],
) -> &'a [[S::f32s; V]] {
    let lanes = S::F32_LANES;
    let times = b.len().div_ceil(stride * lanes);
    let scratch = &mut scratch[..times * lanes * V];
    let values: &mut [f32] = bytemuck::cast_slice_mut(scratch);
    for (b, values) in b.chunks(stride * lanes).zip(values.chunks_exact_mut(lanes * V * lanes)) {
        let b = &b[column * lanes..][..columns * lanes];
        for (v, b) in b.chunks(lanes * lanes).enumerate() {
            square(simd, b, &mut values[v * lanes..], V * lanes);
        }
    }
    scratch.as_chunks().0
}

/// At most as many vectors as they have lanes, to rows `stride` values apart.
#[inline(always)]
fn square<S: Simd>(simd: S, b: &[f32], values: &mut [f32], stride: usize) {
    // The SIMD abstraction has no shuffles, and value by value this takes as long as a tenth of the gradient.
    #[cfg(target_arch = "x86_64")]
    if let (Some(&simd), Some(b)) = ((&simd as &dyn std::any::Any).downcast_ref::<V4>(), b.first_chunk::<256>()) {
        let (vectors, _) = V4::as_simd_f32s(b);
        let mut rows = [vectors[0]; 16];
        rows.copy_from_slice(vectors);
        for (row, values) in square_16(simd, rows).into_iter().zip(values.chunks_mut(stride)) {
            V4::as_mut_simd_f32s(&mut values[..16]).0[0] = row;
        }
        return;
    }
    let _ = simd;
    for (k, b) in b.chunks_exact(S::F32_LANES).enumerate() {
        for (value, &b) in values[k..].iter_mut().step_by(stride).zip(b) {
            *value = b;
        }
    }
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
