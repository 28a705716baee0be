//! What a backtest found.

use super::method::Method;
use super::rolling::Rolling;
use super::sample::Sample;
use super::shown::Found;
use super::sums::Sums;
use super::verdict::{notes, verdicts};
use crate::error::Result;
use crate::forecast::metrics::Scores;
use crate::forecast::naive::Naive;
use crate::forecast::number::{Level, column_name};
use crate::forecast::predict::Reading;
use crate::forecast::sheet::{Sheet, Values};
use crate::forecast::table::{Series, Table};
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
    /// What training again has changed, where it was asked for; the model's errors are then those with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refits: Option<Refits>,
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

/// What training again as time goes on has changed.
#[derive(Clone, Debug, Serialize)]
pub struct Refits {
    /// The errors of the model as it is.
    pub without: Method,
    /// What followed each training, in order; first what came before any.
    pub stretches: Vec<Stretch>,
}

/// The forecasts of one network among several that were trained one after another.
#[derive(Clone, Debug, Serialize)]
pub struct Stretch {
    /// The first time that it forecasts, of the first series that it does.
    pub from: String,
    /// Rows that were trained on, and that validated, of all series.
    pub rows: [usize; 2],
    /// Windows forecast.
    pub windows: usize,
    /// Its errors.
    pub refitted: Scores,
    /// Those of the model as it is, over the same windows.
    pub without: Scores,
}

/// The identifier and the target of each target of each series.
pub fn names(rolling: &Rolling<'_>) -> Vec<(Option<String>, String)> {
    let targets = &rolling.card.plan.targets;
    let of = |series: &Series| {
        let id = series.id.clone();
        targets.iter().map(move |target| (id.clone(), target.clone()))
    };
    rolling.table.series.iter().flat_map(of).collect()
}

impl Backtest {
    /// The report on the errors of the model and of the naive baselines.
    ///
    /// # Errors
    /// As [`Rolling::trained_on`].
    pub(in crate::forecast) fn new(
        rolling: &Rolling<'_>,
        reading: &Reading<'_>,
        sums: &Sums,
        found: Found,
    ) -> Result<Self> {
        let Rolling { card, table, season, stride, .. } = *rolling;
        let (plan, names) = (&card.plan, names(rolling));
        let unknown = plan.unknown_statics(table)?;
        let rules = Naive::all(season).iter().map(|rule| rule.name(season));
        let methods = ["model".to_owned()].into_iter().chain(rules).enumerate();
        let methods: Vec<Method> = methods.map(|(place, name)| sums.method(place, name, &names)).collect();
        let mut warnings = verdicts(&methods);
        if rolling.trained_on()? {
            warnings.push(
                "Some of these rows were trained on, or validated the model: its errors look better than they are."
                    .to_owned(),
            );
        }
        let Found { samples, mut forecasts } = found;
        forecasts.sort_by_key(|sample| (sample.series, sample.target, sample.origin));
        Ok(Backtest {
            targets: plan.targets.clone(),
            horizon: plan.horizon,
            windows: rolling.windows(&rolling.cases),
            stride,
            season,
            levels: reading.levels.clone(),
            coverage: reading.coverage(),
            notes: notes(&methods[0]).into_iter().chain(rolling.left_out()).chain(unknown).collect(),
            methods,
            refits: None,
            warnings,
            samples,
            forecasts,
        })
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
