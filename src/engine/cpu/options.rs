//! How an engine is to run, and the machine that follows from it.

use super::Level;
use super::kernel::{blocks, registers, vectors};
use super::threads::{Machine, Threads};
use super::way::Way;
use crate::engine::DeviceInfo;
use crate::error::{Error, Result};
use pulp::{Simd, WithSimd};
use std::num::NonZero;

/// How a [`CpuEngine`](super::CpuEngine) is to run; by default on all processors, with the widest SIMD instructions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Threads, or as many as there are processors.
    pub threads: Option<usize>,
    /// SIMD instructions.
    pub level: Level,
    /// Keep the tape of at most so many time steps: of longer sequences the states before each such chunk are kept, and
    /// its tape is made again on the way back, in a third more of the time. In one direction of time alone.
    pub recompute: Option<usize>,
    /// The way that all passes take; by default each takes the one that suits it.
    pub way: Option<Way>,
}

/// The machine that an engine with these options runs on, and the candidates for the number of outputs in a block.
///
/// # Errors
/// [`Error::Config`] where there are to be no threads; [`Error::Device`] where they could not be started.
pub(super) fn machine(options: Options) -> Result<(Machine, [usize; 4])> {
    // A browser does not say how many processors there are: as many as JavaScript has started threads.
    let cores = std::thread::available_parallelism().map_or_else(|_| rayon::current_num_threads(), NonZero::get);
    let count = options.threads.unwrap_or(cores);
    if count == 0 {
        return Err(Error::config("threads", count, "at least 1"));
    }
    if options.recompute == Some(0) {
        return Err(Error::config("recompute", 0, "at least 1"));
    }
    let Width { vector, lanes, blocks } = options.level.dispatch(Measure);
    let threads = Threads::new(count)?;
    Ok((
        Machine { level: options.level, vector, lanes, threads, cores, recompute: options.recompute, way: options.way },
        blocks,
    ))
}

/// The widths of a SIMD level.
struct Width {
    /// Lanes of a vector.
    vector: usize,
    /// Rows of a tile.
    lanes: usize,
    /// Outputs of a block.
    blocks: [usize; 4],
}

struct Measure;

impl WithSimd for Measure {
    type Output = Width;

    fn with_simd<S: Simd>(self, _: S) -> Width {
        let vectors = vectors::<S>();
        Width { vector: S::F32_LANES, lanes: vectors * S::F32_LANES, blocks: blocks(registers::<S>(), vectors) }
    }
}

impl Machine {
    /// What an engine says of itself.
    pub fn device_info(&self) -> DeviceInfo {
        let (level, threads) = (self.level, self.threads.count());
        DeviceInfo {
            name: processor_name().unwrap_or_else(|| format!("{} processor", std::env::consts::ARCH)),
            backend: "native".into(),
            driver: format!("{}, {threads} thread{}", level.name(), if threads == 1 { "" } else { "s" }),
            kind: "cpu".into(),
        }
    }
}

/// The processor's own name, where the operating system tells it.
fn processor_name() -> Option<String> {
    let table = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let (_, name) = table.lines().find(|line| line.starts_with("model name"))?.split_once(':')?;
    Some(name.trim().to_owned())
}
