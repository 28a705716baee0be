//! How wide a tile is: a value of all its rows is V vectors. Two where registers are narrow, so that a weight that was
//! loaded serves both; one where a single vector has rows enough.

use pulp::{Simd, WithSimd};

/// A loop over tiles, for any width.
pub(in crate::engine::cpu) trait Kernel {
    /// What it gives.
    type Output;

    /// Runs on tiles of V vectors.
    fn run<S: Simd, const V: usize>(self, simd: S) -> Self::Output;
}

/// Runs a kernel at the width of the SIMD level.
pub(in crate::engine::cpu) struct Wide<K>(pub K);

impl<K: Kernel> WithSimd for Wide<K> {
    type Output = K::Output;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> K::Output {
        if vectors::<S>() == 2 { self.0.run::<S, 2>(simd) } else { self.0.run::<S, 1>(simd) }
    }
}

/// Vectors of a tile: V.
pub(in crate::engine::cpu) const fn vectors<S: Simd>() -> usize {
    if S::F32_LANES == 4 || S::F32_LANES == 8 { 2 } else { 1 }
}

/// Vector registers of a level. WebAssembly has as many as one likes, but many a processor behind it has 16, of which a
/// browser's compiler keeps one. Another goes to products, since it loads all that a turn of a loop reads before it uses
/// the first: sums that find no register wait for memory at every addition.
pub(in crate::engine::cpu) const fn registers<S: Simd>() -> usize {
    if cfg!(target_arch = "wasm32") { 14 } else { S::REGISTER_COUNT }
}

/// Values of tiles as vectors.
#[inline(always)]
pub(super) fn tiles<S: Simd, const V: usize>(values: &[f32]) -> &[[S::f32s; V]] {
    S::as_simd_f32s(values).0.as_chunks().0
}

/// The same, to be changed.
#[inline(always)]
pub(super) fn tiles_mut<S: Simd, const V: usize>(values: &mut [f32]) -> &mut [[S::f32s; V]] {
    S::as_mut_simd_f32s(values).0.as_chunks_mut().0
}
