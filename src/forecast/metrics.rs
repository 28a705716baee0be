//! Errors of forecasts, summed up so that those of steps and series add up to those of all; but for MASE and R2, which
//! are each series' own and averaged over the series, since series differ in level and size.

use super::scale::{median, sorted, unit};
use serde::Serialize;

/// Levels from which on they show a distribution.
const LEAST_LEVELS: usize = 3;

/// Sums over forecasts p of truths t; in f64.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    /// What squares are counted in, a power of two, so that those of extreme values stay within f64.
    unit: f64,
    count: f64,
    absolute: f64,
    squared: f64,
    percentage: f64,
    zeros: f64,
    symmetric: f64,
    scaled: f64,
    unscaled: f64,
    truth: f64,
    truth_squared: f64,
    truth_absolute: f64,
    /// A reference that truths are counted from, so that their variance is not lost in their mean: the first truth.
    origin: Option<f64>,
    pinball: Vec<f64>,
    covered: f64,
    width: f64,
    intervals: f64,
    normal_absolute: f64,
    normal_squared: f64,
}

/// A forecast of one value, with the truth that it is compared with.
#[derive(Clone, Copy, Debug)]
pub struct Forecasted<'a> {
    /// The truth.
    pub truth: f64,
    /// The forecast.
    pub point: f64,
    /// The same on the scale that the network was trained on.
    pub scaled: [f64; 2],
    /// What MASE divides by: the mean absolute error of the seasonal naive forecast within the training rows.
    pub naive: Option<f64>,
    /// Forecasts of quantiles, with their levels.
    pub quantiles: &'a [(f64, f64)],
    /// The interval, from its lower to its upper bound.
    pub interval: Option<(f64, f64)>,
}

/// Errors over some forecasts. What cannot be said is none.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scores {
    /// Values forecast (n).
    pub count: usize,
    /// Mean absolute error, sum |p - t| / n, in the unit of the data.
    pub mae: f64,
    /// Root of the mean squared error, in the unit of the data.
    pub rmse: f64,
    /// Mean absolute percentage error, the mean of 100 |p - t| / |t| over the truths that are not 0; none where all
    /// are.
    pub mape: Option<f64>,
    /// Truths that are 0, which MAPE leaves out.
    pub zero_truths: usize,
    /// Symmetric mean absolute percentage error, 200 sum |p - t| / (|p| + |t|) / n.
    pub smape: f64,
    /// Mean absolute scaled error: the absolute error divided by that of the seasonal naive forecast within the
    /// training rows. Over several series the mean of theirs, without those that repeat their season exactly there,
    /// for which it is none. Source: Hyndman and Koehler 2006, doi 10.1016/j.ijforecast.2006.03.001.
    pub mase: Option<f64>,
    /// The median of the series' MASE.
    pub mase_median: Option<f64>,
    /// Coefficient of determination, 1 - sum (p - t)^2 / sum (t - mean t)^2; of several series the mean of theirs,
    /// without those whose truths are all the same, for which it is none.
    pub r2: Option<f64>,
    /// The median of the series' R2.
    pub r2_median: Option<f64>,
    /// Mean quantile loss of each level, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pinball: Vec<f64>,
    /// Continuous ranked probability score, in the unit of the data, as far as the levels show it: twice the mean of their
    /// quantile losses; none of fewer than three. Source: Gneiting and Raftery 2007, doi 10.1198/016214506000001437.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crps: Option<f64>,
    /// Weighted quantile loss: that of all forecasts by the sum of |t|; none where every truth is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wql: Option<f64>,
    /// The part of the truths that lie in their intervals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<f64>,
    /// Mean width of the intervals, in the unit of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
    /// Mean squared error on the scale that the network was trained on.
    pub scaled_mse: f64,
    /// Mean absolute error on that scale.
    pub scaled_mae: f64,
}

impl Tally {
    /// No forecasts yet, of truths that are `size` apart.
    pub fn new(size: f64) -> Self {
        Tally {
            unit: unit(size),
            count: 0.0,
            absolute: 0.0,
            squared: 0.0,
            percentage: 0.0,
            zeros: 0.0,
            symmetric: 0.0,
            scaled: 0.0,
            unscaled: 0.0,
            truth: 0.0,
            truth_squared: 0.0,
            truth_absolute: 0.0,
            origin: None,
            pinball: Vec::new(),
            covered: 0.0,
            width: 0.0,
            intervals: 0.0,
            normal_absolute: 0.0,
            normal_squared: 0.0,
        }
    }

    /// Counts squares in another unit.
    fn convert(&mut self, unit: f64) {
        let factor = self.unit / unit;
        self.squared *= factor * factor;
        self.truth *= factor;
        self.truth_absolute *= factor;
        self.truth_squared *= factor * factor;
        self.unit = unit;
    }

    /// Adds one forecast.
    pub fn add(&mut self, forecasted: &Forecasted<'_>) {
        let Forecasted { truth, point, scaled, naive, quantiles, interval } = *forecasted;
        let error = (point - truth).abs();
        self.count += 1.0;
        self.absolute += error;
        self.squared += (error / self.unit).powi(2);
        if truth == 0.0 {
            self.zeros += 1.0;
        } else {
            self.percentage += error / truth.abs();
        }
        let size = point.abs() + truth.abs();
        self.symmetric += if size == 0.0 { 0.0 } else { error / size };
        match naive {
            Some(naive) => self.scaled += error / naive,
            None => self.unscaled += 1.0,
        }
        let from_origin = (truth - *self.origin.get_or_insert(truth)) / self.unit;
        self.truth += from_origin;
        self.truth_squared += from_origin * from_origin;
        self.truth_absolute += truth.abs() / self.unit;
        self.pinball.resize(quantiles.len().max(self.pinball.len()), 0.0);
        for (sum, &(level, value)) in self.pinball.iter_mut().zip(quantiles) {
            *sum += if value <= truth { level * (truth - value) } else { (1.0 - level) * (value - truth) };
        }
        if let Some((low, high)) = interval {
            self.intervals += 1.0;
            self.covered += f64::from(u8::from(low <= truth && truth <= high));
            self.width += high - low;
        }
        let normal = (scaled[0] - scaled[1]).abs();
        self.normal_absolute += normal;
        self.normal_squared += normal * normal;
    }

    /// Adds all forecasts of another.
    pub fn merge(&mut self, other: &Tally) {
        let Some(theirs) = other.origin else { return };
        let mut other = other.clone();
        if self.origin.is_none() {
            self.unit = other.unit;
        }
        let unit = self.unit.max(other.unit);
        self.convert(unit);
        other.convert(unit);
        let shift = (theirs - *self.origin.get_or_insert(theirs)) / unit;
        self.truth_squared += other.truth_squared + 2.0 * shift * other.truth + other.count * shift * shift;
        self.truth += other.truth + other.count * shift;
        self.truth_absolute += other.truth_absolute;
        self.count += other.count;
        self.absolute += other.absolute;
        self.squared += other.squared;
        self.percentage += other.percentage;
        self.zeros += other.zeros;
        self.symmetric += other.symmetric;
        self.scaled += other.scaled;
        self.unscaled += other.unscaled;
        self.pinball.resize(other.pinball.len().max(self.pinball.len()), 0.0);
        self.pinball.iter_mut().zip(&other.pinball).for_each(|(sum, other)| *sum += other);
        self.covered += other.covered;
        self.width += other.width;
        self.intervals += other.intervals;
        self.normal_absolute += other.normal_absolute;
        self.normal_squared += other.normal_squared;
    }

    /// The errors of one series; none of no forecasts.
    pub fn scores(&self) -> Option<Scores> {
        Tally::scores_of(std::slice::from_ref(self))
    }

    /// The errors over several series, of which each has its tally; none of no forecasts.
    pub fn scores_of(series: &[Tally]) -> Option<Scores> {
        let mut all = Tally::new(1.0);
        series.iter().for_each(|tally| all.merge(tally));
        let [mases, r2s] = [Tally::mase, Tally::r2].map(|of| sorted(series.iter().filter_map(of)));
        all.pooled([mean(&mases), median(&mases)], [mean(&r2s), median(&r2s)])
    }

    fn mase(&self) -> Option<f64> {
        (self.count > 0.0 && self.unscaled == 0.0).then(|| self.scaled / self.count)
    }

    fn r2(&self) -> Option<f64> {
        let spread = self.truth_squared - self.truth * self.truth / self.count;
        (spread > 0.0).then(|| 1.0 - self.squared / spread)
    }

    /// The errors over all forecasts, with the mean and the median of the series' MASE and R2.
    fn pooled(&self, mase: [Option<f64>; 2], r2: [Option<f64>; 2]) -> Option<Scores> {
        let n = self.count;
        if n == 0.0 {
            return None;
        }
        let not_zero = n - self.zeros;
        let quantile_loss: f64 = self.pinball.iter().sum();
        let levels = Some(self.pinball.len()).filter(|&levels| levels >= LEAST_LEVELS);
        let over_levels = |count: f64| levels.map(|levels| 2.0 * quantile_loss / (levels as f64 * count));
        let truths = self.truth_absolute * self.unit;
        let with_intervals = |sum: f64| (self.intervals > 0.0).then(|| sum / self.intervals);
        Some(Scores {
            count: n as usize,
            mae: self.absolute / n,
            rmse: (self.squared / n).sqrt() * self.unit,
            mape: (not_zero > 0.0).then(|| 100.0 * self.percentage / not_zero),
            zero_truths: self.zeros as usize,
            smape: 200.0 * self.symmetric / n,
            mase: mase[0],
            mase_median: mase[1],
            r2: r2[0],
            r2_median: r2[1],
            pinball: self.pinball.iter().map(|sum| sum / n).collect(),
            crps: over_levels(n),
            wql: over_levels(truths).filter(|_| truths > 0.0),
            coverage: with_intervals(self.covered),
            width: with_intervals(self.width),
            scaled_mse: self.normal_squared / n,
            scaled_mae: self.normal_absolute / n,
        })
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forecasted(truth: f64, point: f64) -> Forecasted<'static> {
        Forecasted {
            truth,
            point,
            scaled: [truth / 2.0, point / 2.0],
            naive: Some(2.0),
            quantiles: &[],
            interval: None,
        }
    }

    #[track_caller]
    fn close(found: Option<f64>, expected: f64) {
        let found = found.expect("a number");
        assert!((found - expected).abs() < 1e-12 * expected.abs().max(1.0), "{found}, not {expected}");
    }

    #[test]
    fn errors_follow_their_formulas() {
        let mut tally = Tally::new(1.0);
        for (truth, point) in [(10.0, 12.0), (20.0, 16.0), (30.0, 30.0)] {
            tally.add(&forecasted(truth, point));
        }
        let scores = tally.scores().unwrap();
        close(Some(scores.mae), 2.0);
        close(Some(scores.rmse), (20f64 / 3.0).sqrt());
        close(scores.mape, 100.0 * (0.2 + 0.2) / 3.0);
        close(Some(scores.smape), 200.0 * (2.0 / 22.0 + 4.0 / 36.0) / 3.0);
        close(scores.mase, 1.0);
        close(scores.r2, 1.0 - 20.0 / 200.0);
        close(Some(scores.scaled_mse), 20.0 / 3.0 / 4.0);
        close(Some(scores.scaled_mae), 1.0);
        assert_eq!((scores.count, scores.coverage, scores.pinball.len()), (3, None, 0));
    }

    #[test]
    fn quantiles_and_intervals_are_scored() {
        let mut tally = Tally::new(1.0);
        let quantiles = [(0.1, 8.0), (0.9, 11.0)];
        tally.add(&Forecasted { quantiles: &quantiles, interval: Some((8.0, 11.0)), ..forecasted(10.0, 10.0) });
        tally.add(&Forecasted { quantiles: &quantiles, interval: Some((8.0, 12.0)), ..forecasted(13.0, 10.0) });
        let scores = tally.scores().unwrap();
        close(scores.coverage, 0.5);
        close(scores.width, 3.5);
        close(scores.pinball.first().copied(), (0.1 * 2.0 + 0.1 * 5.0) / 2.0);
        close(scores.pinball.get(1).copied(), (0.1 * 1.0 + 0.9 * 2.0) / 2.0);
        assert_eq!((scores.crps, scores.wql), (None, None));
    }

    #[test]
    fn three_levels_show_a_distribution() {
        let mut tally = Tally::new(1.0);
        let quantiles = [(0.1, 8.0), (0.5, 9.0), (0.9, 11.0)];
        tally.add(&Forecasted { quantiles: &quantiles, ..forecasted(10.0, 9.0) });
        tally.add(&Forecasted { quantiles: &quantiles, ..forecasted(-6.0, 9.0) });
        let scores = tally.scores().unwrap();
        let losses = [0.1 * 2.0 + 0.5 + 0.1, 0.9 * 14.0 + 0.5 * 15.0 + 0.1 * 17.0];
        let sum = 2.0 * (losses[0] + losses[1]) / 3.0;
        close(scores.crps, sum / 2.0);
        close(scores.wql, sum / 16.0);
        let mut zeros = Tally::new(1.0);
        zeros.add(&Forecasted { quantiles: &quantiles, ..forecasted(0.0, 9.0) });
        assert_eq!(zeros.scores().unwrap().wql, None);
    }

    #[test]
    fn parts_add_up_to_the_whole_far_from_zero() {
        let values: Vec<(f64, f64)> = (0..40).map(|n| (1e6 + f64::from(n * n % 17), 1e6 + f64::from(n % 5))).collect();
        let of = |values: &[(f64, f64)]| {
            let mut tally = Tally::new(1.0);
            values.iter().for_each(|&(truth, point)| tally.add(&forecasted(truth, point)));
            tally
        };
        let mut merged = Tally::new(1.0);
        values.chunks(7).for_each(|part| merged.merge(&of(part)));
        let (merged, whole) = (merged.scores().unwrap(), of(&values).scores().unwrap());
        close(Some(merged.rmse), whole.rmse);
        close(merged.r2, whole.r2.unwrap());
        assert_eq!(merged.count, 40);
    }

    #[test]
    fn levels_of_series_are_not_taken_for_what_a_model_explains() {
        // Three series on other levels; each forecast misses its mean by as much as its truths do.
        let series = [0.0, 100.0, 5000.0].map(|level| {
            let mut tally = Tally::new(level);
            [1.0, -1.0].iter().for_each(|side| tally.add(&forecasted(level + side, level - side)));
            tally
        });
        let scores = Tally::scores_of(&series).unwrap();
        close(scores.r2, -3.0);
        close(scores.r2_median, -3.0);
        close(scores.mase, 1.0);
    }

    #[test]
    fn one_series_does_not_take_a_measure_from_all() {
        let mut series = vec![Tally::new(1.0); 4];
        for (place, tally) in series.iter_mut().enumerate().take(3) {
            tally.add(&forecasted(1.0, 1.0 + place as f64));
            tally.add(&forecasted(3.0, 3.0));
        }
        series[3].add(&Forecasted { naive: None, ..forecasted(0.0, 5.0) });
        series[3].add(&Forecasted { naive: None, ..forecasted(0.0, 5.0) });
        let scores = Tally::scores_of(&series).unwrap();
        assert_eq!((scores.count, scores.zero_truths), (8, 2));
        close(scores.mape, 100.0 * (1.0 + 2.0) / 6.0);
        close(scores.mase, (0.25 + 0.5) / 3.0);
        close(scores.mase_median, 0.25);
        close(scores.r2, (1.0 + 0.5 - 1.0) / 3.0);
        close(scores.r2_median, 0.5);
    }

    #[test]
    fn what_cannot_be_said_is_none() {
        assert_eq!(Tally::new(1.0).scores(), None);
        let mut tally = Tally::new(1.0);
        tally.add(&Forecasted { naive: None, ..forecasted(0.0, 0.0) });
        let scores = tally.scores().unwrap();
        assert_eq!((scores.mape, scores.mase, scores.r2, scores.smape), (None, None, None, 0.0));
    }
}
