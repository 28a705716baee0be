//! What a search tries: a change, and how good it was.

use super::normalize::{Center, Divide};
use super::task::Channels;
use super::yardstick::Validation;
use serde::{Deserialize, Serialize};

/// A change of the task or of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Nothing: what the table alone suggests.
    Nothing,
    /// Without the covariates of the past.
    WithoutPast,
    /// Without the covariates of the future.
    WithoutFuture,
    /// Something else is subtracted from windows.
    Center(Center),
    /// Or they are divided by something else.
    Divide(Divide),
    /// With or without logarithms.
    Log(bool),
    /// Targets together, or each on its own.
    Channels(Channels),
    /// Twice the learning rate.
    Faster,
    /// So many hidden units.
    Hidden(usize),
    /// The window's rows one by one, in place of segments.
    Rows,
}

/// A candidate after its short training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// What it changes of the best before it.
    pub change: Change,
    /// How good it was.
    pub validation: Validation,
    /// Whether it was better than the best before it.
    pub taken: bool,
}
