//! Which rows are trained on, which validate, and which are held out.

use crate::error::{Error, Result};
use crate::rng::{Purpose, generator};
use rand::seq::SliceRandom;

/// Rows to train on, to validate on, and held out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldOut {
    /// To train on.
    pub train: Vec<u32>,
    /// To validate on.
    pub val: Vec<u32>,
    /// To test on.
    pub test: Vec<u32>,
}

impl HeldOut {
    /// Splits `rows`: by chance, the same for the same seed, or where there is no seed, from their end. Each part keeps
    /// the order of the rows.
    ///
    /// # Errors
    /// [`Error::Config`] where `val` rows to validate on and `test` rows to test on leave none to train on.
    pub fn of(rows: Vec<u32>, [val, test]: [usize; 2], seed: Option<u64>) -> Result<Self> {
        let held_out = val.saturating_add(test);
        let Some(left) = rows.len().checked_sub(held_out).filter(|&left| left > 0 || rows.is_empty()) else {
            let expected = format!("fewer than the {} rows that there are", rows.len());
            return Err(Error::config("rows to validate and to test on", held_out, expected));
        };
        let mut order = rows;
        if let (Some(seed), true) = (seed, held_out > 0) {
            order.shuffle(&mut generator(seed, Purpose::Split));
        }
        let mut test = order.split_off(left + val);
        let mut val = order.split_off(left);
        [&mut order, &mut val, &mut test].into_iter().for_each(|part| part.sort_unstable());
        Ok(HeldOut { train: order, val, test })
    }

    /// A fraction of so many rows, rounded; at least one where it is above 0.
    pub fn size(fraction: f64, rows: usize) -> usize {
        if fraction == 0.0 { 0 } else { ((rows as f64 * fraction).round() as usize).max(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_part_and_the_seed_says_in_which() {
        let split = |sizes, seed| HeldOut::of((0..10).collect(), sizes, seed);
        let HeldOut { train, val, test } = split([2, 3], Some(1)).unwrap();
        assert_eq!((train.len(), val.len(), test.len()), (5, 2, 3));
        let mut all = [train, val, test].concat();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<u32>>());
        assert_eq!(split([2, 3], Some(1)).unwrap(), split([2, 3], Some(1)).unwrap());
        assert_ne!(split([2, 3], Some(1)).unwrap(), split([2, 3], Some(2)).unwrap());
        let HeldOut { train, val, test } = split([HeldOut::size(0.01, 10), 2], None).unwrap();
        assert_eq!((train, val, test), ((0..7).collect(), vec![7], vec![8, 9]));
        for (sizes, found) in [([5, 5], "10"), ([usize::MAX, 1], "18446744073709551615")] {
            let refused = split(sizes, None).unwrap_err().to_string();
            let expected = "expected fewer than the 10 rows that there are";
            assert_eq!(refused, format!("rows to validate and to test on is {found}, {expected}"));
        }
        let none = HeldOut::of((0..3).collect(), [0, 0], Some(1)).unwrap();
        assert_eq!(none, HeldOut { train: vec![0, 1, 2], val: vec![], test: vec![] });
    }
}
