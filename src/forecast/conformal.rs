//! Intervals around point forecasts by split conformal calibration: how far the forecasts of the validation part were
//! off.
//!
//! For a coverage p and the sizes r of n errors, the half width is the ceil((n + 1) p)-th smallest r: a further error
//! of the same kind is no larger with probability p or more. Source: Vovk, Gammerman and Shafer 2005; Angelopoulos and
//! Bates 2021, arXiv 2107.07511. The errors of overlapping windows are not independent and a series may change, so that
//! `backtest` counts how often intervals hold.

use super::task::Plan;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// The coverages that half widths are kept for.
pub const COVERAGES: [f64; 7] = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

/// Half widths of intervals, on the scaled values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intervals {
    /// [coverage of [`COVERAGES`]][step * C + target]; none for a coverage that the errors are too few for.
    half_widths: Vec<Option<Vec<f32>>>,
}

impl Intervals {
    /// From the errors of n windows, [n, K, C]; with independent channels each target has its own windows, and C counts
    /// all targets: a value that a window does not have is NaN.
    pub fn calibrate(errors: &[f32], outputs: usize) -> Self {
        let mut sizes: Vec<Vec<f32>> = (0..outputs)
            .map(|output| {
                let of_output = errors.iter().skip(output).step_by(outputs).map(|error| error.abs());
                of_output.filter(|size| !size.is_nan()).collect()
            })
            .collect();
        sizes.iter_mut().for_each(|sizes| sizes.sort_unstable_by(f32::total_cmp));
        let at = |coverage: f64| {
            let nth = |sizes: &Vec<f32>| {
                let rank = ((sizes.len() + 1) as f64 * coverage).ceil() as usize;
                sizes.get(rank - 1).copied()
            };
            sizes.iter().map(nth).collect::<Option<Vec<f32>>>()
        };
        Intervals { half_widths: COVERAGES.iter().map(|&coverage| at(coverage)).collect() }
    }

    /// The half widths for a coverage, `[K * C]`.
    ///
    /// # Errors
    /// [`Error::Config`] where it is none of [`COVERAGES`], or the validation part was too small for it.
    pub fn half_widths(&self, coverage: f64) -> Result<&[f32]> {
        let place = COVERAGES.iter().position(|&known| known == coverage);
        let place = place.ok_or_else(|| Error::config("level", coverage, format!("one of {COVERAGES:?}")))?;
        self.half_widths[place].as_deref().ok_or_else(|| {
            let expected = "a smaller one: the validation part has too few windows to measure that";
            Error::config("level", coverage, expected)
        })
    }

    /// Whether they are for the outputs of a plan.
    pub fn fit(&self, plan: &Plan) -> bool {
        let sound = |width: &f32| width.is_finite() && *width >= 0.0;
        let outputs = plan.horizon * plan.targets.len();
        self.half_widths.len() == COVERAGES.len()
            && self.half_widths.iter().flatten().all(|widths| widths.len() == outputs && widths.iter().all(sound))
    }
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
        let intervals = Intervals::calibrate(&errors, 2);
        assert_eq!(intervals.half_widths(0.5).unwrap(), [10.0, 100.0]);
        assert_eq!(intervals.half_widths(0.95).unwrap(), [19.0, 190.0]);
        assert!(intervals.half_widths(0.99).unwrap_err().to_string().contains("too few windows"));
        assert!(intervals.half_widths(0.42).unwrap_err().to_string().contains("one of"));
    }

    #[test]
    fn windows_count_for_the_targets_that_they_have() {
        let errors = [1.0, f32::NAN, f32::NAN, 2.0, 3.0, f32::NAN];
        let intervals = Intervals::calibrate(&errors, 2);
        assert_eq!(intervals.half_widths(0.5).unwrap(), [3.0, 2.0]);
        assert!(intervals.half_widths(0.6).is_err());
    }
}
