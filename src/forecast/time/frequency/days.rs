//! Days of weeks and of months.

use jiff::civil::{Date, DateTime};

/// A day of each month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MonthDay {
    /// That of the first time, or the month's last where it is shorter.
    Same,
    /// This one, or the month's last where it is shorter.
    Day(i8),
    /// The last.
    End,
    /// The last from Monday to Friday.
    BusinessEnd,
    /// The first from Monday to Friday.
    BusinessStart,
}

/// Some days of the week, a bit each, Monday's the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week(pub(super) u8);

impl Week {
    /// From Monday to Friday.
    pub const MONDAY_TO_FRIDAY: Week = Week(0b1_1111);
    pub(super) const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

    /// The days of a week, Monday's is 0.
    pub(super) fn days(self) -> impl DoubleEndedIterator<Item = i64> + Clone {
        (0..7).filter(move |day| self.0 & 1 << day != 0)
    }

    /// The days of the week that occur.
    pub(super) fn of(times: &[DateTime]) -> Self {
        Week(times.iter().fold(0, |days, time| days | 1 << time.weekday().to_monday_zero_offset()))
    }

    /// Reads days as `SunMonTue`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let day = |name: &[u8]| Week::NAMES.iter().position(|known| known.as_bytes() == name);
        let days: Option<Vec<usize>> = text.as_bytes().chunks(3).map(day).collect();
        days.filter(|days| !days.is_empty()).map(|days| Week(days.into_iter().fold(0, |days, day| days | 1 << day)))
    }
}

impl MonthDay {
    /// The day of `date`'s month; `first` is where the series begins.
    pub(super) fn of(self, date: Date, first: Date) -> Date {
        let day = |day: i8| date.with().day(day.clamp(1, date.days_in_month())).build().unwrap_or(date);
        let weekday = |date: Date| date.weekday().to_monday_zero_offset();
        match self {
            MonthDay::Same => day(first.day()),
            MonthDay::Day(of) => day(of),
            MonthDay::End => date.last_of_month(),
            MonthDay::BusinessEnd => day(date.days_in_month() - (weekday(date.last_of_month()) - 4).max(0)),
            MonthDay::BusinessStart => day(match weekday(date.first_of_month()) {
                5 => 3,
                6 => 2,
                _ => 1,
            }),
        }
    }
}
