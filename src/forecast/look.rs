//! What the training rows of a table show, for the defaults that follow from them: a season, swings that grow with the
//! level, and how far off naive forecasts are.

use super::normalize::{Basis, Center, last_season};
use super::plan::Plan;
use super::scale::{Scale, median, sorted};
use super::table::Table;

/// Targets of series that are looked at, at most, evenly spaced over the table; and rows of each, the last.
const MOST_SERIES: usize = 16;
const MOST_ROWS: usize = 4096;
/// Origins that naive forecasts are tried from in each, at most.
const MOST_ORIGINS: usize = 256;
/// How much values a season apart must agree: their correlation, how far it rises above that at half a season, and how
/// far it rises again at two seasons above that at one and a half. A random walk has the first two now and then.
const CORRELATION: f64 = 0.3;
const AGAIN: f64 = 0.15;
/// Of lags that agree nearly as well as the best, the shortest is the season: a day rather than a week of hours.
const NEARLY: f64 = 0.8;
/// Rows of a block whose swings are compared with its level, at least; and blocks that say enough.
const BLOCK: usize = 8;
const BLOCKS: usize = 6;
/// How fast swings grow with the level where logarithms are taken: 0 is not at all, 1 in proportion.
const GROWTH: f64 = 0.5;
/// The deviation of a level's logarithm from which it says something of growth.
const MOVES: f64 = 0.1;

/// Targets of series within the training rows, as they were known where values were filled in.
#[derive(Clone, Debug)]
pub struct Look {
    values: Vec<Vec<f64>>,
}

impl Look {
    /// At some of the targets, which stand at `columns`, in the first `rows[series]` rows of each series.
    pub fn at(table: &Table, columns: &[usize], rows: &[usize]) -> Self {
        let all = table.series.len() * columns.len();
        let step = all.div_ceil(MOST_SERIES).max(1);
        let of = |place: usize| {
            let (series, column) = (place / columns.len(), columns[place % columns.len()]);
            let rows = rows[series];
            let values = table.series[series].as_known(table.columns.len(), column);
            values[rows.saturating_sub(MOST_ROWS)..rows.min(values.len())].to_vec()
        };
        Look { values: (0..all).step_by(step).map(of).collect() }
    }

    /// The rows of the season that autocorrelation shows; 1 where it shows none.
    pub fn season(&self) -> usize {
        let longest = self.values.iter().map(Vec::len).max().unwrap_or(0) / 2;
        let mut correlations = vec![(0.0, 0.0); longest + 1];
        for values in &self.values {
            let residual = detrended(values);
            let square = residual.iter().map(|x| x * x).sum::<f64>() / residual.len().max(1) as f64;
            if square == 0.0 || !square.is_finite() {
                continue;
            }
            for (lag, (sum, count)) in correlations.iter_mut().enumerate().take(residual.len() / 2 + 1) {
                let pairs = residual.iter().zip(&residual[lag..]);
                *sum += pairs.map(|(a, b)| a * b).sum::<f64>() / (residual.len() - lag) as f64 / square;
                *count += 1.0;
            }
        }
        let r: Vec<f64> =
            correlations.iter().map(|(sum, count)| if *count > 0.0 { sum / count } else { 0.0 }).collect();
        let is_season = |&lag: &usize| {
            r[lag] >= CORRELATION
                && (1..=(lag / 8).max(1)).all(|away| r[lag] >= r[lag - away] && r[lag] >= r[lag + away])
                && r[lag] - r[lag / 2] >= CORRELATION
                && r[2 * lag] - r[3 * lag / 2] >= AGAIN
        };
        let found: Vec<usize> = (2..=longest / 2).filter(is_season).collect();
        let best = found.iter().map(|&lag| r[lag]).fold(0.0, f64::max);
        let Some(found) = found.into_iter().find(|&lag| r[lag] >= NEARLY * best) else { return 1 };
        // The peaks of a smooth season are broad; those at its multiples say where it is more exactly.
        let agreement = |lag: usize| {
            let multiples = r.iter().skip(lag).step_by(lag);
            multiples.clone().sum::<f64>() / multiples.count() as f64
        };
        let near = found - found / 16..=found + found / 16;
        near.max_by(|&a, &b| agreement(a).total_cmp(&agreement(b))).unwrap_or(found)
    }

    /// Whether swings grow with the level, by the median of the series whose level moves: the slope of the logarithm of
    /// the mean change from row to row on that of the level, over blocks of a season.
    pub fn grows(&self, season: usize) -> bool {
        let slopes = self.values.iter().filter_map(|values| {
            let blocks = values.chunks_exact(season.max(BLOCK)).map(|block| {
                let level = block.iter().sum::<f64>() / block.len() as f64;
                let change = block.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum::<f64>();
                (level.ln(), (change / (block.len() - 1) as f64).ln())
            });
            let blocks: Vec<(f64, f64)> = blocks.filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
            let (slope, deviation) = line(&blocks);
            (blocks.len() >= BLOCKS && deviation >= MOVES).then_some(slope)
        });
        median(&sorted(slopes)).is_some_and(|slope| slope >= GROWTH)
    }

    /// The mean error of naive forecasts of a plan's horizon, which are what its windows are centred by, in the
    /// deviations of each series and what its windows are divided by.
    pub fn spread(&self, plan: &Plan) -> f64 {
        let Plan { window, horizon, season, center, divide, .. } = *plan;
        let (mut sum, mut count) = (0.0, 0.0);
        for values in &self.values {
            let logs = values.iter().map(|&value| if plan.log { value.ln() } else { value });
            let scale = Scale::fit(logs.clone(), super::Scaling::Standard, false);
            let Some(scale) = scale.filter(|_| values.len() >= window + horizon) else { continue };
            let scaled: Vec<f32> = logs.map(|value| scale.transform(value) as f32).collect();
            let step = (scaled.len() - window - horizon + 1).div_ceil(MOST_ORIGINS);
            for origin in (window..=scaled.len() - horizon).step_by(step) {
                let rows = &scaled[origin - window..origin];
                let Basis { base, factor } = Basis::of(rows.iter().copied(), center, divide, scale.zero());
                for (step, value) in scaled[origin..origin + horizon].iter().enumerate() {
                    let row = last_season(window, season, step).filter(|_| center == Center::Season);
                    let naive = row.map_or(base, |row| rows[row]);
                    sum += f64::from((value - naive).abs() / factor);
                    count += 1.0;
                }
            }
        }
        if count > 0.0 { sum / count } else { 1.0 }
    }
}

/// The slope of the line through points that has the least squares, and the deviation of x.
pub fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let count = points.len().max(1) as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let square = points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>();
    let product = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>();
    (if square > 0.0 { product / square } else { 0.0 }, (square / count).sqrt())
}

/// Values less the line through them, in units of the largest.
fn detrended(values: &[f64]) -> Vec<f64> {
    let size = values.iter().fold(0.0f64, |size, value| size.max(value.abs()));
    let points: Vec<(f64, f64)> = values
        .iter()
        .enumerate()
        .map(|(row, value)| (row as f64, if size > 0.0 { value / size } else { 0.0 }))
        .collect();
    let (slope, _) = line(&points);
    let mean = points.iter().map(|(row, value)| value - slope * row).sum::<f64>() / points.len().max(1) as f64;
    points.iter().map(|(row, value)| value - slope * row - mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Gaussian, Purpose, generator};

    fn noise(seed: u64, count: usize) -> Vec<f64> {
        let (mut rng, mut normal) = (generator(seed, Purpose::Data), Gaussian::new(1.0));
        (0..count).map(|_| normal.draw(&mut rng)).collect()
    }

    /// A cycle of `season` rows with two humps of unequal height, in noise, on a trend.
    fn seasonal(seed: u64, season: usize, rows: usize) -> Vec<f64> {
        let angle = |t: usize| t as f64 / season as f64 * std::f64::consts::TAU;
        let noise = noise(seed, rows);
        (0..rows).map(|t| 0.01 * t as f64 + angle(t).sin() + 0.7 * (2.0 * angle(t)).cos() + 0.5 * noise[t]).collect()
    }

    fn walk(seed: u64, rows: usize) -> Vec<f64> {
        let steps = noise(seed, rows).into_iter();
        steps
            .scan(0.0, |level, step| {
                *level += step;
                Some(*level)
            })
            .collect()
    }

    #[test]
    fn autocorrelation_shows_a_season_where_there_is_one() {
        for (season, rows) in [(24, 600), (7, 120), (12, 100), (52, 500), (96, 4096)] {
            let found: Vec<usize> =
                (0..8).map(|seed| Look { values: vec![seasonal(seed, season, rows)] }.season()).collect();
            assert!(found.iter().all(|&found| found == season), "{season}: {found:?}");
        }
        let panel = Look { values: (0..5).map(|seed| seasonal(seed, 24, 150)).chain([walk(1, 900)]).collect() };
        assert_eq!(panel.season(), 24);
    }

    #[test]
    fn walks_and_noise_have_no_season() {
        let found = |of: fn(u64, usize) -> Vec<f64>| {
            (0..100).filter(|&seed| Look { values: vec![of(seed, 600)] }.season() > 1).count()
        };
        assert!(found(walk) <= 2 && found(noise) == 0, "{} of 100 walks, {} of noise", found(walk), found(noise));
        assert_eq!(Look { values: vec![vec![], vec![1.0], vec![5.0; 50]] }.season(), 1);
    }

    #[test]
    fn swings_grow_with_the_level_where_they_do() {
        let level = |t: usize| (3.0 + t as f64 / 100.0).exp();
        let of = |size: fn(f64) -> f64| {
            let values =
                noise(3, 300).into_iter().enumerate().map(|(t, noise)| level(t) + size(level(t)) * noise).collect();
            Look { values: vec![values] }.grows(1)
        };
        assert!(of(|level| 0.1 * level) && !of(|_| 2.0));
        assert!(!Look { values: vec![noise(4, 300).iter().map(|x| 100.0 + x).collect()] }.grows(12));
    }
}
