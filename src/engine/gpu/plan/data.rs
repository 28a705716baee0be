//! The shape of the windows that a plan reads.

use crate::data::{Targets, Windows};

/// The shape of some windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataShape {
    /// Values of the series (len * I).
    pub series: usize,
    /// Windows (N).
    pub windows: usize,
    /// Windows that an order has room for, at least N.
    pub order: usize,
    /// Time steps of a window (T).
    pub steps: usize,
    /// Features that are centred.
    pub centered: usize,
    /// Values of a window's target.
    pub target_len: usize,
    /// Features of a target's step, where targets are the steps of the series behind the window; else 0.
    pub horizon_features: usize,
}

impl DataShape {
    /// Of these windows, with room in their order for so many.
    pub fn of(windows: &Windows, order: usize) -> Self {
        let (_, centered) = windows.center();
        let horizon_features = match windows.targets() {
            Targets::Given { .. } => 0,
            Targets::Horizon { features, .. } => *features,
        };
        DataShape {
            series: windows.series().len(),
            windows: windows.count(),
            order,
            steps: windows.steps(),
            centered,
            target_len: windows.target_len(),
            horizon_features,
        }
    }

    /// The shape of `rows` sequences of `steps` steps that are given outright.
    pub fn sequences(inputs: usize, rows: usize, steps: usize, target_len: usize) -> Self {
        DataShape {
            series: rows * steps * inputs,
            windows: rows,
            order: rows,
            steps,
            centered: 0,
            target_len,
            horizon_features: 0,
        }
    }

    /// Values of all targets that are given.
    pub fn given_targets(&self) -> usize {
        if self.horizon_features == 0 { self.windows * self.target_len } else { 0 }
    }
}
