//! The levels of the quantile loss.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// The most levels of [`Quantiles`].
pub const MOST_QUANTILES: usize = 16;

/// The levels of [`Loss::Quantile`](super::Loss::Quantile), each between 0 and 1, in rising order. In f32, so that they
/// are the same numbers on every device and in the oracle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f32>", into = "Vec<f32>")]
pub struct Quantiles {
    pub(super) count: usize,
    levels: [f32; MOST_QUANTILES],
}

impl Quantiles {
    /// The quantiles of these levels.
    ///
    /// # Errors
    /// [`Error::Config`] where there are none or more than [`MOST_QUANTILES`], or they do not rise between 0 and 1.
    pub fn new(levels: &[f32]) -> Result<Self> {
        let rise = levels.windows(2).all(|pair| pair[0] < pair[1]);
        let inside = levels.iter().all(|level| *level > 0.0 && *level < 1.0);
        if !(rise && inside && (1..=MOST_QUANTILES).contains(&levels.len())) {
            let expected = format!("1 to {MOST_QUANTILES} numbers that rise between 0 and 1");
            return Err(Error::config("quantiles", format!("{levels:?}"), expected));
        }
        let mut all = [0.0; MOST_QUANTILES];
        all[..levels.len()].copy_from_slice(levels);
        Ok(Quantiles { count: levels.len(), levels: all })
    }

    /// The levels.
    pub fn levels(&self) -> &[f32] {
        &self.levels[..self.count]
    }

    /// The place of the level nearest the middle, 0.5.
    pub fn middle(&self) -> usize {
        let off = |level: f32| (level - 0.5).abs();
        let levels = self.levels();
        (0..levels.len()).min_by(|&a, &b| off(levels[a]).total_cmp(&off(levels[b]))).unwrap_or(0)
    }

    /// The level of output `o`.
    pub fn level(&self, o: usize) -> f32 {
        self.levels[o % self.count]
    }
}

impl Default for Quantiles {
    /// 0.1, 0.5 and 0.9.
    fn default() -> Self {
        Quantiles::new(&[0.1, 0.5, 0.9]).expect("they rise between 0 and 1")
    }
}

impl TryFrom<Vec<f32>> for Quantiles {
    type Error = Error;

    fn try_from(levels: Vec<f32>) -> Result<Self> {
        Quantiles::new(&levels)
    }
}

impl From<Quantiles> for Vec<f32> {
    fn from(quantiles: Quantiles) -> Self {
        quantiles.levels().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Loss;
    use super::*;

    #[test]
    fn levels_that_do_not_rise_between_0_and_1_are_refused_in_files_too() {
        for levels in [&[][..], &[0.0], &[0.5, 0.5], &[0.9, 0.1], &[1.0], &[f32::NAN], &[0.01; 17]] {
            assert!(Quantiles::new(levels).is_err(), "{levels:?}");
        }
        let loss = Loss::Quantile(Quantiles::new(&[0.25, 0.75]).unwrap());
        let json = serde_json::to_string(&loss).unwrap();
        assert_eq!(json, r#"{"quantile":[0.25,0.75]}"#);
        assert_eq!(serde_json::from_str::<Loss>(&json).unwrap(), loss);
        assert!(serde_json::from_str::<Loss>(r#"{"quantile":[0.75,0.25]}"#).is_err());
    }
}
