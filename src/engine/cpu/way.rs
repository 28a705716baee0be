//! Which of its two ways the engine takes.

use super::threads::Machine;
use crate::model::Spec;

/// A way through the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Lanes are rows of the batch; a thread takes a tile of them through the whole network.
    Tiles,
    /// Lanes are hidden units, which the threads share out.
    Units,
}

/// Bytes of the weights that a step reads from which on every tile of many waits for them: beyond a share of the third
/// cache.
const WIDE: usize = 16 << 20;
/// Bytes from which on a few tiles do: beyond the second cache.
const LARGE: usize = 4 << 20;
/// Tiles that keep few cores busy.
const FEW: usize = 4;
/// Hidden units for each row from which on they fill vectors, and each row's share of a step is worth a call.
const UNITS_A_ROW: usize = 8;

/// Cycles of a step that are worth a thread of their own, since all wait for one another after it.
const STEP: usize = 8000;
/// Cycles of a pass that are worth waking threads for.
const PASS: usize = 1 << 19;

/// How many threads share a pass by units over `rows` rows and `steps` steps: of each step's products with the recurrent
/// weights, a vector a cycle, each must have enough.
pub(super) fn members(machine: &Machine, spec: &Spec, rows: usize, steps: usize) -> usize {
    let products = spec.facts().gates * spec.hidden * spec.hidden;
    let step = rows.saturating_mul(products) / machine.vector;
    if step.saturating_mul(steps * spec.layers) < PASS {
        return 1;
    }
    let most = machine.threads.team_size().min(spec.hidden.div_ceil(machine.vector));
    (step / STEP).clamp(1, most)
}

/// The way of a pass over `rows` rows, which `keeps` its tape for a way back or does not. It depends on shapes and the
/// SIMD level alone: the two ways add up gradients in different orders, and no bit may depend on the number of threads.
pub(super) fn choose(machine: &Machine, spec: &Spec, rows: usize) -> Way {
    if let Some(way) = machine.way {
        return way;
    }
    let tiles = rows.div_ceil(machine.lanes);
    let few = tiles == 1 && (rows == 1 || UNITS_A_ROW * rows <= spec.hidden);
    let weights =
        size_of::<f32>() * spec.facts().gates * spec.hidden * (spec.layer_input(spec.layers - 1) + spec.hidden);
    if few || weights >= WIDE || (weights >= LARGE && tiles <= FEW) { Way::Units } else { Way::Tiles }
}
