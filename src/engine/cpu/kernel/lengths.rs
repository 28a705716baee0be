//! The lengths of a tile's rows, where they end at different times.

use super::aligned::MAX_LANES;
use pulp::Simd;

/// The lengths of the rows of a tile, where not all of them have every step. A row that has ended keeps its state, and
/// one that runs backwards has its initial state until it begins.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine::cpu) struct TileLengths {
    /// Of each lane.
    lengths: [u32; MAX_LANES],
    shortest: usize,
}

impl TileLengths {
    /// For lanes with these lengths; none where all have `steps`.
    pub fn new(lengths: impl Iterator<Item = usize>, steps: usize) -> Option<Self> {
        let mut tile = TileLengths { lengths: [0; MAX_LANES], shortest: steps };
        for (lane, length) in tile.lengths.iter_mut().zip(lengths) {
            *lane = length as u32;
            tile.shortest = tile.shortest.min(length);
        }
        (tile.shortest < steps).then_some(tile)
    }

    /// The length of the row in a lane.
    pub fn length(&self, lane: usize) -> usize {
        self.lengths[lane] as usize
    }

    /// The mask of the lanes whose rows have not ended at time `t`; none where no row has ended.
    #[inline(always)]
    pub fn active<S: Simd, const V: usize>(&self, simd: S, t: usize) -> Option<[S::m32s; V]> {
        if t < self.shortest {
            return None;
        }
        let (lengths, _) = S::as_simd_u32s(&self.lengths);
        let mut active = [simd.greater_than_u32s(lengths[0], simd.splat_u32s(t as u32)); V];
        for v in 1..V {
            active[v] = simd.greater_than_u32s(lengths[v], simd.splat_u32s(t as u32));
        }
        Some(active)
    }
}
