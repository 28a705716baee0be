//! Which rows of arrays are trained on, which validate, and which are held out.

use rand::seq::SliceRandom;
use refrain::forecast::Part;
use refrain::rng::{Purpose, generator};
use refrain::{Error, Result};

/// Rows to train on, to validate on, and held out.
#[derive(Debug, PartialEq)]
pub struct HeldOut {
    pub train: Vec<u32>,
    pub val: Vec<u32>,
    pub test: Vec<u32>,
}

impl HeldOut {
    /// Splits `rows`: by chance, the same for the same seed, or where `shuffled` is not asked for, from their end. Each
    /// part keeps the order of the file.
    pub fn of(rows: Vec<u32>, [val, test]: [Option<&Part>; 2], shuffled: bool, seed: u64) -> Result<Self> {
        let [val, test] = [size("--val", val, rows.len())?, size("--test", test, rows.len())?];
        let Some(left) = rows.len().checked_sub(val + test).filter(|&left| left > 0 || rows.is_empty()) else {
            let expected = format!("fewer than the {} rows that there are", rows.len());
            return Err(Error::config("--val and --test together", val + test, expected));
        };
        let mut order = rows;
        if shuffled && val + test > 0 {
            order.shuffle(&mut generator(seed, Purpose::Split));
        }
        let mut test = order.split_off(left + val);
        let mut val = order.split_off(left);
        [&mut order, &mut val, &mut test].into_iter().for_each(|part| part.sort_unstable());
        Ok(HeldOut { train: order, val, test })
    }
}

/// Rows of a part; at least one of a fraction above 0.
fn size(flag: &'static str, part: Option<&Part>, rows: usize) -> Result<usize> {
    match part {
        None | Some(Part::Fraction(0.0)) => Ok(0),
        Some(Part::Fraction(fraction)) => Ok(((rows as f64 * fraction).round() as usize).max(1)),
        Some(&Part::Rows(size)) if size <= rows => Ok(size),
        Some(Part::Rows(size)) => Err(Error::config(flag, size, format!("at most the {rows} rows that there are"))),
        Some(Part::From(date)) => {
            Err(Error::config(flag, date, "a fraction or a number of rows: arrays have no times"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_part_and_the_seed_says_in_which() {
        let split = |parts: [&str; 2], shuffled, seed| {
            let parts = parts.map(|part| part.parse::<Part>().unwrap());
            HeldOut::of((0..10).collect(), [Some(&parts[0]), Some(&parts[1])], shuffled, seed)
        };
        let HeldOut { train, val, test } = split(["0.2", "3"], true, 1).unwrap();
        assert_eq!((train.len(), val.len(), test.len()), (5, 2, 3));
        let mut all = [train, val, test].concat();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<u32>>());
        assert_eq!(split(["0.2", "3"], true, 1).unwrap(), split(["0.2", "3"], true, 1).unwrap());
        assert_ne!(split(["0.2", "3"], true, 1).unwrap(), split(["0.2", "3"], true, 2).unwrap());
        let HeldOut { train, val, test } = split(["0.01", "2"], false, 1).unwrap();
        assert_eq!((train, val, test), ((0..7).collect(), vec![7], vec![8, 9]));
        for (parts, expected) in [
            (["5", "5"], "--val and --test together is 10, expected fewer than the 10 rows that there are"),
            (["18446744073709551615", "1"], "--val is 18446744073709551615, expected at most the 10 rows"),
            (["0", "2024-01-01"], "--test is 2024-01-01, expected a fraction or a number of rows"),
        ] {
            let found = split(parts, true, 1).unwrap_err().to_string();
            assert!(found.starts_with(expected), "{found}");
        }
        let none = HeldOut::of((0..3).collect(), [None, None], true, 1).unwrap();
        assert_eq!(none, HeldOut { train: vec![0, 1, 2], val: vec![], test: vec![] });
    }
}
