//! Exponential smoothing. Source: Hyndman and Athanasopoulos, Forecasting: Principles and Practice, chapter 8; additive
//! errors, and the constants and initial states of the least squared one-step errors.

/// What a level may have beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trend {
    /// Nothing: simple exponential smoothing.
    None,
    /// A slope: Holt's method.
    Linear,
    /// A slope that dies out.
    Damped,
}

/// Where smoothing has arrived at the end of a series.
#[derive(Clone, Copy, Debug)]
pub struct Smoothed {
    /// The sum of squared one-step errors, in the unit of the values' range.
    squares: f64,
    level: f64,
    slope: f64,
    /// The part of the slope that is left after a row.
    damping: f64,
    /// Numbers that were fitted: constants and initial states.
    fitted: f64,
    rows: f64,
}

impl Smoothed {
    /// Of values, of which there is one at least.
    pub fn fit(values: &[f64], trend: Trend) -> Self {
        // From the first value, in their range, so that squares neither overflow nor lose the changes of a large level.
        let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
        let (first, range) = (values[0], if high > low { high - low } else { 1.0 });
        let scaled: Vec<f64> = values.iter().map(|value| (value - first) / range).collect();
        let starts: &[&[f64]] = match trend {
            Trend::None => &[&[0.05], &[0.15], &[0.3], &[0.45], &[0.6], &[0.75], &[0.9], &[1.0]],
            Trend::Linear => &[&[0.1, 0.1], &[0.1, 0.5], &[0.5, 0.05], &[0.5, 0.3], &[0.9, 0.05], &[0.9, 0.3]],
            Trend::Damped => {
                &[&[0.1, 0.3, 0.9], &[0.5, 0.1, 0.5], &[0.5, 0.5, 0.9], &[0.9, 0.1, 0.5], &[0.9, 0.3, 0.9]]
            }
        };
        let best = least(starts, |point| Constants::at(point).run(&scaled).squares);
        let found = Constants::at(&best).run(&scaled);
        let fitted = best.len() as f64 + if trend == Trend::None { 1.0 } else { 2.0 };
        Smoothed { level: first + found.level * range, slope: found.slope * range, fitted, ..found }
    }

    /// The kind of smoothing that explains the values best for the numbers that it takes, by the corrected criterion of
    /// Akaike.
    pub fn best(values: &[f64]) -> Self {
        let all = [Trend::None, Trend::Linear, Trend::Damped].map(|trend| Smoothed::fit(values, trend));
        all.into_iter().min_by(|a, b| a.criterion().total_cmp(&b.criterion())).unwrap_or(all[0])
    }

    fn criterion(&self) -> f64 {
        // The variance of the errors is one more.
        let (rows, fitted) = (self.rows, self.fitted + 1.0);
        let left = rows - fitted - 1.0;
        let correction = if left > 0.0 { 2.0 * fitted * (fitted + 1.0) / left } else { f64::INFINITY };
        // Errors below the digits of the values say nothing.
        rows * (self.squares / rows).max(1e-30).ln() + 2.0 * fitted + correction
    }

    /// What comes in the next rows.
    pub fn forecast(&self, steps: usize) -> Vec<f64> {
        let (mut value, mut slope) = (self.level, self.slope);
        let next = |_| {
            slope *= self.damping;
            value += slope;
            value
        };
        (0..steps).map(next).collect()
    }
}

/// How fast level and slope follow the errors.
#[derive(Clone, Copy, Debug)]
struct Constants {
    level: f64,
    slope: f64,
    damping: f64,
}

impl Constants {
    /// At a point of the unit cube.
    fn at(point: &[f64]) -> Self {
        let level = 1e-4 + (1.0 - 2e-4) * point[0];
        match point {
            [_, slope, damping] => Constants { level, slope: level * slope, damping: 0.8 + 0.18 * damping },
            [_, slope] => Constants { level, slope: level * slope, damping: 1.0 },
            _ => Constants { level, slope: 0.0, damping: 0.0 },
        }
    }

    /// One step: the error, with the state after it.
    fn step(&self, [level, slope]: [f64; 2], value: f64) -> (f64, [f64; 2]) {
        let slope = self.damping * slope;
        let error = value - level - slope;
        (error, [level + slope + self.level * error, slope + self.slope * error])
    }

    /// Smooths from the initial states of the least squares. Errors are linear in these: those of states of 0, and what
    /// a unit of each adds.
    fn run(&self, values: &[f64]) -> Smoothed {
        let mut states = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]];
        let (mut uu, mut uv, mut vv, mut up, mut vp) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for &value in values {
            let mut errors = [0.0; 3];
            for (place, state) in states.iter_mut().enumerate() {
                (errors[place], *state) = self.step(*state, if place == 0 { value } else { 0.0 });
            }
            let [p, u, v] = errors;
            (uu, uv, vv, up, vp) = (uu + u * u, uv + u * v, vv + v * v, up + u * p, vp + v * p);
        }
        let determinant = uu * vv - uv * uv;
        let initial = if self.damping > 0.0 && determinant > 1e-9 * uu * vv {
            [(uv * vp - vv * up) / determinant, (uv * up - uu * vp) / determinant]
        } else {
            [-up / uu, 0.0]
        };
        let (mut state, mut squares) = (initial, 0.0);
        for &value in values {
            let error;
            (error, state) = self.step(state, value);
            squares += error * error;
        }
        let [level, slope] = state;
        Smoothed { squares, level, slope, damping: self.damping, fitted: 0.0, rows: values.len() as f64 }
    }
}

/// The point of the unit cube where a function is least, near the best of the starts: steps along the axes, which
/// become shorter where none leads down.
fn least(starts: &[&[f64]], of: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let tried = starts.iter().map(|start| (of(start), start.to_vec()));
    let Some((mut value, mut best)) = tried.min_by(|a, b| a.0.total_cmp(&b.0)) else { return Vec::new() };
    let mut step = 0.1;
    while step > 1e-3 {
        let mut moved = false;
        for axis in 0..best.len() {
            for by in [-step, step] {
                let mut point = best.clone();
                point[axis] = (point[axis] + by).clamp(0.0, 1.0);
                let found = of(&point);
                if found < value {
                    (value, best, moved) = (found, point, true);
                }
            }
        }
        if !moved {
            step /= 2.0;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Gaussian, Purpose, generator};

    #[test]
    fn smoothing_finds_level_slope_and_what_is_there() {
        let (mut rng, mut normal) = (generator(0, Purpose::Data), Gaussian::new(1.0));
        let mut noise = || normal.draw(&mut rng);
        let line: Vec<f64> = (0..200).map(|t| 1e6 + 3.0 * f64::from(t)).collect();
        let found = Smoothed::best(&line).forecast(2);
        assert!((found[0] - 1e6 - 600.0).abs() < 1e-3 && (found[1] - 1e6 - 603.0).abs() < 1e-3, "{found:?}");
        // Noise about a level: the constant is small, and the forecast the mean.
        let level: Vec<f64> = (0..400).map(|_| 50.0 + noise()).collect();
        let mean = level.iter().sum::<f64>() / 400.0;
        let found = Smoothed::best(&level);
        assert!(found.fitted < 3.0 && found.slope == 0.0 && (found.level - mean).abs() < 0.3, "{found:?} {mean}");
        // A walk: the last value.
        let mut at = 0.0;
        let walk: Vec<f64> = (0..400)
            .map(|_| {
                at += noise();
                at
            })
            .collect();
        let found = Smoothed::fit(&walk, Trend::None);
        assert!((found.level - at).abs() < 0.2, "{found:?} {at}");
        // A slope that halves with every row is damped.
        let damped: Vec<f64> = (0..30).map(|t| 10.0 - 8.0 * 0.85f64.powi(t)).collect();
        let found = Smoothed::best(&damped);
        assert!((found.forecast(100)[99] - 10.0).abs() < 0.05, "{found:?}");
    }

    #[test]
    fn few_values_and_constant_ones_are_smoothed_too() {
        for values in [&[5.0][..], &[5.0, 5.0], &[5.0; 40], &[1e300, -1e300, 1e300]] {
            for trend in [Trend::None, Trend::Linear, Trend::Damped] {
                assert!(Smoothed::fit(values, trend).forecast(3).iter().all(|value| value.is_finite()), "{values:?}");
            }
        }
        assert_eq!(Smoothed::best(&[5.0; 40]).forecast(3), [5.0; 3]);
    }
}
