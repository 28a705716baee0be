//! Windows drawn by chance, in proportion to weights.

use crate::error::{Error, Result};

/// Windows to draw from: the sums of their weights, each up to a window.
#[derive(Clone, Debug)]
pub struct Draw {
    sums: Vec<f64>,
}

impl Draw {
    /// Of the weights of some windows.
    ///
    /// # Errors
    /// [`Error::Config`] where a weight is no finite number of at least 0, or none is above 0.
    pub fn new(weights: &[f64]) -> Result<Self> {
        if let Some(weight) = weights.iter().find(|weight| !(weight.is_finite() && **weight >= 0.0)) {
            return Err(Error::config("weight of a window", weight, "a finite number of at least 0"));
        }
        let largest = weights.iter().copied().fold(0.0, f64::max);
        if largest == 0.0 {
            return Err(Error::config("weight of all windows", 0, "a number above 0 for one of them at least"));
        }
        // As parts of the largest, so that their sum is finite.
        let add = |sum: &mut f64, weight: &f64| {
            *sum += weight / largest;
            Some(*sum)
        };
        Ok(Draw { sums: weights.iter().scan(0.0, add).collect() })
    }

    /// The place of the window that the sum of all weights comes to at this part of it, from 0 up to 1.
    pub fn at(&self, part: f64) -> usize {
        let sum = self.sums.last().copied().unwrap_or(0.0);
        let up_to = |sum: f64| self.sums.partition_point(|&before| before <= sum);
        match up_to(part * sum) {
            // Rounding has brought it to the end: the last window that has a weight.
            place if place == self.sums.len() => self.sums.partition_point(|&before| before < sum),
            place => place,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Draw;

    #[test]
    fn a_window_covers_its_part_of_the_sum() {
        let draw = Draw::new(&[0.0, 1.0, 0.0, 3.0, 0.0]).unwrap();
        assert_eq!([0.0, 0.2499, 0.25, 0.5, 0.9999, 1.0].map(|part| draw.at(part)), [1, 1, 3, 3, 3, 3]);
        let large = Draw::new(&[f64::MAX; 4]).unwrap();
        assert_eq!([0.0, 0.3, 0.6, 0.9].map(|part| large.at(part)), [0, 1, 2, 3]);
    }

    #[test]
    fn weights_that_are_none_are_refused() {
        let refused = |weights: &[f64]| Draw::new(weights).unwrap_err().to_string();
        assert_eq!(refused(&[1.0, -0.5]), "weight of a window is -0.5, expected a finite number of at least 0");
        assert!(refused(&[f64::NAN]).contains("is NaN") && refused(&[f64::INFINITY]).contains("is inf"));
        let expected = "weight of all windows is 0, expected a number above 0 for one of them at least";
        assert!(refused(&[0.0, 0.0]) == expected && refused(&[]) == expected);
    }
}
