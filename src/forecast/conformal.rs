//! Intervals around point forecasts by split conformal calibration: how far the forecasts of the validation part were
//! off.
//!
//! For a coverage p and the sizes r of n errors, the half width is the ceil((n + 1) p)-th smallest r: a further error
//! of the same kind is no larger with probability p or more. Source: Vovk, Gammerman and Shafer 2005; Angelopoulos and
//! Bates 2021, arXiv 2107.07511. The errors of overlapping windows are not independent and a series may change, so that
//! `backtest` counts how often intervals hold.

use super::plan::Plan;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// The coverages that half widths are kept for.
pub const COVERAGES: [f64; 7] = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

/// Of each coverage of [`COVERAGES`] [step * C + target]; none for a coverage that the errors are too few for.
type HalfWidths = Vec<Option<Vec<f32>>>;

/// Half widths of intervals, on the scaled values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intervals {
    /// From the errors of all series.
    half_widths: HalfWidths,
    /// From the errors of each series that was trained on, where there are several.
    #[serde(default)]
    series: Vec<HalfWidths>,
    /// Errors that they are measured on: those of the output that has the fewest.
    #[serde(default)]
    windows: usize,
}

impl Intervals {
    /// From the errors of n windows, [n, K, C], and the series of each; with independent channels each target has its
    /// own windows, and C counts all targets: a value that a window does not have is NaN.
    pub fn calibrate(errors: &[f32], outputs: usize, series: &[usize]) -> Self {
        let sizes = |windows: &[&[f32]]| {
            let sorted = |output: usize| {
                let sizes = windows.iter().map(|errors| errors[output].abs());
                let mut sizes: Vec<f32> = sizes.filter(|size| !size.is_nan()).collect();
                sizes.sort_unstable_by(f32::total_cmp);
                sizes
            };
            (0..outputs).map(sorted).collect::<Vec<_>>()
        };
        let windows: Vec<&[f32]> = errors.chunks_exact(outputs).collect();
        let all = sizes(&windows);
        let count = series.iter().max().map_or(0, |last| last + 1);
        let mut of_series: Vec<Vec<&[f32]>> = vec![Vec::new(); if count > 1 { count } else { 0 }];
        for (&window, &place) in windows.iter().zip(series).filter(|_| count > 1) {
            of_series[place].push(window);
        }
        Intervals {
            half_widths: half_widths(&all),
            series: of_series.iter().map(|windows| half_widths(&sizes(windows))).collect(),
            windows: all.iter().map(Vec::len).min().unwrap_or(0),
        }
    }

    /// Windows that they are measured on.
    pub fn windows(&self) -> usize {
        self.windows
    }

    /// The fewest windows that a coverage p can be measured on: the least n for which ceil((n + 1) p) is at most n.
    pub fn least_windows(coverage: f64) -> usize {
        (1..).find(|&n| rank(n, coverage) <= n).expect("coverages are below 1")
    }

    /// The half widths for a coverage, `[K * C]`: of a series that was trained on, by its own errors where they are
    /// enough; else by the errors of all.
    ///
    /// # Errors
    /// [`Error::Config`] where it is none of [`COVERAGES`], or the validation part was too small for it.
    pub fn half_widths(&self, coverage: f64, series: Option<usize>) -> Result<&[f32]> {
        let place = COVERAGES.iter().position(|&known| known == coverage);
        let place = place.ok_or_else(|| Error::config("level", coverage, format!("one of {COVERAGES:?}")))?;
        let own = series.and_then(|series| self.series.get(series)).and_then(|of| of[place].as_deref());
        own.or(self.half_widths[place].as_deref()).ok_or_else(|| {
            let expected = "a smaller one: the validation part has too few windows to measure that";
            Error::config("level", coverage, expected)
        })
    }

    /// Whether they are for the outputs of a plan, and for so many series.
    pub fn fit(&self, plan: &Plan, series: usize) -> bool {
        let sound = |width: &f32| width.is_finite() && *width >= 0.0;
        let outputs = plan.horizon * plan.targets.len();
        let sound = |of: &HalfWidths| {
            let widths = of.iter().flatten();
            of.len() == COVERAGES.len() && widths.clone().all(|of| of.len() == outputs && of.iter().all(sound))
        };
        self.series.len() <= series && [&self.half_widths].into_iter().chain(&self.series).all(sound)
    }
}

/// Of each coverage, from sorted errors [output][n].
fn half_widths(sizes: &[Vec<f32>]) -> HalfWidths {
    let at = |coverage: f64| sizes.iter().map(|sizes| sizes.get(rank(sizes.len(), coverage) - 1).copied()).collect();
    COVERAGES.iter().map(|&coverage| at(coverage)).collect()
}

/// Which of n errors, counted from the smallest as 1, is the half width for a coverage; it may be beyond n.
fn rank(n: usize, coverage: f64) -> usize {
    ((n + 1) as f64 * coverage).ceil() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_half_width_is_the_error_that_enough_are_within() {
        // Errors 1 to 19 of either sign at the first output, ten times those at the second.
        let errors: Vec<f32> = (1..=19)
            .rev()
            .flat_map(|n| {
                let error = if n % 2 == 0 { n as f32 } else { -n as f32 };
                [error, 10.0 * error]
            })
            .collect();
        let intervals = Intervals::calibrate(&errors, 2, &[0; 19]);
        assert_eq!(intervals.half_widths(0.5, None).unwrap(), [10.0, 100.0]);
        assert_eq!(intervals.half_widths(0.95, None).unwrap(), [19.0, 190.0]);
        assert!(intervals.half_widths(0.99, None).unwrap_err().to_string().contains("too few windows"));
        assert!(intervals.half_widths(0.42, None).unwrap_err().to_string().contains("one of"));
    }

    #[test]
    fn windows_count_for_the_targets_that_they_have() {
        let errors = [1.0, f32::NAN, f32::NAN, 2.0, 3.0, f32::NAN];
        let intervals = Intervals::calibrate(&errors, 2, &[0; 3]);
        assert_eq!(intervals.half_widths(0.5, None).unwrap(), [3.0, 2.0]);
        assert!(intervals.half_widths(0.6, None).is_err());
    }

    #[test]
    fn a_series_with_enough_errors_has_intervals_of_its_own() {
        // Series 0 is off by 1, series 1 by 100; series 2 has one error, and takes the intervals of all.
        let series: Vec<usize> = [vec![0; 20], vec![1; 20], vec![2]].concat();
        let errors: Vec<f32> = series.iter().map(|&series| [1.0, -100.0, 3.0][series]).collect();
        let intervals = Intervals::calibrate(&errors, 1, &series);
        let of = |series| intervals.half_widths(0.9, series).unwrap()[0];
        assert_eq!([of(Some(0)), of(Some(1)), of(Some(2)), of(Some(9)), of(None)], [1.0, 100.0, 100.0, 100.0, 100.0]);
        assert_eq!(intervals.windows(), 41);
    }

    #[test]
    fn a_coverage_needs_so_many_windows() {
        assert_eq!(COVERAGES.map(Intervals::least_windows), [1, 2, 3, 4, 9, 19, 99]);
        for coverage in COVERAGES {
            let least = Intervals::least_windows(coverage);
            let measured =
                |n: usize| Intervals::calibrate(&vec![1.0; n], 1, &vec![0; n]).half_widths(coverage, None).is_ok();
            assert!(measured(least) && !measured(least - 1), "{coverage}");
        }
    }
}
