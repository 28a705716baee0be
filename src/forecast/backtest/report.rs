//! What a backtest found.

use crate::forecast::card::Card;
use crate::forecast::metrics::{Scores, Tally};
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
    /// Over all forecasts.
    #[serde(flatten)]
    pub scores: Scores,
    /// Of each step of the horizon.
    pub steps: Vec<Scores>,
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

/// The sums of each method for each target of each series and each step.
#[derive(Debug)]
pub struct Sums {
    tallies: Vec<Tally>,
    series: usize,
    steps: usize,
}

impl Sums {
    /// Of `methods` methods and so many steps; `sizes` has the largest value of each target of each series.
    pub fn new(methods: usize, sizes: &[f64], steps: usize) -> Self {
        let of_size = |&size: &f64| vec![Tally::new(size); steps];
        let tallies = (0..methods).flat_map(|_| sizes.iter().flat_map(of_size)).collect();
        Sums { tallies, series: sizes.len(), steps }
    }

    pub fn of(&mut self, method: usize, series: usize, step: usize) -> &mut Tally {
        &mut self.tallies[(method * self.series + series) * self.steps + step]
    }

    /// The sum over what lies `stride` apart from `first` on, `count` times.
    fn over(&self, first: usize, stride: usize, count: usize) -> Tally {
        let mut all = Tally::new(1.0);
        (0..count).for_each(|n| all.merge(&self.tallies[first + n * stride]));
        all
    }

    fn method(&self, method: usize, name: String, names: &[(Option<String>, String)]) -> Method {
        let (series, steps) = (self.series, self.steps);
        let first = method * series * steps;
        let scores = |tally: Tally| tally.scores().expect("every step of every series was forecast");
        Method {
            name,
            scores: scores(self.over(first, 1, series * steps)),
            steps: (0..steps).map(|step| scores(self.over(first + step, steps, series))).collect(),
            series: (names.iter().enumerate())
                .map(|(place, (id, target))| SeriesScores {
                    id: id.clone(),
                    target: target.clone(),
                    scores: scores(self.over(first + place * steps, 1, steps)),
                })
                .collect(),
        }
    }
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

/// A sentence for each rule that the model is no better than, over all or for some series.
fn verdicts(methods: &[Method]) -> Vec<String> {
    let [model, rules @ ..] = methods else { return Vec::new() };
    let worse = |model: &Scores, rule: &Scores| model.mae >= rule.mae || model.rmse >= rule.rmse;
    let sentence = |rule: &Method| {
        let Method { name, scores, .. } = rule;
        let values = |scores: &Scores| format!("MAE {:.4} and RMSE {:.4}", scores.mae, scores.rmse);
        if worse(&model.scores, scores) {
            let (ours, theirs) = (values(&model.scores), values(scores));
            return Some(format!("The model is no better than `{name}`: {ours} against {theirs}. Do not use it."));
        }
        let pairs = || model.series.iter().zip(&rule.series);
        let worst: Vec<String> = pairs()
            .filter(|(model, rule)| worse(&model.scores, &rule.scores))
            .map(|(model, _)| model.id.as_ref().map_or(model.target.clone(), |id| format!("{id} {}", model.target)))
            .collect();
        let shown = worst.iter().take(5).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let more = if worst.len() > 5 { ", ..." } else { "" };
        let (count, all) = (worst.len(), model.series.len());
        (count > 0).then(|| format!("The model is no better than `{name}` for {count} of {all} series: {shown}{more}."))
    };
    rules.iter().filter_map(sentence).collect()
}
