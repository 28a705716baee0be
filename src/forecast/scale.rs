//! Brings columns to a common scale, and forecasts back: fitted on the training rows alone.

use super::number::exact;
use super::plan::Plan;
use super::table::{Series, Table};
use super::task::Scaling;
use crate::error::Result;
use serde::{Deserialize, Serialize};

/// The scale of one column: a value x becomes (g(x) - offset) / factor, with g the natural logarithm or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// What is subtracted.
    pub offset: f64,
    /// What is divided by, above 0.
    pub factor: f64,
    /// Whether the logarithm is taken first.
    #[serde(default)]
    pub log: bool,
}

impl Scale {
    /// How far its 0 is above that of the data, in its factor.
    pub fn zero(&self) -> f64 {
        self.offset / self.factor
    }

    /// To the common scale.
    pub fn transform(&self, value: f64) -> f64 {
        let value = if self.log { value.ln() } else { value };
        (value - self.offset) / self.factor
    }

    /// Back to the unit of the data.
    pub fn inverse_transform(&self, scaled: f64) -> f64 {
        let value = scaled * self.factor + self.offset;
        if self.log { value.exp() } else { value }
    }

    /// Refuses a scale that a file may claim and nothing was fitted to.
    pub fn is_sound(&self) -> bool {
        self.offset.is_finite() && self.factor.is_finite() && self.factor > 0.0
    }

    /// The scale of some values of a column; `None` where they are all the same.
    pub(super) fn fit(values: impl Iterator<Item = f64> + Clone, scaling: Scaling, log: bool) -> Option<Self> {
        let values = || values.clone().map(|value| if log { value.ln() } else { value });
        let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        if low >= high {
            return None;
        }
        let (offset, factor) = match scaling {
            Scaling::None => (0.0, 1.0),
            Scaling::Minmax => (low, high - low),
            Scaling::Standard => {
                let count = values().count() as f64;
                let unit = unit(high - low);
                let mean = low + values().map(|x| (x - low) / unit).sum::<f64>() / count * unit;
                let square = values().map(|x| ((x - mean) / unit).powi(2)).sum::<f64>() / count;
                (mean, square.sqrt() * unit)
            }
            Scaling::Robust => {
                let sorted = sorted(values());
                let [q1, median, q3] = [0.25, 0.5, 0.75].map(|level| quantile(&sorted, level));
                (median, if q3 > q1 { q3 - q1 } else { high - low })
            }
        };
        Some(Scale { offset, factor, log })
    }
}

/// A power of two that brings values of this size near 1, so that their squares stay within f64: 1 for all sizes but
/// extreme ones. Powers of two change no digit.
pub fn unit(size: f64) -> f64 {
    if size == 0.0 || !size.is_finite() || (1e-100..1e100).contains(&size) {
        return 1.0;
    }
    2f64.powi(size.log2().clamp(-1000.0, 1000.0) as i32)
}

/// Values from the least to the greatest.
pub fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// The median of sorted values; none of none.
pub fn median(sorted: &[f64]) -> Option<f64> {
    (!sorted.is_empty()).then(|| quantile(sorted, 0.5))
}

/// The quantile of sorted values, on the line between its neighbours. Source: `numpy.quantile`, method "linear".
pub fn quantile(sorted: &[f64], level: f64) -> f64 {
    let place = level * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

/// How a column varies within some rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variation {
    /// It has one value throughout.
    Never,
    /// More than nine tenths of its values repeat the one before.
    Rarely,
    /// It varies.
    Often,
}

impl Variation {
    fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let pairs = values.clone().zip(values.skip(1));
        let (changes, count) =
            pairs.fold((0, 0), |(changes, count), (a, b)| (changes + usize::from(a != b), count + 1));
        match changes {
            0 => Variation::Never,
            few if 10 * few < count => Variation::Rarely,
            _ => Variation::Often,
        }
    }
}

/// The scales of one series from its first `rows` rows with targets, and how the plan's columns, which stand at
/// `columns` in the table, vary there. A column that does not vary, beside series where it does, is moved to 0.
///
/// # Errors
/// [`Error::Table`](crate::Error::Table) where a target that is to become its logarithm has a value of 0 or below.
pub fn fit_series(
    table: &Table,
    plan: &Plan,
    columns: &[usize],
    series: &Series,
    rows: usize,
) -> Result<Vec<(Scale, Variation)>> {
    if plan.log {
        check_logarithms(table, plan, columns, series)?;
    }
    let width = table.columns.len();
    let fit = |(place, (name, &column)): (usize, (&String, &usize))| {
        let log = plan.log && place < plan.targets.len();
        // Filled values were made up, perhaps from rows that come after these.
        let places = (column..rows.min(series.known) * width).step_by(width);
        let values = places.filter(|&place| !series.is_filled(place)).map(|place| series.values[place]);
        let fitted = Scale::fit(values.clone(), plan.scaling_of(place), log);
        if !fitted.is_none_or(|scale| scale.is_sound()) {
            let message = format!(
                "column `{name}` has values too far apart, or too near one another, to be scaled in f64; give it in \
                 another unit"
            );
            return Err(table.refuse(series, message));
        }
        let still = || {
            let level =
                values.clone().next().map_or(0.0, |value| Scale { offset: 0.0, factor: 1.0, log }.transform(value));
            Scale { offset: if plan.scaling_of(place) == Scaling::None { 0.0 } else { level }, factor: 1.0, log }
        };
        Ok((fitted.unwrap_or_else(still), fitted.map_or(Variation::Never, |_| Variation::of(values.clone()))))
    };
    plan.columns().zip(columns).enumerate().map(fit).collect()
}

/// Refuses targets without a logarithm.
fn check_logarithms(table: &Table, plan: &Plan, columns: &[usize], series: &Series) -> Result<()> {
    for (name, &column) in plan.targets.iter().zip(columns) {
        let mut values = series.values.iter().skip(column).step_by(table.columns.len()).take(series.known);
        if let Some(row) = values.position(|&value| value <= 0.0) {
            let value = series.values[row * table.columns.len() + column];
            let time = table.time(series, row)?;
            let value = exact(value);
            let message = format!("column `{name}` is {value} at {time}: `Task::log` needs values above 0");
            return Err(table.refuse(series, message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [f64; 5] = [2.0, 4.0, 4.0, 6.0, 100.0];

    #[test]
    fn scales_do_what_their_names_say_and_go_back() {
        let fit = |scaling, log| Scale::fit(VALUES.iter().copied(), scaling, log).unwrap();
        assert_eq!(fit(Scaling::None, false), Scale { offset: 0.0, factor: 1.0, log: false });
        assert_eq!(fit(Scaling::Minmax, false), Scale { offset: 2.0, factor: 98.0, log: false });
        assert_eq!(fit(Scaling::Robust, false), Scale { offset: 4.0, factor: 2.0, log: false });
        let scaled = VALUES.map(|value| fit(Scaling::Standard, false).transform(value));
        let (mean, square) = (scaled.iter().sum::<f64>() / 5.0, scaled.iter().map(|x| x * x).sum::<f64>() / 5.0);
        assert!(mean.abs() < 1e-6 && (square - 1.0).abs() < 1e-6, "{mean} {square}");
        for scaling in [Scaling::None, Scaling::Minmax, Scaling::Robust, Scaling::Standard] {
            for log in [false, true] {
                let scale = fit(scaling, log);
                for value in VALUES {
                    let back = scale.inverse_transform(scale.transform(value));
                    assert!((back - value).abs() < 1e-9, "{scaling:?} {log} {value} {back}");
                }
            }
        }
    }

    #[test]
    fn one_value_throughout_has_no_scale_and_half_of_one_still_has() {
        assert_eq!(Scale::fit([3.0; 4].into_iter(), Scaling::None, false), None);
        let mostly = Scale::fit([3.0, 3.0, 3.0, 3.0, 3.0, 7.0].into_iter(), Scaling::Robust, false);
        assert_eq!(mostly, Some(Scale { offset: 3.0, factor: 4.0, log: false }));
    }
}
