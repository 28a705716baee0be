//! The targets of windows, and how windows and targets are centred.

use serde::{Deserialize, Serialize};

/// The targets of windows: what a network is trained to output for each.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// Values given outright.
    Given {
        /// [N, `len`], row-major.
        values: Vec<f32>,
        /// Values of one window.
        len: usize,
    },
    /// The horizon: the K time steps of the series that follow each window. A target is a view, like the window itself.
    Horizon {
        /// Time steps (K).
        steps: usize,
        /// The first so many features of each: a target is [K, features].
        features: usize,
    },
}

/// What is subtracted from the first features of each window, and from the same features of [`Targets::Horizon`], so
/// that a network sees the changes of a series and not its level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Center {
    /// Nothing.
    #[default]
    None,
    /// The feature's value at the window's last step within its length.
    Last,
    /// The feature's mean over the window's steps within its length, summed in f32 from the first step on.
    Mean,
}
