//! Times of a table: how they are read and written, how far apart they stand, and what the calendar says of them.

mod calendar;
mod frequency;
mod stamp;
mod style;

pub use calendar::Calendar;
pub use frequency::Frequency;
pub use stamp::Stamp;
pub use style::{Precision, Style, parse_civil, parse_number};
