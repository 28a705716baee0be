//! The errors of one method, over all and in parts.

use crate::forecast::metrics::Scores;
use serde::Serialize;

/// The errors of one way to forecast.
#[derive(Clone, Debug, Serialize)]
pub struct Method {
    /// What it is called.
    pub name: String,
    /// Over all forecasts; MASE and R2 are means over targets and series.
    #[serde(flatten)]
    pub scores: Scores,
    /// Of each step of the horizon, likewise; none where every truth was filled in.
    pub steps: Vec<Option<Scores>>,
    /// Of each target of each series that has rows to forecast.
    pub series: Vec<SeriesScores>,
}

/// The errors of one target of one series.
#[derive(Clone, Debug, Serialize)]
pub struct SeriesScores {
    /// What the identifier's column calls the series.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The target.
    pub target: String,
    /// Its errors.
    #[serde(flatten)]
    pub scores: Scores,
}
