//! Parsers of option values. A refusal says what would have been right.

use refrain::arrays::Format;
use std::path::PathBuf;

/// A whole number from `MIN` to `MAX`.
pub fn whole<const MIN: usize, const MAX: usize>(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (MIN..=MAX).contains(number));
    number.ok_or_else(|| format!("expected a whole number from {MIN} to {MAX}"))
}

/// A whole number of at least 1 that no run comes to the end of.
pub fn count(text: &str) -> Result<usize, String> {
    whole::<1, 1_000_000_000>(text)
}

/// Values of the largest batch of a shape: half a GiB.
const LARGEST_BATCH: u128 = 1 << 27;

/// Batch rows, time steps, inputs and hidden units.
pub fn shape(text: &str) -> Result<[usize; 4], String> {
    let sizes: Option<Vec<usize>> = text.split(',').map(|size| count(size).ok()).collect();
    let Some(Ok(sizes)) = sizes.map(<[usize; 4]>::try_from) else {
        return Err("expected batch rows, time steps, inputs and hidden units, such as 64,100,64,128".to_owned());
    };
    // A batch has windows and values that 32 bits count.
    match sizes[..3].iter().map(|&size| size as u128).product::<u128>() {
        ..=LARGEST_BATCH => Ok(sizes),
        values => Err(format!("expected a batch of at most {LARGEST_BATCH} values, found {values}")),
    }
}

/// A finite number above 0.
pub fn positive(text: &str) -> Result<f64, String> {
    number(text).filter(|&number| number > 0.0).ok_or_else(|| "expected a finite number above 0".to_owned())
}

/// A finite number of at least 0.
pub fn not_negative(text: &str) -> Result<f64, String> {
    number(text).filter(|&number| number >= 0.0).ok_or_else(|| "expected a finite number of at least 0".to_owned())
}

/// A probability that leaves something.
pub fn probability(text: &str) -> Result<f64, String> {
    number(text).filter(|p| (0.0..1.0).contains(p)).ok_or_else(|| "expected a number from 0 to below 1".to_owned())
}

/// A file that arrays can be written to: the end of its name says how.
pub fn array_file(text: &str) -> Result<PathBuf, String> {
    Format::of(text).map(|_| text.into()).map_err(|error| error.to_string())
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_at_the_edges() {
        assert_eq!(whole::<2, 9>("2"), Ok(2));
        assert_eq!(whole::<2, 9>("9"), Ok(9));
        for bad in ["1", "10", "-3", "2.5", "", "x", "99999999999999999999999"] {
            assert_eq!(whole::<2, 9>(bad).unwrap_err(), "expected a whole number from 2 to 9", "{bad}");
        }
        assert_eq!(positive("1e-3"), Ok(0.001));
        assert_eq!(not_negative("0"), Ok(0.0));
        for bad in ["0", "-1", "nan", "inf", "x", ""] {
            assert!(positive(bad).is_err(), "{bad}");
        }
        for bad in ["-1", "NaN", "infinity", "x"] {
            assert!(not_negative(bad).is_err(), "{bad}");
        }
        assert_eq!(probability("0.999"), Ok(0.999));
        for bad in ["-0.1", "1", "nan", "x"] {
            assert!(probability(bad).is_err(), "{bad}");
        }
        assert_eq!(shape("64,100,3,128"), Ok([64, 100, 3, 128]));
        for bad in ["64,100,3", "64,100,3,0", "1,2,3,4,5", "1,2,3,x", "1000000000,2,1,1"] {
            assert!(shape(bad).is_err(), "{bad}");
        }
    }
}
