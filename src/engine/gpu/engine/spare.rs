//! Passes that have ended and may serve again: their plan is there already, its buffers allocated and its kernels bound.

use super::sequences::Pass;

/// How many wait at most: programs go back and forth between two batches, or between training and validation.
const KEPT: usize = 2;

/// Bytes beyond which none waits while another is made: of large passes there is room for one.
const MOST_BYTES: u64 = 256 << 20;

/// Passes that have ended, the last at the end.
#[derive(Debug, Default)]
pub struct Spare(Vec<Pass>);

impl Spare {
    /// One that serves. Where none does, there is room for what is made instead.
    pub fn take(&mut self, serves: impl Fn(&Pass) -> bool) -> Option<Pass> {
        let found = self.0.iter().rposition(serves);
        if found.is_none() {
            self.make_room();
        }
        found.map(|at| self.0.remove(at))
    }

    /// Keeps one that has ended.
    pub fn put(&mut self, pass: Pass) {
        self.make_room();
        self.0.push(pass);
    }

    /// Drops those that ended first.
    fn make_room(&mut self) {
        while self.0.len() == KEPT || self.0.iter().map(Pass::bytes).sum::<u64>() > MOST_BYTES {
            self.0.remove(0);
        }
    }
}
