//! Naive baselines: forecasts that need no network, which every model has to beat.

use serde::Serialize;

/// A naive baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Naive {
    /// The last value.
    RepeatLast,
    /// The value one season before, of the last season.
    Seasonal,
    /// The mean of all values so far.
    Mean,
}

impl Naive {
    /// All that differ where a season has so many rows.
    pub fn all(season: usize) -> &'static [Naive] {
        if season > 1 { &[Naive::RepeatLast, Naive::Seasonal, Naive::Mean] } else { &[Naive::RepeatLast, Naive::Mean] }
    }

    /// What it is called, with the rows of a season.
    pub fn name(self, season: usize) -> String {
        match self {
            Naive::RepeatLast => "repeat the last value".to_owned(),
            Naive::Seasonal => format!("repeat the season ({season})"),
            Naive::Mean => "mean so far".to_owned(),
        }
    }
}

/// The values of one target in the order of time, for forecasts from row `first` of them on.
#[derive(Clone, Debug)]
pub struct History<'a> {
    /// Values of a table, of which every `stride`-th is the target's.
    values: &'a [f64],
    stride: usize,
    first: usize,
    /// The first value, which sums count from, so that a large level takes no digits from them.
    origin: f64,
    /// The sum of the values before each row from `first` on, counted from `origin`.
    sums: Vec<f64>,
    season: usize,
}

impl<'a> History<'a> {
    /// The target in every `stride`-th of the values, with the rows of its season.
    pub fn new(values: &'a [f64], stride: usize, first: usize, season: usize) -> Self {
        let origin = values.first().copied().unwrap_or(0.0);
        let each = || values.iter().step_by(stride).map(|value| value - origin);
        let mut sums = vec![each().take(first).sum::<f64>()];
        sums.extend(each().skip(first).scan(sums[0], |sum, value| {
            *sum += value;
            Some(*sum)
        }));
        History { values, stride, first, origin, sums, season }
    }

    /// The value of a row.
    pub fn value(&self, row: usize) -> f64 {
        self.values[row * self.stride]
    }

    /// The largest size of a value.
    pub fn size(&self) -> f64 {
        self.values.iter().step_by(self.stride).fold(0.0, |largest, value| largest.max(value.abs()))
    }

    /// What a rule forecasts `step` rows after row `origin`, which with all after it is not known yet. Where there is
    /// no whole season before, the last value is repeated.
    pub fn forecast(&self, naive: Naive, origin: usize, step: usize) -> f64 {
        match naive {
            Naive::Seasonal if origin >= self.season => self.value(origin - self.season + step % self.season),
            Naive::RepeatLast | Naive::Seasonal => self.value(origin - 1),
            Naive::Mean => self.origin + self.sums[origin - self.first] / origin as f64,
        }
    }

    /// The mean absolute difference of the first `rows` values from those a season before; none where that is 0, or
    /// there is no whole season.
    pub fn scale(&self, rows: usize) -> Option<f64> {
        let rows = rows.min(self.values.len().div_ceil(self.stride));
        let (mut count, mut sum) = (0, 0.0);
        for row in self.season..rows {
            count += 1;
            sum += (self.value(row) - self.value(row - self.season)).abs();
        }
        (sum > 0.0).then(|| sum / f64::from(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_look_only_at_what_is_known() {
        let values = [1.0, 0.0, 2.0, 0.0, 4.0, 0.0, 8.0, 0.0, 16.0, 0.0, 32.0];
        let history = History::new(&values, 2, 2, 3);
        let forecast = |naive, origin| (0..4).map(|step| history.forecast(naive, origin, step)).collect::<Vec<_>>();
        assert_eq!(forecast(Naive::RepeatLast, 4), [8.0; 4]);
        assert_eq!(forecast(Naive::Seasonal, 4), [2.0, 4.0, 8.0, 2.0]);
        assert_eq!(forecast(Naive::Seasonal, 2), [2.0; 4]);
        assert_eq!(forecast(Naive::Mean, 4), [3.75; 4]);
        assert_eq!(history.scale(5), Some((7.0 + 14.0) / 2.0));
        assert_eq!(history.scale(3), None);
        assert_eq!(History::new(&[1.0; 9], 1, 9, 3).scale(9), None);
    }
}
