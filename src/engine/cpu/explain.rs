//! What a training step does on the CPU engine: the way that it takes and why, how long it should take, and its memory.

use super::choice::{self, Why};
use super::network::Network;
use super::options::{Options, machine};
use super::threads::Machine;
use super::tile::{Workspace, WorkspaceShape};
use super::units;
use super::way::Way;
use crate::error::Result;
use crate::model::Spec;
use serde::Serialize;

/// Products and additions a nanosecond of one core in the kernels, by the lanes of a vector. Measured with AVX-512 (98 to
/// 109, an AMD EPYC with Zen 4) and AVX2 (62 to 70, another EPYC); guessed for the others.
const FLOP_A_NANOSECOND: [(usize, f64); 4] = [(16, 100.0), (8, 65.0), (4, 30.0), (1, 4.0)];
/// Guesses, with which the estimates came within a fifth of the times of seven training steps of an LSTM on the first of
/// those machines. Nanoseconds of a unit's cell, forward and back, in one lane of sixteen.
const CELL: f64 = 1.75;
/// Nanoseconds that a step takes beside the arithmetic where rows are few, and that a team waits after it.
const STEP: f64 = 600.0;
const WAIT: f64 = 1000.0;
/// Nanoseconds for each parameter: to pack it, and to take a step of the optimiser.
const PARAMETER: f64 = 4.0;

/// A training step, before it runs.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    /// `tiles` or `units`.
    pub way: &'static str,
    /// Why.
    pub reason: String,
    /// The SIMD level.
    pub level: &'static str,
    /// Threads that the engine has, and those that have work.
    pub threads: usize,
    /// See `threads`.
    pub busy_threads: usize,
    /// Floating-point operations of the products.
    pub flop: f64,
    /// What it should take, in milliseconds, by rates that were measured on other machines.
    pub estimated_ms: f64,
    /// Bytes that each busy thread needs for states, tapes and gradients of a pass.
    pub bytes_a_thread: usize,
    /// Bytes of the gradients that groups of rows add up.
    pub gradient_bytes: usize,
}

/// Explains a training step of a network on `rows` rows and `steps` time steps.
///
/// # Errors
/// As [`CpuEngine::with_options`](super::CpuEngine::with_options).
pub fn explain(spec: &Spec, rows: usize, steps: usize, dropout: bool, options: Options) -> Result<Explained> {
    spec.validate()?;
    let (mut machine, blocks) = machine(options)?;
    // Threads that are asked for stand for processors: what a larger machine would do.
    machine.cores = machine.cores.max(machine.threads.count());
    let network = Network::new(*spec, blocks);
    let threads = machine.threads.count();
    let tiles = rows.div_ceil(machine.lanes);
    let why = choice::why(&machine, spec, rows, true);
    let way = why.way(&machine);
    let parameters = network.layout.len();
    let (name, busy, bytes, groups) = match way {
        Way::Tiles => {
            let shape = WorkspaceShape { steps, readout: spec.readout(), keep_tape: true, dropout };
            let groups = super::training::group_count(tiles, parameters);
            ("tiles", threads.min(groups), Workspace::bytes(&network, machine.lanes, &shape), groups)
        }
        Way::Units => {
            let members = choice::members(&machine, spec, units::group(rows), steps);
            ("units", members, units::bytes(&machine, spec, rows, steps, dropout), 1)
        }
    };
    let (flop, nanoseconds) = estimate(&machine, spec, way, rows, steps, busy);
    let update = PARAMETER * parameters as f64 / busy as f64;
    Ok(Explained {
        way: name,
        reason: reason(why, &machine, spec, rows),
        level: machine.level.name(),
        threads,
        busy_threads: busy,
        flop,
        estimated_ms: (nanoseconds + update) / 1e6,
        bytes_a_thread: bytes,
        gradient_bytes: groups * parameters * size_of::<f32>(),
    })
}

fn reason(why: Why, machine: &Machine, spec: &Spec, rows: usize) -> String {
    let tiles = rows.div_ceil(machine.lanes);
    let of_tiles = format!("{rows} rows are {tiles} tile{} of {}", if tiles == 1 { "" } else { "s" }, machine.lanes);
    let weights =
        format!("a step reads {:.2} MiB of weights", choice::weights_of_step(spec) as f64 / f64::from(1 << 20));
    match why {
        Why::Asked => "it was asked for".to_owned(),
        Why::Recomputed => "tapes that are made again are made so".to_owned(),
        Why::FewRows => format!("{of_tiles}, and {} hidden units fill vectors", spec.hidden),
        Why::Wide => format!("{weights}, too many to read for each tile"),
        Why::FewTiles => format!("{of_tiles} for {} processors, and {weights}", machine.cores),
        Why::FullTiles => format!("{of_tiles}, and {weights}"),
    }
}

/// The operations of the batch's products, and the nanoseconds of a step without the optimiser's.
fn estimate(machine: &Machine, spec: &Spec, way: Way, rows: usize, steps: usize, busy: usize) -> (f64, f64) {
    let gates = (spec.facts().gates * spec.hidden) as f64;
    let mut weights = 0.0;
    for layer in 0..spec.layers {
        let (input, hidden) = (spec.layer_input(layer) as f64, spec.hidden as f64);
        // Forward, the weights' gradient, and back to the states and, above the first layer, to the input.
        let back = hidden + if layer > 0 { input } else { 0.0 };
        let forward = if machine.recompute.is_some_and(|chunk| chunk < steps) { 2.0 } else { 1.0 };
        weights += spec.directions() as f64 * gates * ((1.0 + forward) * (input + hidden) + back);
    }
    weights += 3.0 * spec.head.map_or(0.0, |head| (head.outputs * spec.top()) as f64) * spec.read_steps(steps) as f64
        / steps as f64;
    let positions = (rows * steps) as f64;
    let scans = (spec.layers * spec.directions()) as f64;
    let rate = FLOP_A_NANOSECOND.iter().find(|(lanes, _)| *lanes == machine.vector).map_or(4.0, |(_, rate)| *rate);
    let cells = CELL * 16.0 / machine.vector as f64 * scans * spec.hidden as f64;
    let of_position = 2.0 * weights / rate + cells;
    let nanoseconds = match way {
        Way::Tiles => {
            // The tiles of the thread that has most.
            let most = rows.div_ceil(machine.lanes).div_ceil(busy) * machine.lanes;
            of_position * (most * steps) as f64
        }
        Way::Units => {
            let wait = if busy > 1 { 2.0 * WAIT } else { 0.0 };
            of_position * positions / busy as f64 + (STEP + wait) * scans * steps as f64
        }
    };
    (2.0 * weights * positions, nanoseconds)
}
