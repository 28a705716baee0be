//! Naive baselines: forecasts that need no network, which every model has to beat.

use serde::{Deserialize, Serialize};

/// A naive baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// The values of one target in the order of time, for forecasts from row `first` of them on. Values that were filled in
/// count for none.
#[derive(Clone, Debug)]
pub struct History<'a> {
    /// Values of a table, of which every `stride`-th is the target's; and which of them were filled in, if any.
    values: &'a [f64],
    filled: &'a [bool],
    stride: usize,
    first: usize,
    /// The first value, which sums count from, so that a large level takes no digits from them.
    origin: f64,
    /// The number of values before each row from `first` on, and their sum, counted from `origin`.
    sums: Vec<(f64, f64)>,
    /// The last row up to each whose value was there; and the last of those a number of seasons before it. Empty where
    /// nothing was filled in.
    last: Vec<usize>,
    last_in_season: Vec<Option<usize>>,
    season: usize,
}

impl<'a> History<'a> {
    /// The target in every `stride`-th of the values, with the rows of its season.
    pub fn new(values: &'a [f64], filled: &'a [bool], stride: usize, first: usize, season: usize) -> Self {
        let origin = values.first().copied().unwrap_or(0.0);
        let mut history = History {
            values,
            filled,
            stride,
            first,
            origin,
            sums: Vec::new(),
            last: Vec::new(),
            last_in_season: Vec::new(),
            season,
        };
        let rows = values.len().div_ceil(stride);
        let mut sum = (0.0, 0.0);
        for row in 0..=rows {
            if row >= first {
                history.sums.push(sum);
            }
            if row < rows && history.has(row) {
                sum = (sum.0 + 1.0, sum.1 + history.value(row) - origin);
            }
        }
        for row in (0..rows).filter(|_| !filled.is_empty()) {
            let has = history.has(row);
            let before = row.checked_sub(season).and_then(|before| history.last_in_season[before]);
            history.last_in_season.push(if has { Some(row) } else { before });
            let before = history.last.last().copied().unwrap_or(0);
            history.last.push(if has { row } else { before });
        }
        history
    }

    /// The value of a row.
    pub fn value(&self, row: usize) -> f64 {
        self.values[row * self.stride]
    }

    /// Whether the value of a row was there, and not filled in.
    pub fn has(&self, row: usize) -> bool {
        !self.filled.get(row * self.stride).copied().unwrap_or(false)
    }

    /// The last values before row `origin`, at most so many; in place of a value that was filled in the last one before it.
    pub fn known(&self, origin: usize, most: usize) -> Vec<f64> {
        let last = |row| self.last.get(row).copied().unwrap_or(row);
        (origin.saturating_sub(most)..origin).map(|row| self.value(last(row))).collect()
    }

    /// The largest size of a value.
    pub fn size(&self) -> f64 {
        self.values.iter().step_by(self.stride).fold(0.0, |largest, value| largest.max(value.abs()))
    }

    /// What a rule forecasts `step` rows after row `origin`, which with all after it is not known yet. Where there is
    /// no whole season before, the last value is repeated; a season's value that was not there is taken from the last
    /// season that has it.
    pub fn forecast(&self, naive: Naive, origin: usize, step: usize) -> f64 {
        let last = self.last.get(origin - 1).copied().unwrap_or(origin - 1);
        match naive {
            Naive::Seasonal if origin >= self.season => {
                let row = origin - self.season + step % self.season;
                self.value(self.last_in_season.get(row).map_or(row, |found| found.unwrap_or(last)))
            }
            Naive::RepeatLast | Naive::Seasonal => self.value(last),
            Naive::Mean => {
                let (count, sum) = self.sums[origin - self.first];
                self.origin + sum / count
            }
        }
    }

    /// The mean absolute difference of the first `rows` values from those a season before; none where that is 0, or
    /// there is no whole season.
    pub fn scale(&self, rows: usize) -> Option<f64> {
        let rows = rows.min(self.values.len().div_ceil(self.stride));
        let (mut count, mut sum) = (0, 0.0);
        for row in (self.season..rows).filter(|&row| self.has(row) && self.has(row - self.season)) {
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
        let history = History::new(&values, &[], 2, 2, 3);
        let forecast = |naive, origin| (0..4).map(|step| history.forecast(naive, origin, step)).collect::<Vec<_>>();
        assert_eq!(forecast(Naive::RepeatLast, 4), [8.0; 4]);
        assert_eq!(forecast(Naive::Seasonal, 4), [2.0, 4.0, 8.0, 2.0]);
        assert_eq!(forecast(Naive::Seasonal, 2), [2.0; 4]);
        assert_eq!(forecast(Naive::Mean, 4), [3.75; 4]);
        assert_eq!(history.scale(5), Some((7.0 + 14.0) / 2.0));
        assert_eq!(history.scale(3), None);
        assert_eq!(History::new(&[1.0; 9], &[], 1, 9, 3).scale(9), None);
    }
    #[test]
    fn filled_values_count_for_none() {
        let values = [1.0, 2.0, 4.0, 99.0, 5.0, 99.0, 99.0, 8.0];
        let filled = [false, false, false, true, false, true, true, false];
        let history = History::new(&values, &filled, 1, 2, 3);
        let forecast = |naive, origin| (0..3).map(|step| history.forecast(naive, origin, step)).collect::<Vec<_>>();
        assert_eq!(forecast(Naive::RepeatLast, 7), [5.0; 3]);
        // Rows 4, 5 and 6, of which the last two take those of rows 2 and 0, since row 3 was filled too.
        assert_eq!(forecast(Naive::Seasonal, 7), [5.0, 4.0, 1.0]);
        assert_eq!(forecast(Naive::Mean, 7), [3.0; 3]);
        assert_eq!(history.known(6, 4), [4.0, 4.0, 5.0, 5.0]);
        assert_eq!(history.scale(8), Some((3.0 + 3.0) / 2.0));
    }
}
