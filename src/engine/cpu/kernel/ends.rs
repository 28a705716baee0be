//! Tiles whose rows end at different times.

use super::lines::WIDEST;
use pulp::Simd;

/// The lengths of the rows of a tile, where not all of them have every step. A row that has ended keeps its state, and one that
/// runs backwards has its initial state until it begins.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine::cpu) struct Ends {
    /// Of each lane.
    lengths: [u32; WIDEST],
    shortest: usize,
}

impl Ends {
    /// For lanes with these lengths; none where all have `steps`.
    pub fn new(lengths: impl Iterator<Item = usize>, steps: usize) -> Option<Self> {
        let mut ends = Ends { lengths: [0; WIDEST], shortest: steps };
        for (lane, length) in ends.lengths.iter_mut().zip(lengths) {
            *lane = length as u32;
            ends.shortest = ends.shortest.min(length);
        }
        (ends.shortest < steps).then_some(ends)
    }

    /// The length of the row in a lane.
    pub fn length(&self, lane: usize) -> usize {
        self.lengths[lane] as usize
    }

    /// The lanes whose rows have not ended at time `t`; none where no row has.
    #[inline(always)]
    pub fn running<S: Simd>(&self, simd: S, t: usize) -> Option<S::m32s> {
        if t < self.shortest {
            return None;
        }
        let (lengths, _) = S::as_simd_u32s(&self.lengths);
        Some(simd.greater_than_u32s(lengths[0], simd.splat_u32s(t as u32)))
    }
}
