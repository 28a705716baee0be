//! A series less its season, by the classical decomposition.

/// How sure the autocorrelation must be of a season: the quantile of the normal distribution at 95 %.
const SURE: f64 = 1.645;

/// A series without its season, and the season.
#[derive(Clone, Debug)]
pub struct Adjusted {
    /// The values without their season.
    pub values: Vec<f64>,
    /// What the season adds to each of its rows, or multiplies them with; one row where there is none.
    figure: Vec<f64>,
    multiplicative: bool,
}

impl Adjusted {
    /// Takes a season of so many rows out, where autocorrelation shows it: by factors where all values are above 0.
    pub fn of(values: &[f64], season: usize) -> Self {
        let multiplicative = values.iter().all(|&value| value > 0.0);
        let neutral = if multiplicative { 1.0 } else { 0.0 };
        let figure = if is_seasonal(values, season) { figure(values, season, multiplicative) } else { vec![neutral] };
        let without = |(row, value): (usize, &f64)| {
            let season = figure[row % figure.len()];
            if multiplicative { value / season } else { value - season }
        };
        Adjusted { values: values.iter().enumerate().map(without).collect(), figure, multiplicative }
    }

    /// Puts the season back into what comes after the values.
    pub fn seasonal(&self, forecast: impl Iterator<Item = f64>) -> Vec<f64> {
        let with = |(step, value): (usize, f64)| {
            let season = self.figure[(self.values.len() + step) % self.figure.len()];
            if self.multiplicative { value * season } else { value + season }
        };
        forecast.enumerate().map(with).collect()
    }
}

/// Whether the autocorrelation at a season is more than that at the lags before it makes likely by chance, at 90 %; not
/// of fewer than three seasons. Source: the benchmarks of the M4 competition.
fn is_seasonal(values: &[f64], season: usize) -> bool {
    let count = values.len();
    if season < 2 || count < 3 * season {
        return false;
    }
    let (first, count) = (values[0], count as f64);
    let mean = values.iter().map(|value| (value - first) / count).sum::<f64>();
    let away: Vec<f64> = values.iter().map(|value| value - first - mean).collect();
    let size = away.iter().fold(0.0f64, |size, x| size.max(x.abs()));
    let product = |lag: usize| away.iter().zip(&away[lag..]).map(|(a, b)| a / size * (b / size)).sum::<f64>();
    let variance = product(0);
    let before: f64 = (1..season).map(|lag| (product(lag) / variance).powi(2)).sum();
    (product(season) / variance).abs() > SURE * ((1.0 + 2.0 * before) / count).sqrt()
}

/// The season's rows: the mean of what is left of them over a moving average of a season, their own mean being neutral.
fn figure(values: &[f64], season: usize, multiplicative: bool) -> Vec<f64> {
    let half = season / 2;
    let mut rows = vec![(0.0, 0.0); season];
    for row in half..values.len() - half {
        let around = &values[row - half..=row + half];
        // A season of an even number of rows has half of each end.
        let ends = if season.is_multiple_of(2) { (around[0] + around[2 * half]) / 2.0 } else { 0.0 };
        let inner = if season.is_multiple_of(2) { &around[1..2 * half] } else { around };
        let trend = (inner.iter().sum::<f64>() + ends) / season as f64;
        let (sum, count) = &mut rows[row % season];
        *sum += if multiplicative { values[row] / trend } else { values[row] - trend };
        *count += 1.0;
    }
    let means: Vec<f64> = rows.iter().map(|(sum, count)| sum / count).collect();
    let mean = means.iter().sum::<f64>() / season as f64;
    means.iter().map(|row| if multiplicative { row / mean } else { row - mean }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Gaussian, Purpose, generator};

    #[test]
    fn a_season_is_found_taken_out_and_put_back() {
        let pattern = [0.8, 1.0, 1.3, 0.9];
        let line = |t: usize| 20.0 + 0.5 * t as f64;
        let values: Vec<f64> = (0..42).map(|t| line(t) * pattern[t % 4]).collect();
        let adjusted = Adjusted::of(&values, 4);
        assert!(adjusted.multiplicative);
        for (t, value) in adjusted.values.iter().enumerate() {
            assert!((value - line(t)).abs() < 0.02 * line(t), "row {t}: {value}, not {}", line(t));
        }
        let forecast = adjusted.seasonal((42..46).map(line));
        for (step, value) in forecast.iter().enumerate() {
            let truth = line(42 + step) * pattern[(42 + step) % 4];
            assert!((value - truth).abs() < 0.02 * truth, "step {step}: {value}, not {truth}");
        }
        let below: Vec<f64> = (0..45).map(|t| [-3.0, 1.0, 2.0][t % 3] + 0.1 * t as f64).collect();
        let adjusted = Adjusted::of(&below, 3);
        assert!(adjusted.figure.iter().zip([-3.0, 1.0, 2.0]).all(|(a, b)| (a - b).abs() < 1e-9), "{adjusted:?}");
    }

    #[test]
    fn what_has_no_season_stays_as_it_is() {
        let line: Vec<f64> = (0..8).map(|t| f64::from(t % 4)).collect();
        let (mut rng, mut normal) = (generator(1, Purpose::Data), Gaussian::new(1.0));
        let noise: Vec<f64> = (0..60).map(|_| normal.draw(&mut rng)).collect();
        for (values, season) in [(&line[..], 4), (&noise[..], 4), (&[1.0; 30], 4), (&line, 1), (&[], 3)] {
            let adjusted = Adjusted::of(values, season);
            assert_eq!((&adjusted.values[..], adjusted.figure.len()), (values, 1));
        }
    }
}
