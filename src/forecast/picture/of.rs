//! What a picture shows of a forecast, and of a backtest.

use super::{Panel, Picture};
use crate::error::Result;
use crate::forecast::backtest::{Backtest, Sample};
use crate::forecast::card::Card;
use crate::forecast::horizon::Forecast;
use crate::forecast::table::{Series, Table};
use crate::model::Spec;

/// Panels of a picture.
const PANELS: usize = 6;
/// Rows of history that a picture shows for each that is forecast, at most.
const HISTORY: usize = 4;

impl Forecast {
    /// History and forecast of the first targets, where the network `spec` has forecast `table`.
    ///
    /// # Errors
    /// [`Error::Table`](crate::Error::Table) where a time is beyond the calendar.
    pub fn picture(&self, spec: &Spec, card: &Card, table: &Table) -> Result<Picture> {
        let targets = self.targets.len();
        let forecast = table.series.iter().filter(|series| series.known >= card.plan.least());
        let all = forecast.zip(&self.series).flat_map(|pair| (0..targets).map(move |target| (pair, target)));
        let mut panels = Vec::new();
        for ((series, series_forecast), target) in all.take(PANELS) {
            let steps = series_forecast.times.len();
            let shown = series.known.min((HISTORY * steps).max(card.plan.window));
            let first = series.known - shown;
            let column = table.column(&self.targets[target])?;
            let forecast = (0..steps).map(|step| series_forecast.at(step, target, targets).to_vec()).collect();
            panels.push(Panel {
                title: name(series, &self.targets[target]),
                times: (first..series.known + steps).map(|row| table.time(series, row)).collect::<Result<_>>()?,
                truth: series.measured(table.columns.len(), column, first..series.known),
                forecasts: vec![(shown, forecast)],
            });
        }
        let left_out = table.series.len() * targets - panels.len();
        let steps = self.series.first().map_or(0, |series| series.times.len());
        let title =
            format!("Forecast of {}, {steps} rows ahead: {}", subject(table, &self.targets), network_in_words(spec));
        Ok(Picture { title, known: "known", panels, left_out, levels: self.levels.clone(), middle: self.middle })
    }
}

impl Backtest {
    /// The last forecasts, with the truth around them, where the network `spec` has forecast `table`.
    ///
    /// # Errors
    /// [`Error::Table`](crate::Error::Table) where a time is beyond the calendar.
    pub fn picture(&self, spec: &Spec, card: &Card, table: &Table) -> Result<Picture> {
        let (horizon, levels) = (card.plan.horizon, self.levels.len());
        let mut panels: Vec<Panel> = Vec::new();
        let same = |a: &Sample, b: &Sample| (a.series, a.target) == (b.series, b.target);
        let mut samples = self.samples.clone();
        samples.sort_by_key(|sample| (sample.series, sample.target, sample.origin));
        for samples in samples.chunk_by(same) {
            let (series, target) = (&table.series[samples[0].series], &self.targets[samples[0].target]);
            let column = table.column(target)?;
            let first = samples[0].origin.saturating_sub(card.plan.window.max(horizon));
            let end = samples[samples.len() - 1].origin + horizon;
            panels.push(Panel {
                title: name(series, target),
                times: (first..end).map(|row| table.time(series, row)).collect::<Result<_>>()?,
                truth: series.measured(table.columns.len(), column, first..end),
                forecasts: samples
                    .iter()
                    .map(|sample| (sample.origin - first, sample.values.chunks(levels).map(<[f64]>::to_vec).collect()))
                    .collect(),
            });
        }
        let left_out = table.series.len() * self.targets.len() - panels.len();
        let middle = card.plan.middle();
        let title =
            format!("Backtest of {}, {horizon} rows ahead: {}", subject(table, &self.targets), network_in_words(spec));
        Ok(Picture { title, known: "truth", panels, left_out, levels: self.levels.clone(), middle })
    }
}

/// What a picture is of: the one target, of the one series where it has a name, or how many there are.
fn subject(table: &Table, targets: &[String]) -> String {
    match (&table.series[..], targets) {
        ([series], [target]) => name(series, target),
        ([_], targets) => format!("{} targets", targets.len()),
        (series, [target]) => format!("{target} of {} series", series.len()),
        (series, targets) => format!("{} targets of {} series", targets.len(), series.len()),
    }
}

/// A network in a few words.
pub fn network_in_words(spec: &Spec) -> String {
    format!("{} with {} x {} hidden units", spec.cell, spec.layers, spec.hidden)
}

/// What a picture calls a target of a series.
fn name(series: &Series, target: &str) -> String {
    series.id.as_ref().map_or(target.to_owned(), |id| format!("{id}: {target}"))
}
