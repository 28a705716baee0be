//! The ways of the CPU engine, at every SIMD level of this machine.

use refrain::engine::cpu::{Level, Options, Way};

/// Every level with each way, on two threads.
pub fn ways() -> impl Iterator<Item = Options> {
    let options = |level, way| Options { threads: Some(2), level, way: Some(way), ..Options::default() };
    Level::available().into_iter().flat_map(move |level| [Way::Tiles, Way::Units].map(|way| options(level, way)))
}
