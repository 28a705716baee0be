//! The ways of the CPU engine, at every SIMD level of this machine.

use refrain::engine::cpu::{Level, Way};

/// Every level with each way.
pub fn ways() -> impl Iterator<Item = (Level, Way)> {
    Level::available().into_iter().flat_map(|level| [Way::Tiles, Way::Units].map(|way| (level, way)))
}
