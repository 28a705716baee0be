//! Dropout on a layer's outputs, or on their gradient.

use super::lines::WIDEST;
use crate::model::Mask;
use pulp::{Simd, WithSimd};

/// Multiplies each value by what the mask says of its place. The mask is computed where it is needed, forward and back: a few
/// products of integers for each value, where a unit's step takes hundreds of products.
pub(in crate::engine::cpu) struct Drop<'a> {
    pub mask: Mask,
    pub layer: usize,
    /// The batch row of each lane.
    pub rows: [u32; WIDEST],
    /// D*H.
    pub units: usize,
    /// [T, D*H].
    pub values: &'a mut [f32],
    /// Vectors from one time to the next.
    pub stride: usize,
}

impl WithSimd for Drop<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Drop { mask, layer, rows, units, values, stride } = self;
        let scale = mask.scale as f32;
        for (time, values) in values.chunks_exact_mut(stride * S::F32_LANES).enumerate() {
            for (unit, values) in values.chunks_exact_mut(S::F32_LANES).take(units).enumerate() {
                // Lanes side by side: the compiler makes vectors of this loop.
                for lane in 0..S::F32_LANES {
                    let keeps = mask.keeps(layer as u32, rows[lane], time as u32, unit as u32);
                    values[lane] *= if keeps { scale } else { 0.0 };
                }
            }
        }
    }
}
