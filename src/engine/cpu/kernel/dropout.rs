//! Dropout on a layer's outputs, or on their gradient.

use super::aligned::MAX_LANES;
use super::wide::Kernel;
use crate::model::Mask;
use pulp::Simd;

/// Multiplies each value by the mask's factor. The mask is computed anew in the forward and in the backward pass: a few
/// products of integers for each value, where a unit's step takes hundreds of products.
pub(in crate::engine::cpu) struct ApplyMask<'a> {
    pub mask: Mask,
    pub layer: usize,
    /// The batch row of each lane.
    pub rows: [u32; MAX_LANES],
    /// D*H.
    pub units: usize,
    /// [T, D*H].
    pub values: &'a mut [f32],
    /// Values from one time to the next.
    pub stride: usize,
}

impl Kernel for ApplyMask<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, _: S) {
        let ApplyMask { mask, layer, rows, units, values, stride } = self;
        let (lanes, scale) = (V * S::F32_LANES, mask.scale as f32);
        for (time, values) in values.chunks_exact_mut(stride * lanes).enumerate() {
            for (unit, values) in values.chunks_exact_mut(lanes).take(units).enumerate() {
                // Lanes side by side: the compiler makes vectors of this loop.
                for (value, &row) in values.iter_mut().zip(&rows[..lanes]) {
                    let keeps = mask.keeps(layer as u32, row, time as u32, unit as u32);
                    *value *= if keeps { scale } else { 0.0 };
                }
            }
        }
    }
}
