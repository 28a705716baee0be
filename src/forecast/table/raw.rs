//! A series before its times are checked and its gaps filled.

use crate::forecast::time::{Clock, Stamp};

/// A series as its rows come in.
#[derive(Debug, Default)]
pub struct Raw {
    pub id: Option<String>,
    /// The values that do not change, as they are written; none where all are missing.
    pub statics: Vec<Option<String>>,
    /// The time of each row: as it is written, until [`Raw::clock`] is known.
    pub stamps: Vec<Stamp>,
    /// The offset from UTC of each row in minutes, where times have offsets.
    pub offsets: Vec<i16>,
    pub clock: Clock,
    /// The line of each row in the file, for refusals.
    pub lines: Vec<u32>,
    /// [rows, V]; NaN is missing.
    pub values: Vec<f64>,
}

impl Raw {
    /// Turns the order of the rows around, whose offsets have gone into the clock.
    pub fn reverse(&mut self, columns: usize) {
        self.stamps.reverse();
        self.lines.reverse();
        self.values.reverse();
        self.values.chunks_mut(columns).for_each(<[_]>::reverse);
    }
}
