//! The order in which a plan's dispatches run.

/// A dispatch of the list, and where in time it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheduled {
    /// Its place among the plan's dispatches.
    pub dispatch: usize,
    /// Of a kernel that takes some steps of a sequence: the first of them, counted in the order of its chain; in a
    /// wavefront in that of the layer that goes first.
    pub time: u32,
}

/// A dispatch of the list at a place in time.
pub fn at(dispatch: usize, time: usize) -> Scheduled {
    Scheduled { dispatch, time: time as u32 }
}
