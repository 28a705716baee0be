//! Times as CSV has them.

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};
use std::io::Write;

const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

/// The unit of a count since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Milli,
    Micro,
    Nano,
}

impl Unit {
    /// How many make a second.
    fn per_second(self) -> i64 {
        match self {
            Unit::Milli => 1_000,
            Unit::Micro => 1_000_000,
            Unit::Nano => 1_000_000_000,
        }
    }

    /// The nanoseconds of a count beyond its whole seconds, and these.
    fn split(self, count: i64) -> (i64, u32) {
        let per_second = self.per_second();
        let part = count.rem_euclid(per_second) * (1_000_000_000 / per_second);
        (count.div_euclid(per_second), part as u32)
    }

    /// Digits that the fraction of a count's second needs: 0, 3, 6 or 9.
    pub fn digits(self, count: i64) -> usize {
        match self.split(count).1 {
            0 => 0,
            part if part.is_multiple_of(1_000_000) => 3,
            part if part.is_multiple_of(1_000) => 6,
            _ => 9,
        }
    }
}

/// Writes a count of units: `2024-01-31 17:05:00`, with `digits` of the second's fraction, and its offset if in UTC.
pub fn write_time(text: &mut Vec<u8>, count: i64, unit: Unit, digits: usize, utc: bool) {
    let (seconds, part) = unit.split(count);
    let Ok(time) = EPOCH.checked_add(SignedDuration::new(seconds, part as i32)) else {
        return write(text, format_args!("{count} since 1970"));
    };
    write_date(text, time);
    write(text, format_args!(" {:02}:{:02}:{:02}", time.hour(), time.minute(), time.second()));
    if digits > 0 {
        let fraction = format!("{part:09}");
        write(text, format_args!(".{}", &fraction[..digits]));
    }
    if utc {
        text.extend_from_slice(b"+00:00");
    }
}

/// Writes a count of days: `2024-01-31`.
pub fn write_days(text: &mut Vec<u8>, days: i32) {
    match EPOCH.checked_add(SignedDuration::from_hours(24 * i64::from(days))) {
        Ok(time) => write_date(text, time),
        Err(_) => write(text, format_args!("{days} days since 1970")),
    }
}

fn write_date(text: &mut Vec<u8>, time: DateTime) {
    write(text, format_args!("{:04}-{:02}-{:02}", time.year(), time.month(), time.day()));
}

fn write(text: &mut Vec<u8>, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("memory takes every text");
}
