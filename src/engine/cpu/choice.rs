//! Which of its two ways the engine takes, and on how many threads.

use super::threads::Machine;
use super::way::Way;
use crate::model::Spec;

/// Bytes of the weights that a step reads from which on every tile of many waits for them: beyond a share of the third
/// cache.
const WIDE: usize = 16 << 20;
/// Bytes from which on each step is worth sharing out, where tiles would leave half of the processors idle.
const LARGE: usize = 1 << 18;
/// Hidden units for each row from which on they fill vectors, and each row's share of a step is worth a call.
const UNITS_A_ROW: usize = 8;

/// Cycles of a step that are worth a thread of their own, since all wait for one another after it.
const STEP: usize = 8000;
/// Cycles of a pass that are worth waking threads for.
const PASS: usize = 1 << 19;

/// How many threads share a pass by units over `rows` rows and `steps` steps: of each step's products with the
/// recurrent weights, a vector a cycle, each must have enough. Where the way is not chosen, all that there are.
pub(super) fn members(machine: &Machine, spec: &Spec, rows: usize, steps: usize) -> usize {
    if machine.way.is_some() {
        return machine.threads.count().min(spec.hidden.div_ceil(machine.vector));
    }
    let products = spec.facts().gates * spec.hidden * spec.hidden;
    let step = rows.saturating_mul(products) / machine.vector;
    if step.saturating_mul(steps * spec.layers) < PASS {
        return 1;
    }
    let most = machine.threads.count().min(machine.cores).min(spec.hidden.div_ceil(machine.vector));
    (step / STEP).clamp(1, most)
}

/// Why a way is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Asked,
    /// Tapes that are made again.
    Recomputed,
    /// One tile of rows, of which each has units enough.
    FewRows,
    /// Weights that must not be read for each tile.
    Wide,
    /// Tiles for less than half of the processors, and steps worth sharing out.
    FewTiles,
    /// None of these.
    FullTiles,
}

impl Why {
    pub fn way(self, machine: &Machine) -> Way {
        match self {
            Why::Asked => machine.way.unwrap_or(Way::Tiles),
            Why::Recomputed | Why::FewRows | Why::Wide | Why::FewTiles => Way::Units,
            Why::FullTiles => Way::Tiles,
        }
    }
}

/// Bytes of the weights that a step of the topmost layer reads.
pub(super) fn weights_of_step(spec: &Spec) -> usize {
    let inputs = spec.layer_input(spec.layers - 1) + spec.hidden;
    size_of::<f32>() * spec.facts().gates * spec.hidden * inputs
}

/// The way of a pass over `rows` rows, which goes `back` or only forward. It depends on the shape and on the machine, its SIMD level and how many processors
/// it has: the two ways add up gradients in different orders, and no bit may depend on the number of threads.
pub(super) fn choose(machine: &Machine, spec: &Spec, rows: usize, back: bool) -> Way {
    why(machine, spec, rows, back).way(machine)
}

/// The same, as its reason.
pub(super) fn why(machine: &Machine, spec: &Spec, rows: usize, back: bool) -> Why {
    let (tiles, weights) = (rows.div_ceil(machine.lanes), weights_of_step(spec));
    if machine.way.is_some() {
        Why::Asked
    } else if back && machine.recompute.is_some() {
        Why::Recomputed
    } else if tiles == 1 && (rows == 1 || UNITS_A_ROW * rows <= spec.hidden) {
        Why::FewRows
    } else if weights >= WIDE {
        Why::Wide
    } else if weights >= LARGE && 2 * tiles <= machine.cores {
        Why::FewTiles
    } else {
        Why::FullTiles
    }
}
