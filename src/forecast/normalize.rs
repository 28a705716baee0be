//! How a window is brought to a common level and size before a network sees it.
//!
//! With w the window's values of a target, L of them, b what is subtracted and f what is divided by, the network sees
//! (w - b) / f and learns (y - b) / f; and where the season s is subtracted, y less the same time last season:
//! (y_k - w[L - s + k mod s]) / f for k = 0, 1, .., so that outputs of 0 repeat the season.

use serde::{Deserialize, Serialize};

/// What is subtracted from the targets of each window, and from what follows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Center {
    /// Nothing.
    None,
    /// The window's last value: the network learns how the series goes on from there.
    #[default]
    Last,
    /// The window's mean.
    Mean,
    /// From the window its last value, and from what follows the same time last season, which the window holds.
    Season,
}

/// What the targets of a window, and what follows it, are divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Divide {
    /// Nothing.
    #[default]
    None,
    /// The window's standard deviation. Beside [`Center::Mean`] that is RevIN without its affine part (Kim et al. 2022).
    Deviation,
    /// The mean size of the window's values in the unit of the data: errors are then relative.
    Level,
}

/// The least that a window is divided by, in deviations of its series within the training rows: the noise of a window
/// that hardly moves is not blown up to the size of the others.
const LEAST: f64 = 0.05;

/// What is subtracted from a target of a window, b, and what is divided by, f.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Basis {
    pub base: f32,
    pub factor: f32,
}

impl Basis {
    /// From the scaled values of a target in a window, of which there is one at least; `zero` is how far above 0 of the
    /// unit of the data theirs is, in the factor of their scale.
    pub fn of(values: impl Iterator<Item = f32> + Clone, center: Center, divide: Divide, zero: f64) -> Self {
        let values = values.map(f64::from);
        let count = values.clone().count() as f64;
        let mean = values.clone().sum::<f64>() / count;
        let base = match center {
            Center::None => 0.0,
            Center::Last | Center::Season => values.clone().last().unwrap_or(0.0),
            Center::Mean => mean,
        };
        let factor = match divide {
            Divide::None => 1.0,
            Divide::Deviation => (values.map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt().max(LEAST),
            Divide::Level => {
                // Sizes in the unit of the data, counted in the factor of its scale.
                (values.map(|x| (x + zero).abs()).sum::<f64>() / count).max(LEAST)
            }
        };
        Basis { base: base as f32, factor: factor as f32 }
    }
}

/// The row of a window of `length` rows that stands a whole number of seasons before `step` rows after its end, within
/// the last season; none where the window holds no season.
pub fn last_season(length: usize, season: usize, step: usize) -> Option<usize> {
    Some(length.checked_sub(season)? + step % season)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_a_base_and_a_factor() {
        let of = |center, divide| {
            let Basis { base, factor } = Basis::of([1.0, 2.0, 6.0].into_iter(), center, divide, 10.0);
            (base, factor)
        };
        assert_eq!(of(Center::None, Divide::None), (0.0, 1.0));
        assert_eq!(of(Center::Last, Divide::None), (6.0, 1.0));
        assert_eq!(of(Center::Season, Divide::Level), (6.0, 13.0));
        assert_eq!(of(Center::Mean, Divide::Deviation), (3.0, (14f32 / 3.0).sqrt()));
        let still = Basis::of([4.0; 3].into_iter(), Center::Mean, Divide::Deviation, 10.0);
        assert_eq!((still.base, still.factor), (4.0, LEAST as f32));
    }

    #[test]
    fn the_same_time_last_season_is_within_the_window() {
        assert_eq!((0..5).map(|step| last_season(7, 3, step).unwrap()).collect::<Vec<_>>(), [4, 5, 6, 4, 5]);
        assert_eq!(last_season(2, 3, 0), None);
    }
}
