//! Forecasts beside the truth.

use super::rolling::{Case, Rolling};
use super::sample::Sample;
use super::sums::Sums;
use crate::error::Result;
use crate::forecast::baseline::Baseline;
use crate::forecast::metrics::Forecasted;
use crate::forecast::naive::{History, Naive};
use crate::forecast::predict::Reading;
use crate::forecast::scale::Scale;

/// Compares forecasts with the truth.
pub struct Comparison<'a> {
    reading: &'a Reading<'a>,
    /// [series][column of the plan].
    scales: &'a [Vec<Scale>],
    /// Targets of a series (C), those that one window forecasts, steps of a forecast (K), and rows of a season.
    targets: usize,
    width: usize,
    steps: usize,
    season: usize,
    /// [series * C + target]: what is known, and what MASE divides by.
    histories: Vec<(History<'a>, Option<f64>)>,
}

/// What is forecast of a target at a step.
struct Forecast<'a> {
    point: f64,
    /// Levels and what is forecast of them.
    quantiles: &'a [(f64, f64)],
    interval: Option<(f64, f64)>,
}

impl<'a> Comparison<'a> {
    /// Over the rows of a backtest. `reading` has the levels that are forecast.
    ///
    /// # Errors
    /// [`Error::Table`](crate::Error::Table) where a target is not there.
    pub fn new(rolling: &'a Rolling<'a>, reading: &'a Reading<'a>) -> Result<Self> {
        let Rolling { card, table, season, ref firsts, ref scales, .. } = *rolling;
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
        let (width, steps) = (card.plan.width(), card.plan.horizon);
        Ok(Comparison { reading, scales, targets, width, steps, season, histories })
    }

    /// Sums of errors of so many methods.
    pub fn sums(&self, methods: usize) -> Sums {
        let sizes: Vec<f64> = self.histories.iter().map(|(history, _)| history.size()).collect();
        Sums::new(methods, &sizes, self.steps)
    }

    /// Sums of the model's errors and of those of the naive baselines.
    pub fn sums_beside_rules(&self) -> Sums {
        self.sums(1 + Naive::all(self.season).len())
    }

    /// Adds the errors of the naive baselines, which come after those of the model.
    pub fn add_rules(&self, cases: &[Case], sums: &mut Sums) {
        for (place, &rule) in Naive::all(self.season).iter().enumerate() {
            self.add_baseline(1 + place, Baseline::Naive(rule), cases, sums);
        }
    }

    /// Adds the errors of a forecast to those of a method.
    pub fn add(&self, method: usize, sample: &Sample, sums: &mut Sums) {
        let Reading { levels, middle, .. } = self.reading;
        for (step, values) in sample.values.chunks_exact(levels.len()).enumerate() {
            let quantiles = levels.iter().zip(values).filter_map(|(level, &value)| Some(((*level)?, value)));
            let quantiles: Vec<(f64, f64)> = quantiles.collect();
            let place = [method, sample.series, sample.target, step];
            let interval = self.reading.interval(values);
            let forecast = Forecast { point: values[*middle], quantiles: &quantiles, interval };
            self.add_step(place, sample.origin, forecast, sums);
        }
    }

    /// Adds the errors of the forecasts that a baseline makes from the same origins.
    pub fn add_baseline(&self, method: usize, baseline: Baseline, cases: &[Case], sums: &mut Sums) {
        for case in cases {
            for target in case.target..case.target + self.width {
                let (history, _) = &self.histories[case.series * self.targets + target];
                for &origin in &case.origins {
                    let points = baseline.forecast(history, origin, self.season, self.steps);
                    for (step, point) in points.into_iter().enumerate() {
                        let forecast = Forecast { point, quantiles: &[], interval: None };
                        self.add_step([method, case.series, target, step], origin, forecast, sums);
                    }
                }
            }
        }
    }

    /// Adds the errors of a point, of quantiles and of an interval of a method, for a target of a series at a step.
    fn add_step(
        &self,
        [method, series, target, step]: [usize; 4],
        origin: usize,
        Forecast { point, quantiles, interval }: Forecast<'_>,
        sums: &mut Sums,
    ) {
        let (history, naive) = &self.histories[series * self.targets + target];
        // What was filled in is no truth.
        if !history.has(origin + step) {
            return;
        }
        let (truth, scale) = (history.value(origin + step), self.scales[series][target]);
        let scaled = [scale.transform(truth), scale.transform(point)];
        let forecasted = Forecasted { truth, point, scaled, naive: *naive, quantiles, interval };
        sums.of(method, series * self.targets + target, step).add(&forecasted);
    }
}
