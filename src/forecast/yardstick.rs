//! How good forecasts of the validation rows are: in one unit, whatever a network is trained on, beside the naive
//! forecasts of the same rows.

use super::naive::{History, Naive};
use super::plan::Plan;
use super::scale::Scale;
use super::split::Split;
use super::table::Table;
use super::task::Scaling;
use crate::error::Result;
use serde::{Deserialize, Serialize};

/// Errors in deviations of each series within the training rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Errors {
    /// The mean absolute error.
    pub mae: f64,
    /// The root of the mean squared error.
    pub rmse: f64,
}

impl Errors {
    /// Of so many errors with these sums.
    fn of([absolute, squared, count]: [f64; 3]) -> Self {
        // What is not a number is as bad as it gets; files hold finite numbers alone.
        let finite = |error: f64| error.min(f64::MAX);
        Errors { mae: finite(absolute / count), rmse: finite((squared / count).sqrt()) }
    }
}

/// An error as a part of another, which may be 0.
pub fn part(ours: f64, theirs: f64) -> f64 {
    if theirs > 0.0 { ours / theirs } else { 1.0 + ours }
}

/// What a model is worth on the rows that validate it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// The model's errors.
    pub model: Errors,
    /// The naive forecast with the least absolute error.
    pub naive: Naive,
    /// Its errors.
    pub of_naive: Errors,
}

impl Validation {
    /// The model's errors as parts of the naive forecast's: the mean of both. Below 1 the model is worth something.
    pub fn ratio(&self) -> f64 {
        (part(self.model.mae, self.of_naive.mae) + part(self.model.rmse, self.of_naive.rmse)) / 2.0
    }
}

/// The targets of all series, and what their errors are measured in.
#[derive(Clone, Debug)]
pub struct Yardstick {
    /// [series * C + target].
    columns: Vec<Column>,
    /// Targets of a series (C).
    targets: usize,
    season: usize,
}

#[derive(Clone, Debug)]
struct Column {
    values: Vec<f64>,
    filled: Vec<bool>,
    /// Rows that are trained on.
    rows: usize,
    /// The deviation within these; none where they are all the same.
    unit: Option<f64>,
}

/// Sums of errors while forecasts are compared.
pub struct Comparison<'a> {
    yardstick: &'a Yardstick,
    histories: Vec<History<'a>>,
    /// Of the model and of each naive forecast: absolute errors, squares, and how many.
    sums: Vec<[f64; 3]>,
}

impl Yardstick {
    /// Of a table.
    ///
    /// # Errors
    /// [`Error::Table`](crate::Error::Table) where a target is not there.
    pub fn new(table: &Table, plan: &Plan, splits: &[Split]) -> Result<Self> {
        let (width, places) = (table.columns.len(), table.places(&plan.targets)?);
        let of = |(series, split): (&super::table::Series, &Split)| {
            let column = |&place: &usize| {
                let values: Vec<f64> =
                    series.values.iter().skip(place).step_by(width).take(series.known).copied().collect();
                let filled: Vec<bool> =
                    series.filled.iter().skip(place).step_by(width).take(series.known).copied().collect();
                let measured = values.iter().take(split.train).enumerate();
                let measured = measured.filter(|(row, _)| filled.get(*row) != Some(&true)).map(|(_, value)| *value);
                let unit = Scale::fit(measured, Scaling::Standard, false).map(|scale| scale.factor);
                Column { values, filled, rows: split.train, unit }
            };
            places.iter().map(column).collect::<Vec<_>>()
        };
        let columns = table.series.iter().zip(splits).flat_map(of).collect();
        Ok(Yardstick { columns, targets: places.len(), season: plan.season })
    }

    /// Nothing compared yet.
    pub fn comparison(&self) -> Comparison<'_> {
        let histories = self.columns.iter().map(|of| History::new(&of.values, &of.filled, 1, of.rows, self.season));
        let sums = vec![[0.0; 3]; 1 + Naive::all(self.season).len()];
        Comparison { yardstick: self, histories: histories.collect(), sums }
    }
}

impl Comparison<'_> {
    /// Adds a forecast of a target `step` rows after the first row that it does not know, `origin`.
    pub fn add(&mut self, [series, target]: [usize; 2], origin: usize, step: usize, point: f64) {
        let place = series * self.yardstick.targets + target;
        let (history, unit) = (&self.histories[place], self.yardstick.columns[place].unit);
        let Some(unit) = unit.filter(|_| history.has(origin + step)) else { return };
        let truth = history.value(origin + step);
        let naive = Naive::all(self.yardstick.season).iter().map(|&naive| history.forecast(naive, origin, step));
        for (sums, point) in self.sums.iter_mut().zip([point].into_iter().chain(naive)) {
            let error = (point - truth).abs() / unit;
            *sums = [sums[0] + error, sums[1] + error * error, sums[2] + 1.0];
        }
    }

    /// What came out; none where nothing was compared.
    pub fn result(&self) -> Option<Validation> {
        let [model, naive @ ..] = &self.sums[..] else { return None };
        let errors = Naive::all(self.yardstick.season).iter().zip(naive.iter().map(|&sums| Errors::of(sums)));
        let (naive, of_naive) = errors.min_by(|a, b| a.1.mae.total_cmp(&b.1.mae))?;
        (model[2] > 0.0).then(|| Validation { model: Errors::of(*model), naive: *naive, of_naive })
    }
}
