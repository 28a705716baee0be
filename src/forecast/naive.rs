//! Forecasts that need no network, which every model has to beat.

use serde::Serialize;

/// A forecast by a rule.
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
    /// All of them.
    pub const ALL: [Naive; 3] = [Naive::RepeatLast, Naive::Seasonal, Naive::Mean];

    /// What it is called, with the rows of a season.
    pub fn name(self, season: usize) -> String {
        match self {
            Naive::RepeatLast => "repeat the last value".to_owned(),
            Naive::Seasonal => format!("repeat the season ({season})"),
            Naive::Mean => "mean so far".to_owned(),
        }
    }
}

/// The values of one target in the order of time, as far as they are known, for forecasts from any row of them.
#[derive(Clone, Debug)]
pub struct History {
    values: Vec<f32>,
    /// The sum of the values before each row.
    sums: Vec<f64>,
    season: usize,
}

impl History {
    /// The values, with the rows of their season.
    pub fn new(values: Vec<f32>, season: usize) -> Self {
        let mut sums = vec![0.0];
        for &value in &values {
            sums.push(sums[sums.len() - 1] + f64::from(value));
        }
        History { values, sums, season }
    }

    /// The value of a row.
    pub fn value(&self, row: usize) -> f64 {
        self.values[row].into()
    }

    /// What a rule forecasts `step` rows after row `origin`, which with all after it is not known yet. Where there is no whole
    /// season before, the last value is repeated.
    pub fn forecast(&self, naive: Naive, origin: usize, step: usize) -> f64 {
        match naive {
            Naive::Seasonal if origin >= self.season => self.value(origin - self.season + step % self.season),
            Naive::RepeatLast | Naive::Seasonal => self.value(origin - 1),
            Naive::Mean => self.sums[origin] / origin as f64,
        }
    }

    /// The mean absolute difference of the first `rows` values from those a season before; none where that is 0, or there is no
    /// whole season.
    pub fn scale(&self, rows: usize) -> Option<f64> {
        let values = &self.values[..rows.min(self.values.len())];
        let differences = values.iter().zip(values.get(self.season..)?);
        let (count, sum) = differences.fold((0, 0.0), |(count, sum), (before, after)| {
            (count + 1, sum + (f64::from(*after) - f64::from(*before)).abs())
        });
        (sum > 0.0).then(|| sum / f64::from(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_look_only_at_what_is_known() {
        let history = History::new(vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0], 3);
        let forecast = |naive, origin| (0..4).map(|step| history.forecast(naive, origin, step)).collect::<Vec<_>>();
        assert_eq!(forecast(Naive::RepeatLast, 4), [8.0; 4]);
        assert_eq!(forecast(Naive::Seasonal, 4), [2.0, 4.0, 8.0, 2.0]);
        assert_eq!(forecast(Naive::Seasonal, 2), [2.0; 4]);
        assert_eq!(forecast(Naive::Mean, 4), [3.75; 4]);
        assert_eq!(history.scale(5), Some((7.0 + 14.0) / 2.0));
        assert_eq!(history.scale(3), None);
        assert_eq!(History::new(vec![1.0; 9], 3).scale(9), None);
    }
}
