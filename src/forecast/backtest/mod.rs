//! Rolling-origin evaluation: forecasts from many rows of a table, each from what was known there, beside forecasts
//! that need no network.

mod method;
mod report;
mod sums;
mod verdict;

pub use method::{Method, SeriesScores};
pub use report::{Backtest, Sample};

use super::card::{Card, Trained};
use super::metrics::Forecasted;
use super::naive::{History, Naive};
use super::predict::{Reading, predict};
use super::scale::Scale;
use super::split::{row_at, row_of_number};
use super::stack::{Stack, Truths};
use super::table::{Series, Table};
use crate::engine::Engine;
use crate::error::{Error, Result};
use report::Counts;
use std::collections::{HashMap, HashSet};
use std::str::FromStr;
use sums::Sums;

/// Panels of a picture, and forecasts in each.
const PANELS: usize = 6;
const SHOWN: usize = 3;

/// From where to forecast, and what to compare with.
#[derive(Clone, Debug, Default)]
pub struct BacktestOptions {
    /// The first row to forecast. Without it, the first that was held out in training.
    pub from: Option<Start>,
    /// The first row that is not forecast any more. Without it all rows are.
    pub to: Option<Start>,
    /// Rows from one origin to the next; without it 1.
    pub stride: Option<usize>,
    /// Rows of the season of the seasonal naive forecast and of MASE; without it the model's.
    pub season: Option<usize>,
    /// Coverage of the intervals of a model of points. Without it there are none.
    pub coverage: Option<f64>,
    /// Whether every forecast is kept in [`Backtest::forecasts`].
    pub keep: bool,
}

/// A row of a series.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// The first that is not before this time.
    Time(String),
    /// So many rows after the first; or, where there are not as many, the row that has the number as its time: 20240101.
    Row(usize),
    /// So many rows before the end of each series.
    Last(usize),
}

impl FromStr for Start {
    type Err = Error;

    /// Reads a date, a number of rows, or `last:` and a number of rows.
    fn from_str(text: &str) -> Result<Self> {
        let refuse = || Error::config("a row", text, "a date, a number of rows, or last:N");
        match (text.strip_prefix("last:"), text.parse()) {
            (Some(rows), _) => rows.parse().ok().filter(|&rows| rows > 0).map(Start::Last).ok_or_else(refuse),
            (None, Ok(row)) => Ok(Start::Row(row)),
            (None, Err(_)) if text.trim().is_empty() => Err(refuse()),
            (None, Err(_)) => Ok(Start::Time(text.to_owned())),
        }
    }
}

/// Forecasts each series of a table from many origins by the network that `engine` holds, and counts the errors. A
/// forecast sees the rows before its origin and, of the covariates of the future, a horizon more.
///
/// # Errors
/// [`Error::Table`] where the table does not fit the model, or no row is left to forecast.
pub async fn backtest<E: Engine>(
    engine: &mut E,
    card: &Card,
    table: &Table,
    options: &BacktestOptions,
) -> Result<Backtest> {
    let plan = &card.plan;
    card.check_table(table)?;
    let places = card.places(table);
    let trained: Vec<Option<&Trained>> = places.iter().map(|place| place.map(|place| &card.series[place])).collect();
    let reading = Reading::of(card, &places, options.coverage)?;
    let (season, stride) = (options.season.unwrap_or(plan.season), options.stride.unwrap_or(1));
    for (name, count) in [("season", season), ("stride", stride)] {
        if count == 0 {
            return Err(Error::config(name, count, "at least 1"));
        }
    }
    let first = |(series, trained): (&Series, &Option<&Trained>)| match (&options.from, trained) {
        (Some(from), _) => row_of(table, series, from),
        (None, Some(trained)) => first_held_out(table, series, trained),
        // Of a series that was not trained on, all are; its scales then follow from the first window.
        (None, None) => Ok(plan.window),
    };
    let firsts: Vec<usize> = table.series.iter().zip(&trained).map(first).collect::<Result<_>>()?;
    let end = |series: &Series| match &options.to {
        None => Ok(series.known),
        Some(to) => Ok(row_of(table, series, to)?.min(series.known)),
    };
    let ends: Vec<usize> = table.series.iter().map(end).collect::<Result<_>>()?;
    let scales = card.scales(table, &places, &firsts)?;

    // Windows reach back no further.
    let seen = |(series, first): (&Series, &usize)| series.known.min(first.saturating_sub(plan.window));
    let stack = Stack::new(table, plan, &scales, &table.series.iter().zip(&firsts).map(seen).collect::<Vec<_>>())?;
    let truths = Truths::new(table, plan)?;
    let (mut window_ends, mut shown) = (Vec::new(), HashMap::new());
    for segment in &stack.segments {
        let (first, end) = (firsts[segment.series], ends[segment.series]);
        let before = window_ends.len();
        let all: Vec<u32> = segment.ends(plan, first..end, plan.horizon, stride)?.collect();
        let some = |&end: &u32| truths.count(segment, plan, segment.origin(end)) > 0;
        window_ends.extend(all.iter().copied().filter(|end| table.filled == 0 || some(end)));
        if !all.is_empty() && window_ends.len() == before {
            let message = format!("every target in rows {first} to {end} was filled in, and none can be compared with");
            return Err(table.refuse(&table.series[segment.series], message));
        }
        if all.is_empty() {
            let message = format!(
                "rows {first} to {end} are to be forecast, expected at least {}, the horizon, after a window of {}: \
                 hold out more rows, or begin elsewhere with `BacktestOptions::from`",
                plan.horizon, plan.window
            );
            return Err(table.refuse(&table.series[segment.series], message));
        }
        let last = segment.origin(window_ends[window_ends.len() - 1]);
        shown.insert(segment.first, Shown { last, gap: plan.horizon.div_ceil(stride) * stride });
    }
    let (windows, origins) = stack.windows(plan, &scales, window_ends, true)?;
    engine.load_data(&windows)?;
    let ids: Vec<u32> = (0..windows.count() as u32).collect();

    let comparison = Comparison::new(card, table, &reading, &scales, &firsts, season)?;
    let sizes: Vec<f64> = comparison.histories.iter().map(|(history, _)| history.size()).collect();
    let mut sums = Sums::new(1 + Naive::all(season).len(), &sizes, plan.horizon);
    let (mut samples, mut forecasts): (Vec<Sample>, Vec<Sample>) = Default::default();
    let mut counted = HashSet::new();
    predict(engine, card, &windows, &ids, |id, outputs| {
        let (segment, origin) = origins.of(id);
        let targets = segment.target..segment.target + plan.width();
        let values = reading.restore((&windows, &origins), id, &scales, outputs, 0);
        if values.iter().any(|value| !value.is_finite()) {
            let time = table.time(&table.series[segment.series], origin)?;
            let message = format!(
                "the network's forecast from {time} on is not finite: its inputs are far from what it has learned"
            );
            return Err(table.refuse(&table.series[segment.series], message));
        }
        counted.insert((segment.series, origin));
        for (column, target) in targets.enumerate() {
            let of_target = values.chunks_exact(reading.levels.len()).skip(column).step_by(plan.width());
            let of_target: Vec<f64> = of_target.flatten().copied().collect();
            comparison.forecast(segment.series, target, origin, &of_target, &mut sums);
            let sample = Sample { series: segment.series, target, origin, values: of_target };
            let panel = segment.series * plan.targets.len() + target;
            if panel < PANELS && shown[&segment.first].has(origin) {
                samples.push(sample.clone());
            }
            if options.keep {
                forecasts.push(sample);
            }
        }
        Ok(())
    })
    .await?;
    let trained = trained_on(table, &trained, &firsts)?;
    let counts = Counts { origins: counted.len(), stride, season };
    forecasts.sort_by_key(|sample| (sample.series, sample.target, sample.origin));
    Ok(Backtest { forecasts, ..Backtest::new(card, table, &reading, &sums, samples, counts, trained) })
}

/// Which origins of a segment are shown: the last, and those before it that are a horizon or more apart.
struct Shown {
    last: usize,
    gap: usize,
}

impl Shown {
    fn has(&self, origin: usize) -> bool {
        let back = self.last - origin;
        back.is_multiple_of(self.gap) && back / self.gap < SHOWN
    }
}

/// The first row of a series that training held out.
fn first_held_out(table: &Table, series: &Series, trained: &Trained) -> Result<usize> {
    let (row, exact) = table.frequency.steps(series.first, trained.test_from);
    let row = usize::try_from(row.saturating_add(i64::from(!exact))).unwrap_or(0);
    if row < series.known {
        return Ok(row);
    }
    let message = "every row was trained on, or validated the model: hold rows out with `Task::test` in training, \
                   or say `BacktestOptions::from`";
    Err(table.refuse(series, message))
}

fn row_of(table: &Table, series: &Series, start: &Start) -> Result<usize> {
    match start {
        Start::Row(row) => Ok(row_of_number(table, series, *row).unwrap_or(*row)),
        Start::Last(rows) => Ok(series.known.saturating_sub(*rows)),
        Start::Time(time) => row_at(table, series, time),
    }
}

/// Whether any series is forecast where the network was trained, or validated.
fn trained_on(table: &Table, trained: &[Option<&Trained>], firsts: &[usize]) -> Result<bool> {
    for ((series, trained), &first) in table.series.iter().zip(trained).zip(firsts) {
        let Some(trained) = trained else { continue };
        if table.stamp(series, first)? < trained.test_from {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Compares forecasts with the truth, and with the naive baselines.
struct Comparison<'a> {
    reading: &'a Reading<'a>,
    /// [series][column of the plan].
    scales: &'a [Vec<Scale>],
    baselines: &'static [Naive],
    /// Targets of a series (C).
    targets: usize,
    /// [series * C + target]: what is known, and what MASE divides by.
    histories: Vec<(History<'a>, Option<f64>)>,
}

impl<'a> Comparison<'a> {
    fn new(
        card: &Card,
        table: &'a Table,
        reading: &'a Reading<'a>,
        scales: &'a [Vec<Scale>],
        firsts: &[usize],
        season: usize,
    ) -> Result<Self> {
        let (columns, targets) = (table.columns.len(), card.plan.targets.len());
        let places = table.places(&card.plan.targets)?;
        let mut histories = Vec::new();
        for (series, &first) in table.series.iter().zip(firsts) {
            for &place in &places {
                // Where no row is known, the slice is empty.
                let values = series.values[..series.known * columns].get(place..).unwrap_or_default();
                let filled = series.filled.get(place..).unwrap_or_default();
                let history = History::new(values, filled, columns, first.min(series.known), season);
                let naive = history.scale(first);
                histories.push((history, naive));
            }
        }
        Ok(Comparison { reading, scales, baselines: Naive::all(season), targets, histories })
    }

    /// Adds the errors of the forecast [K, V] of a target from `origin` on, and those of the baselines.
    fn forecast(&self, series: usize, target: usize, origin: usize, values: &[f64], sums: &mut Sums) {
        let Reading { levels, middle, .. } = self.reading;
        let (history, naive) = &self.histories[series * self.targets + target];
        let scale = self.scales[series][target];
        let transform = |value: f64| scale.transform(value);
        for (step, values) in values.chunks_exact(levels.len()).enumerate() {
            // What was filled in is no truth.
            if !history.has(origin + step) {
                continue;
            }
            let truth = history.value(origin + step);
            let scaled_truth = transform(truth);
            let quantiles: Vec<(f64, f64)> =
                levels.iter().zip(values).filter_map(|(level, &value)| Some(((*level)?, value))).collect();
            let mut add = |method: usize, point: f64, quantiles: &[(f64, f64)], interval| {
                let scaled = [scaled_truth, transform(point)];
                let forecasted = Forecasted { truth, point, scaled, naive: *naive, quantiles, interval };
                sums.of(method, series * self.targets + target, step).add(&forecasted);
            };
            add(0, values[*middle], &quantiles, self.reading.interval(values));
            for (place, &baseline) in self.baselines.iter().enumerate() {
                add(1 + place, history.forecast(baseline, origin, step), &[], None);
            }
        }
    }
}
