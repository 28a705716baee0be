//! Times of a table: how they are read and written, how far apart they stand, and what the calendar says of them.

mod calendar;
mod clock;
mod foreign;
mod format;
mod frequency;
mod guess;
mod pieces;
mod stamp;
mod style;

pub use calendar::Calendar;
pub use clock::{Clock, to_utc};
pub(super) use foreign::unreadable;
pub use format::{Format, Parsed};
pub use frequency::{Frequency, MonthDay, Week};
pub use guess::{candidates, is_time};
pub use stamp::Stamp;
pub(super) use stamp::{DAY, SECOND};
pub use style::{Style, parse_civil, parse_number};
