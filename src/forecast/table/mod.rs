//! Tables of time series: read from CSV or Parquet, checked, and kept as f64. A table is either *wide*, one series
//! whose variables are the columns, or *long*, many series that an identifier tells apart.

mod clocks;
mod dialect;
mod fields;
mod fill;
mod marks;
mod names;
mod options;
#[cfg(feature = "parquet")]
mod parquet;
mod place;
mod raw;
mod read;
mod regular;
mod rows;
mod series;
mod survey;
#[cfg(test)]
mod tests;
mod text;
mod times;

pub use marks::{Marks, Thousands};
pub use options::{Fill, Known, ReadOptions};
#[cfg(feature = "parquet")]
pub use parquet::catches_panics;
pub use place::nearest;
pub use series::{Series, Table};
pub(super) use times::NONE;

/// What may stand where a value is missing, in lower case.
const MISSING: [&str; 8] = ["", "na", "n/a", "nan", "null", "none", "-", "?"];

fn is_missing(text: &str) -> bool {
    MISSING.iter().any(|word| text.eq_ignore_ascii_case(word))
}
