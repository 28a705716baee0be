//! How many rows of arrays validate, and how many are held out.

use refrain::data::HeldOut;
use refrain::forecast::Part;
use refrain::{Error, Result};

/// Rows of a part; at least one of a fraction above 0.
pub fn size(flag: &'static str, part: Option<&Part>, rows: usize) -> Result<usize> {
    match part {
        None => Ok(0),
        Some(&Part::Fraction(fraction)) => Ok(HeldOut::size(fraction, rows)),
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
    fn a_part_is_a_fraction_or_a_number_of_rows_that_there_are() {
        let size = |part: &str| size("--val", Some(&part.parse().unwrap()), 10).map_err(|error| error.to_string());
        assert_eq!((size("0.2"), size("0.01"), size("0.0"), size("3")), (Ok(2), Ok(1), Ok(0), Ok(3)));
        for (part, expected) in [
            ("18446744073709551615", "--val is 18446744073709551615, expected at most the 10 rows"),
            ("2024-01-01", "--val is 2024-01-01, expected a fraction or a number of rows"),
        ] {
            let found = size(part).unwrap_err();
            assert!(found.starts_with(expected), "{found}");
        }
    }
}
