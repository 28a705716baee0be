//! What a backtest found.

use super::method::Method;
use super::sums::Sums;
use super::verdict::{notes, verdicts};
use crate::error::Result;
use crate::forecast::card::Card;
use crate::forecast::naive::Naive;
use crate::forecast::number::{Level, column_name};
use crate::forecast::predict::Reading;
use crate::forecast::sheet::{Sheet, Values};
use crate::forecast::table::Table;
use serde::Serialize;

/// The errors of a model and of the naive baselines, over the same rows.
#[derive(Clone, Debug, Serialize)]
pub struct Backtest {
    /// The targets (C).
    pub targets: Vec<String>,
    /// Rows forecast at once (K).
    pub horizon: usize,
    /// Windows forecast: the origins of all series, each once however many targets are forecast from it.
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
    /// Every forecast, by series, target and origin, where [`BacktestOptions::keep`](super::BacktestOptions::keep) asks
    /// for them.
    #[serde(skip)]
    pub forecasts: Vec<Sample>,
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
            forecasts: Vec::new(),
        }
    }

    /// The kept forecasts as a table, a row for each step of each: the series' identifier where there is one, the
    /// target, the origin (the time of the last row that the forecast knew), the step, counted from 1, the time, the
    /// truth, missing where it was filled in, and the forecast, or its quantiles or interval.
    ///
    /// # Errors
    /// [`Error::Table`](crate::Error::Table) where a time is beyond the calendar.
    pub fn sheet(&self, table: &Table) -> Result<Sheet> {
        let (mut ids, mut targets, mut origins) = (Vec::new(), Vec::new(), Vec::new());
        let (mut steps, mut times, mut truths) = (Vec::new(), Vec::new(), Vec::new());
        let mut forecasts = vec![Vec::new(); self.levels.len()];
        let columns = table.places(&self.targets)?;
        for Sample { series, target, origin, values } in &self.forecasts {
            let (series, name, column) = (&table.series[*series], &self.targets[*target], columns[*target]);
            let known = table.wall(series, origin - 1)?;
            for (step, values) in values.chunks_exact(self.levels.len()).enumerate() {
                let place = (origin + step) * table.columns.len() + column;
                ids.push(series.id.clone().unwrap_or_default());
                targets.push(name.clone());
                origins.push(known);
                steps.push(step as i64 + 1);
                times.push(table.wall(series, origin + step)?);
                truths.push(if series.is_filled(place) { f64::NAN } else { series.values[place] });
                forecasts.iter_mut().zip(values).for_each(|(forecasts, value)| forecasts.push(*value));
            }
        }
        let several = table.series.iter().any(|series| series.id.is_some());
        let columns = [
            ("target", Values::Text(targets)),
            ("origin", Values::Times(table.style.clone(), origins)),
            ("step", Values::Whole(steps)),
            ("time", Values::Times(table.style.clone(), times)),
            ("truth", Values::Numbers(truths)),
        ];
        let columns = columns.map(|(name, values)| (name.to_owned(), values));
        let names = self.levels.iter().map(|&level| column_name("forecast", level));
        let forecasts = names.zip(forecasts.into_iter().map(Values::Numbers));
        Ok(Sheet::of(several.then(|| ("id".to_owned(), Values::Text(ids))).into_iter().chain(columns).chain(forecasts)))
    }

    /// [`Backtest::sheet`] in CSV.
    ///
    /// # Errors
    /// As [`Backtest::sheet`].
    pub fn to_csv(&self, table: &Table) -> Result<String> {
        Ok(self.sheet(table)?.to_csv())
    }

    /// Errors of the model.
    pub fn model(&self) -> &Method {
        &self.methods[0]
    }
}
