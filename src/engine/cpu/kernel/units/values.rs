//! Vectors from slices and back, the last of which may be shorter than a vector.

use crate::model::Mask;
use pulp::Simd;

/// The first values of a slice, at most a vector of them; the lanes beyond are 0.
#[inline(always)]
pub(super) fn load<S: Simd>(simd: S, values: &[f32]) -> S::f32s {
    if values.len() >= S::F32_LANES {
        S::as_simd_f32s(&values[..S::F32_LANES]).0[0]
    } else {
        simd.partial_load_f32s(values)
    }
}

/// Writes a vector to a slice, as much of it as the slice has room for.
#[inline(always)]
pub(super) fn store<S: Simd>(simd: S, values: &mut [f32], vector: S::f32s) {
    if values.len() >= S::F32_LANES {
        S::as_mut_simd_f32s(&mut values[..S::F32_LANES]).0[0] = vector;
    } else {
        simd.partial_store_f32s(values, vector);
    }
}

/// sums += values.
pub(in crate::engine::cpu) fn accumulate(sums: &mut [f32], values: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

/// Multiplies one row's values at one time, those of the units from `first` on, by the factors of a mask.
pub(in crate::engine::cpu) fn mask(
    mask: Mask,
    layer: usize,
    row: usize,
    time: usize,
    first: usize,
    values: &mut [f32],
) {
    let scale = mask.scale as f32;
    for (value, unit) in values.iter_mut().zip(first as u32..) {
        let keeps = mask.keeps(layer as u32, row as u32, time as u32, unit);
        *value *= if keeps { scale } else { 0.0 };
    }
}
