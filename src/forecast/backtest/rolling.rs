//! What a backtest forecasts from where, and a network's forecasts from there.

use super::options::BacktestOptions;
use super::sample::Sample;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::forecast::card::{Card, Trained};
use crate::forecast::origins::Segment;
use crate::forecast::plan::Plan;
use crate::forecast::predict::{Reading, predict};
use crate::forecast::scale::Scale;
use crate::forecast::stack::{Stack, Truths};
use crate::forecast::table::{Series, Table};
use std::collections::HashSet;
use std::ops::Range;

/// The origins of a backtest.
pub struct Rolling<'a> {
    /// What the model forecasts from what.
    pub card: &'a Card,
    pub table: &'a Table,
    /// Rows of the season that baselines and MASE go by.
    pub season: usize,
    /// Rows from one origin to the next.
    pub stride: usize,
    /// The first row that is forecast, of each series.
    pub firsts: Vec<usize>,
    /// The scales of every series, [series][column of the plan].
    pub scales: Vec<Vec<Scale>>,
    /// The targets that are forecast together, series by series.
    pub cases: Vec<Case>,
    trained: Vec<Option<&'a Trained>>,
    coverage: Option<f64>,
}

/// Targets of a series that one window forecasts.
#[derive(Clone, Debug)]
pub struct Case {
    /// The place of the series in the table.
    pub series: usize,
    /// The first target, of as many as [`Plan::width`] says.
    pub target: usize,
    /// The rows that are the first to be forecast, in order; none of a series that has no rows for that.
    pub origins: Vec<usize>,
}

impl<'a> Rolling<'a> {
    /// # Errors
    /// [`Error::Table`] where the table does not fit the model, or no row is left to forecast; [`Error::Config`] where an
    /// option makes no sense.
    pub fn new(card: &'a Card, table: &'a Table, options: &BacktestOptions) -> Result<Self> {
        let plan = &card.plan;
        card.check_table(table)?;
        let places = card.places(table);
        let trained: Vec<Option<&Trained>> =
            places.iter().map(|place| place.map(|place| &card.series[place])).collect();
        let (season, stride) = (options.season.unwrap_or(plan.season), options.stride.unwrap_or(1));
        for (name, count) in [("season", season), ("stride", stride)] {
            if count == 0 {
                return Err(Error::config(name, count, "at least 1"));
            }
        }
        let first = |(series, trained): (&Series, &Option<&Trained>)| match (&options.from, trained) {
            (Some(from), _) => from.row(table, series),
            (None, Some(trained)) => Ok(first_held_out(table, series, trained)),
            // Of a series that was not trained on, all are; its scales then follow from the first window.
            (None, None) => Ok(plan.window),
        };
        let firsts: Vec<usize> = table.series.iter().zip(&trained).map(first).collect::<Result<_>>()?;
        let end = |series: &Series| match &options.to {
            None => Ok(series.known),
            Some(to) => Ok(to.row(table, series)?.min(series.known)),
        };
        let ends: Vec<usize> = table.series.iter().map(end).collect::<Result<_>>()?;
        let scales = card.scales(table, &places, &firsts)?;
        let cases = cases(table, plan, &firsts, &ends, options.from.is_some(), stride)?;
        Ok(Rolling { card, table, season, stride, firsts, scales, cases, trained, coverage: options.coverage })
    }

    /// How the outputs of a model with this card become forecasts.
    ///
    /// # Errors
    /// As [`Reading::of`].
    pub fn reading<'b>(&self, card: &'b Card) -> Result<Reading<'b>> {
        Reading::of(card, &card.places(self.table), self.coverage)
    }

    /// Says so where series of a panel are left out.
    pub fn left_out(&self) -> Option<String> {
        let empty = self.cases.iter().filter(|case| case.origins.is_empty()).map(|case| case.series);
        let (count, all) = (empty.collect::<HashSet<_>>().len(), self.table.series.len());
        (count > 0).then(|| format!("{count} of {all} series have no rows to forecast, and are left out."))
    }

    /// Origins of all series, each once however many targets are forecast from it.
    pub fn windows(&self, cases: &[Case]) -> usize {
        let all = cases.iter().flat_map(|case| case.origins.iter().map(|origin| (case.series, origin)));
        all.collect::<HashSet<_>>().len()
    }

    /// Whether any series is forecast where the network was trained, or validated.
    ///
    /// # Errors
    /// As [`Table::stamp`].
    pub fn trained_on(&self) -> Result<bool> {
        for ((series, trained), &first) in self.table.series.iter().zip(&self.trained).zip(&self.firsts) {
            let Some(trained) = trained else { continue };
            if self.table.stamp(series, first)? < trained.test_from {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Rows that validated the model, of a series that it was trained on.
    pub fn validated(&self, series: usize) -> Option<usize> {
        let trained = self.trained[series]?;
        let (rows, _) = self.table.frequency.steps(trained.val_from, trained.test_from);
        usize::try_from(rows).ok()
    }

    /// Calls `take` with the forecasts of `cases`, some of those of this backtest, by the network that `engine` holds and
    /// `card` belongs to.
    ///
    /// # Errors
    /// [`Error::Table`] where a forecast is not finite; else as [`Engine::predict`].
    pub async fn forecast<E: Engine>(
        &self,
        engine: &mut E,
        card: &Card,
        reading: &Reading<'_>,
        cases: &[Case],
        mut take: impl FnMut(Sample),
    ) -> Result<()> {
        let (table, plan) = (self.table, &card.plan);
        let scales = card.scales(table, &card.places(table), &self.firsts)?;
        // Windows reach back no further.
        let mut seen: Vec<usize> = table.series.iter().map(|series| series.known).collect();
        for case in cases {
            let first = case.origins.first().map(|first| first.saturating_sub(plan.window));
            seen[case.series] = first.map_or(seen[case.series], |first| first.min(seen[case.series]));
        }
        let stack = Stack::new(table, plan, &scales, &seen)?;
        let mut window_ends = Vec::new();
        for (segment, case) in stack.segments.iter().zip(cases) {
            for &origin in &case.origins {
                window_ends.push(segment.end(origin)?);
            }
        }
        let (windows, origins) = stack.windows(plan, &scales, window_ends, true)?;
        engine.load_data(&windows)?;
        let ids: Vec<u32> = (0..windows.count() as u32).collect();
        predict(engine, card, &windows, &ids, |id, outputs| {
            let (segment, origin) = origins.of(id);
            let values = reading.restore((&windows, &origins), id, &scales, outputs, 0);
            if values.iter().any(|value| !value.is_finite()) {
                let time = table.time(&table.series[segment.series], origin)?;
                let message = format!(
                    "the network's forecast from {time} on is not finite: its inputs are far from what it has learned"
                );
                return Err(table.refuse(&table.series[segment.series], message));
            }
            for column in 0..plan.width() {
                let of_target = values.chunks_exact(reading.levels.len()).skip(column).step_by(plan.width());
                let values = of_target.flatten().copied().collect();
                take(Sample { series: segment.series, target: segment.target + column, origin, values });
            }
            Ok(())
        })
        .await
    }
}

/// The origins from which rows `firsts` to before `ends` of the series are forecast; `asked` is whether somebody named the
/// first. Of a panel series may have none, as long as others have.
fn cases(
    table: &Table,
    plan: &Plan,
    firsts: &[usize],
    ends: &[usize],
    asked: bool,
    stride: usize,
) -> Result<Vec<Case>> {
    let truths = Truths::new(table, plan)?;
    let (mut cases, mut refused) = (Vec::new(), None);
    for (place, (series, rows)) in table.series.iter().zip(rows(firsts, ends)).enumerate() {
        for target in (0..plan.targets.len()).step_by(plan.width()) {
            let segment = Segment { series: place, target, first: 0, skipped: 0, rows: series.known };
            let all: Vec<u32> = segment.ends(plan, rows.clone(), plan.horizon, stride)?.collect();
            let some = |&origin: &usize| table.filled == 0 || truths.count(&segment, plan, origin) > 0;
            let origins: Vec<usize> = all.iter().map(|&origin| origin as usize).filter(some).collect();
            let Range { start, end } = rows;
            let message = match (all.is_empty(), origins.is_empty()) {
                (true, _) if start == end && !asked => {
                    "every row was trained on, or validated the model: hold rows out with `Task::test` in training, or \
                     say `BacktestOptions::from`"
                        .to_owned()
                }
                (true, _) => format!(
                    "rows {start} to {end} are to be forecast, expected at least {}, the horizon, after a window of \
                     {}: hold out more rows, or begin elsewhere with `BacktestOptions::from`",
                    plan.horizon, plan.window
                ),
                (false, true) => {
                    format!("every target in rows {start} to {end} was filled in, and none can be compared with")
                }
                (false, false) => String::new(),
            };
            if origins.is_empty() {
                refused.get_or_insert_with(|| table.refuse(series, message));
            }
            cases.push(Case { series: place, target, origins });
        }
    }
    match refused {
        Some(refused) if cases.iter().all(|case| case.origins.is_empty()) => Err(refused),
        _ => Ok(cases),
    }
}

fn rows<'a>(firsts: &'a [usize], ends: &'a [usize]) -> impl Iterator<Item = Range<usize>> + 'a {
    firsts.iter().zip(ends).map(|(&first, &end)| first..end)
}

/// The first row of a series that training held out.
fn first_held_out(table: &Table, series: &Series, trained: &Trained) -> usize {
    let (row, exact) = table.frequency.steps(series.first, trained.test_from);
    let row = usize::try_from(row.saturating_add(i64::from(!exact))).unwrap_or(0);
    row.min(series.known)
}
