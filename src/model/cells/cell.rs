//! What a cell is: its constants, one step forward and one step back.

use super::real::Real;

/// The most gates, and the most slots, that a cell may have.
pub const MAX_SLOTS: usize = 4;
/// The most state vectors that a cell may have.
pub const MAX_STATES: usize = 2;

/// One value per slot of a cell; those beyond [`Cell::SLOTS`] are unused.
pub type Slots<R> = [R; MAX_SLOTS];
/// One value per state vector (h, then c); those beyond [`Cell::STATES`] are unused.
pub type States<R> = [R; MAX_STATES];

/// A recurrent cell, for one unit of one row at one time step.
///
/// A *gate* is a block of H rows in PyTorch's weight matrices. A *slot* is one pre-activation that the cell needs; gate
/// `g` of the input weights adds to slot `INPUT_SLOT[g]`, and of the recurrent weights to `HIDDEN_SLOT[g]`. They differ
/// only where a cell treats the two products apart, as GRU does. The *tape* has one value per slot: what the backward
/// pass needs beside the states. The deltas (gradients of the pre-activations) are written over it.
pub trait Cell: Copy + Send + Sync + 'static {
    /// Blocks of H rows in each weight matrix (G in the shape alphabet).
    const GATES: usize;
    /// Pre-activations, and tape values, per unit.
    const SLOTS: usize;
    /// State vectors (S in the shape alphabet).
    const STATES: usize;
    /// The slot that gate `g` of the input weights adds to.
    const INPUT_SLOT: [usize; MAX_SLOTS];
    /// The slot that gate `g` of the recurrent weights adds to.
    const HIDDEN_SLOT: [usize; MAX_SLOTS];

    /// One step: the next states and the tape, from the pre-activations and the previous states.
    #[inline(always)]
    fn forward<R: Real>(pre: Slots<R>, prev: States<R>) -> (States<R>, Slots<R>) {
        Self::advance(Self::activate(pre), prev)
    }

    /// The first half of a step: what the pre-activations give by themselves. A processor that does it for many units
    /// before the second half need not wait for one unit's results.
    fn activate<R: Real>(pre: Slots<R>) -> Slots<R>;

    /// The second half: the next states and the tape, from what [`Cell::activate`] gave and the previous states.
    fn advance<R: Real>(activated: Slots<R>, prev: States<R>) -> (States<R>, Slots<R>);

    /// One step back: the deltas, and the gradient that reaches the previous states without passing through the
    /// recurrent weights, from the tape, the states before and after, and the gradient of the states after.
    fn backward<R: Real>(tape: Slots<R>, prev: States<R>, next: States<R>, d_next: States<R>) -> (Slots<R>, States<R>);
}
