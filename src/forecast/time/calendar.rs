//! What the calendar knows of a time, past or future, as features of a network.

use super::stamp::{Stamp, civil};
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// A cycle of the calendar. Where a time stands in it is two features, sin and cos of 2 pi p for a place p from 0 to
/// below 1, so that the end of a cycle lies beside its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calendar {
    /// Where in the hour.
    Minute,
    /// Where in the day.
    Hour,
    /// Where in the week, whole days.
    Weekday,
    /// Where in the month, whole days.
    Day,
    /// Where in the year, whole months.
    Month,
    /// Where in the year, whole days.
    Yearday,
}

impl Calendar {
    /// All of them, by the names that they have on the command line.
    pub const ALL: [(&str, Calendar); 6] = [
        ("minute", Calendar::Minute),
        ("hour", Calendar::Hour),
        ("weekday", Calendar::Weekday),
        ("day", Calendar::Day),
        ("month", Calendar::Month),
        ("yearday", Calendar::Yearday),
    ];

    /// The two features of a time on the wall; zeros beyond the years that the calendar knows.
    pub fn features(self, stamp: Stamp) -> [f32; 2] {
        let Some(time) = civil(stamp) else { return [0.0; 2] };
        let (sin, cos) = (TAU * self.place(time)).sin_cos();
        [sin as f32, cos as f32]
    }

    fn place(self, time: DateTime) -> f64 {
        let whole = |part: i8, of: f64| f64::from(part) / of;
        let in_hour = whole(time.minute(), 60.0) + whole(time.second(), 3600.0);
        match self {
            Calendar::Minute => in_hour,
            Calendar::Hour => (f64::from(time.hour()) + in_hour) / 24.0,
            Calendar::Weekday => whole(time.weekday().to_monday_zero_offset(), 7.0),
            Calendar::Day => whole(time.day() - 1, time.days_in_month().into()),
            Calendar::Month => whole(time.month() - 1, 12.0),
            Calendar::Yearday => f64::from(time.day_of_year() - 1) / f64::from(time.days_in_year()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse_civil;
    use super::*;

    #[test]
    fn a_cycle_ends_where_it_begins() {
        let place = |cycle: Calendar, text: &str| cycle.place(civil(parse_civil(text).unwrap().0.local).unwrap());
        assert_eq!(place(Calendar::Minute, "2024-01-01 05:45"), 0.75);
        assert_eq!(place(Calendar::Hour, "2024-01-01 18:00"), 0.75);
        assert_eq!(place(Calendar::Hour, "2024-01-01 00:30"), 0.5 / 24.0);
        assert_eq!(place(Calendar::Weekday, "2024-01-01"), 0.0);
        assert_eq!(place(Calendar::Weekday, "2024-01-07 23:00"), 6.0 / 7.0);
        assert_eq!(place(Calendar::Day, "2024-02-29"), 28.0 / 29.0);
        assert_eq!(place(Calendar::Month, "2024-07"), 0.5);
        assert_eq!(place(Calendar::Yearday, "2024-12-31"), 365.0 / 366.0);
        let [sin, cos] = Calendar::Month.features(parse_civil("2024-04-30").unwrap().0.local);
        assert!((sin - 1.0).abs() < 1e-6 && cos.abs() < 1e-6, "{sin} {cos}");
    }
}
