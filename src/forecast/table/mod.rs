//! Tables of time series: read from CSV, checked, and kept as f32. A table is either *wide*, one series whose variables
//! are the columns, or *long*, many series that an identifier tells apart.

mod dialect;
mod fill;
mod options;
mod place;
mod raw;
mod read;
mod regular;
mod series;
#[cfg(test)]
mod tests;

pub use fill::Fill;
pub use options::ReadOptions;
pub use place::nearest;
pub use series::{Series, Table};
