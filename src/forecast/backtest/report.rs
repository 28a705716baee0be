//! What a backtest found.

use super::sums::Sums;
use super::verdict::{notes, verdicts};
use crate::forecast::card::Card;
use crate::forecast::metrics::Scores;
use crate::forecast::naive::Naive;
use crate::forecast::predict::{Level, Reading};
use crate::forecast::table::Table;
use serde::Serialize;

/// The errors of a model and of the naive baselines, over the same rows.
#[derive(Clone, Debug, Serialize)]
pub struct Backtest {
    /// The targets (C).
    pub targets: Vec<String>,
    /// Rows forecast at once (K).
    pub horizon: usize,
    /// Windows forecast: origins of all series, and with independent channels of all targets.
    pub windows: usize,
    /// Rows from one origin to the next.
    pub stride: usize,
    /// Rows of a season.
    pub season: usize,
    /// Levels that are given of a target (V); the point where it is none.
    pub levels: Vec<Level>,
    /// The part of the truths that should lie in the intervals.
    pub coverage: Option<f64>,
    /// The model first, then the baselines.
    pub methods: Vec<Method>,
    /// Plain sentences: what the errors leave out.
    pub notes: Vec<String>,
    /// Plain sentences: where the model is worse than a baseline, and what makes the errors look better than they are.
    pub warnings: Vec<String>,
    /// Some forecasts, to be shown.
    #[serde(skip)]
    pub samples: Vec<Sample>,
}

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
    /// Of each target of each series.
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

/// One forecast, to be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The place of the series in the table.
    pub series: usize,
    /// The place of the target in the plan.
    pub target: usize,
    /// The first row that is forecast.
    pub origin: usize,
    /// [K, V].
    pub values: Vec<f64>,
}

/// What a backtest counts by.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    pub origins: usize,
    pub stride: usize,
    pub season: usize,
}

impl Backtest {
    pub(super) fn new(
        card: &Card,
        table: &Table,
        reading: &Reading<'_>,
        sums: &Sums,
        samples: Vec<Sample>,
        counts: Counts,
        trained: bool,
    ) -> Self {
        let targets = &card.plan.targets;
        let names: Vec<(Option<String>, String)> = table
            .series
            .iter()
            .flat_map(|series| targets.iter().map(|target| (series.id.clone(), target.clone())))
            .collect();
        let rules = Naive::all(counts.season).iter().map(|rule| rule.name(counts.season));
        let methods = ["model".to_owned()].into_iter().chain(rules).enumerate();
        let methods: Vec<Method> = methods.map(|(place, name)| sums.method(place, name, &names)).collect();
        let mut warnings = verdicts(&methods);
        if trained {
            warnings.push(
                "Some of these rows were trained on, or validated the model: its errors look better than they are."
                    .to_owned(),
            );
        }
        Backtest {
            targets: targets.clone(),
            horizon: card.plan.horizon,
            windows: counts.origins,
            stride: counts.stride,
            season: counts.season,
            levels: reading.levels.clone(),
            coverage: reading.coverage(),
            notes: notes(&methods[0]),
            methods,
            warnings,
            samples,
        }
    }

    /// Errors of the model.
    pub fn model(&self) -> &Method {
        &self.methods[0]
    }
}
