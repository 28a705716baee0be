//! A moment as a number, and as the calendar has it.

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};

/// A moment: microseconds since 1970 began, by the civil calendar; or a number, in millionths.
pub type Stamp = i64;

/// Lengths of time in stamps.
pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

/// A civil time as a stamp.
pub(super) fn stamp(civil: DateTime) -> Stamp {
    civil.duration_since(EPOCH).as_micros() as Stamp // jiff's years, -9999 to 9999, take 60 bits of it
}

/// The civil time of a stamp, within the years that the calendar knows.
pub(super) fn civil(stamp: Stamp) -> Option<DateTime> {
    EPOCH.checked_add(SignedDuration::from_micros(stamp)).ok()
}
