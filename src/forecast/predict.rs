//! A network's outputs for windows, and their way back to the scale of the data.

use super::card::Card;
use super::normalize::{Basis, Center, last_season};
use super::number::Level;
use super::origins::Origins;
use super::plan::Plan;
use super::scale::Scale;
use crate::data::Windows;
use crate::engine::Engine;
use crate::error::{Error, Result};

/// Windows that are forecast at once.
const BATCH: usize = 1024;

/// Calls `take` for each of the windows `ids`, which the engine has loaded, with its place in `ids` and its outputs [K,
/// C, Q]: those of the network that the engine holds, or the medians of an ensemble's. They are normalised, as they
/// leave the network.
///
/// # Errors
/// [`Error::Index`] where an id is not a window; else as [`Engine::predict`], and what `take` refuses.
pub async fn predict<E: Engine>(
    engine: &mut E,
    card: &Card,
    windows: &Windows,
    ids: &[u32],
    mut take: impl FnMut(usize, &[f32]) -> Result<()>,
) -> Result<()> {
    windows.check_ids(ids)?;
    for (chunk, ids) in ids.chunks(BATCH).enumerate() {
        let outputs = match &card.members[..] {
            [] => engine.predict(ids, BATCH).await?,
            members => {
                let mut of_members = Vec::with_capacity(members.len());
                for parameters in members {
                    engine.set_parameters(parameters)?;
                    of_members.push(engine.predict(ids, BATCH).await?);
                }
                (0..of_members[0].len()).map(|place| median(of_members.iter().map(|outputs| outputs[place]))).collect()
            }
        };
        for (n, outputs) in outputs.chunks_exact(card.plan.outputs()).enumerate() {
            take(chunk * BATCH + n, outputs)?;
        }
    }
    Ok(())
}

/// The value in the middle, or the mean of the two that are.
fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    values.sort_unstable_by(f32::total_cmp);
    let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
    low + (high - low) / 2.0
}

/// How a network's outputs become forecasts.
#[derive(Clone, Debug)]
pub struct Reading<'a> {
    plan: &'a Plan,
    /// What is given of a target at a step (V).
    pub levels: Vec<Level>,
    /// The place of the point among the levels.
    pub middle: usize,
    /// Half widths of the intervals of each series of the table, normalised as windows are, [K, all targets].
    half_widths: Option<Vec<&'a [f32]>>,
}

impl<'a> Reading<'a> {
    /// The quantiles that the network forecasts of series at `places` among those of training; or its points, with
    /// intervals of `coverage` where that is given. Of a distribution the quantiles of the plan, or where a coverage is
    /// given the median and an interval.
    ///
    /// # Errors
    /// [`Error::Config`] where there are no intervals, or none of that coverage; or of quantiles, which are none.
    pub fn of(card: &'a Card, places: &[Option<usize>], coverage: Option<f64>) -> Result<Self> {
        let plan = &card.plan;
        // In steps of 1e-4, so that (1 - 0.9) / 2 is 0.05.
        let interval = |coverage: f64| {
            let tail = ((1.0 - coverage) / 2.0 * 1e4).round() / 1e4;
            vec![None, Some(tail), Some(1.0 - tail)]
        };
        if let Some(quantiles) = &plan.quantiles {
            if let (Some(coverage), Some(_)) = (coverage, plan.distribution) {
                return Ok(Reading { plan, levels: interval(coverage), middle: 0, half_widths: None });
            }
            if let Some(coverage) = coverage {
                return Err(Error::config("level", coverage, "none: the model forecasts quantiles, which are given"));
            }
            // Through its shortest digits, so that 0.1 is not shown as 0.10000000149.
            let exact = |level: &f32| level.to_string().parse().unwrap_or(f64::from(*level));
            let levels = quantiles.levels().iter().map(|level| Some(exact(level))).collect();
            return Ok(Reading { plan, levels, middle: plan.middle(), half_widths: None });
        }
        let Some(coverage) = coverage else {
            return Ok(Reading { plan, levels: vec![None], middle: 0, half_widths: None });
        };
        let intervals = card.intervals.as_ref().ok_or_else(|| {
            let expected = "none: no rows validated the model, so that nobody knows how far it may be off";
            Error::config("level", coverage, expected)
        })?;
        let of_series = |&place: &Option<usize>| intervals.half_widths(coverage, place);
        let half_widths = Some(places.iter().map(of_series).collect::<Result<_>>()?);
        Ok(Reading { plan, levels: interval(coverage), middle: 0, half_widths })
    }

    /// The forecasts for window `id` from its outputs [K, C, Q], on the scale of the data, [K, C, V]; of a window that
    /// follows `before` steps which were themselves forecast. `scales` are those of all series.
    ///
    /// Quantiles rise with their levels. Intervals beyond the horizon, for which nothing was measured, widen with the
    /// root of the time, as those of a random walk do.
    pub fn restore(
        &self,
        (windows, origins): (&Windows, &Origins),
        id: usize,
        scales: &[Vec<Scale>],
        outputs: &[f32],
        before: usize,
    ) -> Vec<f64> {
        let (plan, width, count) = (self.plan, self.plan.width(), self.plan.outputs_of_target());
        let segment = origins.segment(id);
        let scales = &scales[segment.series];
        let half_widths = self.half_widths.as_ref().map(|of_series| of_series[segment.series]);
        let bases: Vec<Basis> = (0..width).map(|column| origins.basis(windows, id, column, width)).collect();
        let mut values = Vec::with_capacity(plan.horizon * width * self.levels.len());
        for (place, outputs) in outputs.chunks_exact(count).enumerate() {
            let (step, column) = (place / width, place % width);
            let target = segment.target + column;
            let season = last_season(origins.rows(id), plan.season, step).filter(|_| plan.center == Center::Season);
            let season = season.map_or(0.0, |row| windows.window(id)[row * plan.inputs() + column]);
            let Basis { base, factor } = bases[column];
            let back = |output: f64| {
                let scaled = (output + f64::from(season)) * f64::from(factor) + f64::from(base);
                scales[target].inverse_transform(scaled)
            };
            let first = values.len();
            if let Some(distribution) = plan.distribution {
                let outputs: Vec<f64> = outputs.iter().map(|&output| output.into()).collect();
                let quantile = |level: &Level| {
                    let value = back(distribution.quantile(&outputs, factor.into(), level.unwrap_or(0.5)));
                    // A count that was divided and multiplied again.
                    if plan.counts() { value.round() } else { value }
                };
                values.extend(self.levels.iter().map(quantile));
                continue;
            }
            values.extend(outputs.iter().map(|&output| back(output.into())));
            if let Some(half_widths) = half_widths {
                let half = if before == 0 {
                    half_widths[step * plan.targets.len() + target].into()
                } else {
                    let last = f64::from(half_widths[(plan.horizon - 1) * plan.targets.len() + target]);
                    last * ((before + step + 1) as f64 / plan.horizon as f64).sqrt()
                };
                let point = f64::from(outputs[0]);
                values.extend([back(point - half), back(point + half)]);
            } else {
                values[first..].sort_unstable_by(f64::total_cmp);
            }
        }
        values
    }

    /// The lower and the upper bound among values of a target at a step, where the levels have two.
    pub fn interval(&self, values: &[f64]) -> Option<(f64, f64)> {
        let bounds: Vec<usize> = (0..self.levels.len()).filter(|&place| self.levels[place].is_some()).collect();
        match bounds[..] {
            [low, .., high] => Some((values[low], values[high])),
            _ => None,
        }
    }

    /// The part of the truths that should lie in the intervals.
    pub fn coverage(&self) -> Option<f64> {
        let levels: Vec<f64> = self.levels.iter().flatten().copied().collect();
        match levels[..] {
            [low, .., high] => Some(((high - low) * 1e6).round() / 1e6),
            _ => None,
        }
    }
}
