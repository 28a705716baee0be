//! Forecasts that need no network: by rule, and by the statistical methods that competitions compare with.

mod season;
mod smoothing;

use super::look::line;
use super::naive::{History, Naive};
use season::Adjusted;
use smoothing::{Smoothed, Trend};

/// The most rows that a statistical method is fitted to, the last ones.
const MOST_ROWS: usize = 4096;

/// A forecast that needs no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// One by rule.
    Naive(Naive),
    /// [`theta`].
    Theta,
    /// [`ets`].
    Ets,
}

impl Baseline {
    /// All of them.
    pub const ALL: [Baseline; 5] = [
        Baseline::Naive(Naive::RepeatLast),
        Baseline::Naive(Naive::Seasonal),
        Baseline::Naive(Naive::Mean),
        Baseline::Theta,
        Baseline::Ets,
    ];

    /// What it is called beside networks, whatever the season.
    pub fn name(self) -> &'static str {
        match self {
            Baseline::Naive(Naive::RepeatLast) => "naive",
            Baseline::Naive(Naive::Seasonal) => "seasonal naive",
            Baseline::Naive(Naive::Mean) => "mean",
            Baseline::Theta => "theta",
            Baseline::Ets => "ets",
        }
    }

    /// What it forecasts for `steps` rows from row `origin` on, which is not known yet. The statistical methods are
    /// fitted anew to the rows before.
    pub(super) fn forecast(self, history: &History<'_>, origin: usize, season: usize, steps: usize) -> Vec<f64> {
        match self {
            Baseline::Naive(naive) => (0..steps).map(|step| history.forecast(naive, origin, step)).collect(),
            Baseline::Theta => theta(&history.known(origin, MOST_ROWS), season, steps),
            Baseline::Ets => ets(&history.known(origin, MOST_ROWS), season, steps),
        }
    }
}

/// The next `steps` values by the Theta method: the mean of the line through the values less their season, and of simple
/// exponential smoothing of twice their distance from it. Not below 0 where no value is. Nothing is forecast from no
/// values.
///
/// Sources: Assimakopoulos and Nikolopoulos 2000, doi 10.1016/S0169-2070(00)00066-2; how a season is found and taken
/// out: the benchmarks of the M4 competition.
pub fn theta(values: &[f64], season: usize, steps: usize) -> Vec<f64> {
    seasonally_adjusted(values, season, steps, |values| {
        let points: Vec<(f64, f64)> = values.iter().enumerate().map(|(row, &value)| (row as f64, value)).collect();
        let (slope, _) = line(&points);
        let count = values.len() as f64;
        let middle = values.iter().map(|value| value / count).sum::<f64>();
        let on_line = |row: f64| middle + slope * (row - (count - 1.0) / 2.0);
        let twice: Vec<f64> = points.iter().map(|&(row, value)| value + (value - on_line(row))).collect();
        let smoothed = Smoothed::fit(&twice, Trend::None).forecast(steps);
        (0..steps).zip(smoothed).map(|(step, value)| (value + on_line(count + step as f64)) / 2.0).collect()
    })
}

/// The next `steps` values by exponential smoothing of the values less their season: simple, Holt's or damped, whichever
/// has the least corrected criterion of Akaike. Not below 0 where no value is. Nothing is forecast from no values.
pub fn ets(values: &[f64], season: usize, steps: usize) -> Vec<f64> {
    seasonally_adjusted(values, season, steps, |values| Smoothed::best(values).forecast(steps))
}

/// Forecasts values without their season, and puts it back.
fn seasonally_adjusted(values: &[f64], season: usize, steps: usize, forecast: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    if values.is_empty() {
        return vec![f64::NAN; steps];
    }
    let adjusted = Adjusted::of(values, season);
    let least = if values.iter().all(|&value| value >= 0.0) { 0.0 } else { f64::NEG_INFINITY };
    let forecast = adjusted.seasonal(forecast(&adjusted.values).into_iter());
    forecast.into_iter().map(|value| value.max(least)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_methods_go_on_with_trend_and_season() {
        let truth = |t: usize| (100.0 + t as f64) * [0.7, 1.0, 1.4, 0.9, 1.0][t % 5];
        let values: Vec<f64> = (0..63).map(truth).collect();
        for (name, found) in [("theta", theta(&values, 5, 10)), ("ets", ets(&values, 5, 10))] {
            for (step, value) in found.iter().enumerate() {
                let truth = truth(63 + step);
                // Half the slope is all that theta follows.
                assert!((value - truth).abs() < 0.06 * truth, "{name}, step {step}: {value}, not {truth}");
            }
        }
    }

    #[test]
    fn theta_follows_half_the_slope_and_stays_above_0() {
        let values: Vec<f64> = (0..30).map(|t| 2.0 * f64::from(t)).collect();
        let found = theta(&values, 1, 3);
        assert!(found.iter().zip([59.0, 60.0, 61.0]).all(|(a, b)| (a - b).abs() < 0.05), "{found:?}");
        let falling: Vec<f64> = (0..30).map(|t| 29.0 - f64::from(t)).collect();
        assert!(theta(&falling, 1, 40).iter().all(|&value| value >= 0.0));
        assert!(theta(&falling.iter().map(|x| x - 10.0).collect::<Vec<_>>(), 1, 40)[39] < -20.0);
        assert!(theta(&[], 1, 2)[1].is_nan() && ets(&[7.0], 12, 2) == [7.0, 7.0]);
    }
}
