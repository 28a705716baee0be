//! How far apart the times of a series stand.

use super::stamp::{Stamp, civil, stamp};
use super::style::Style;
use crate::error::{Error, Result};
use jiff::Span;
use jiff::civil::{DateTime, Weekday};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Times that a frequency is guessed from.
const SAMPLE: usize = 4096;
/// By what part of a step a number may lie beside its place: numbers are rounded when they are written.
const SLACK: f64 = 0.05;

/// The distance from one time of a series to the next.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Frequency {
    /// So many microseconds.
    Fixed(i64),
    /// So many months, on the same day of the month, or on its last.
    Months {
        /// Months from one time to the next.
        count: i32,
        /// Whether every time is the last day of a month.
        end: bool,
    },
    /// From Monday to Friday.
    BusinessDays,
    /// A distance of plain numbers.
    Step(f64),
}

impl Frequency {
    /// The frequency that most of these times follow; `None` of fewer than two, and where no time comes after another.
    pub fn infer(stamps: &[Stamp], style: Style) -> Option<Self> {
        let stamps = &stamps[..stamps.len().min(SAMPLE)];
        let most = mode(stamps.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).filter(|&step| step > 0))?;
        if !matches!(style, Style::Civil { .. }) {
            return Some(Frequency::Step(number_step(stamps, most)));
        }
        if let Some(months) = months(stamps) {
            return Some(months);
        }
        let days: Option<Vec<DateTime>> = stamps.iter().map(|&stamp| civil(stamp)).collect();
        let weekend = |day: &DateTime| matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        let business = most == DAY && stamps.len() > 5 && !days?.iter().any(weekend);
        Some(if business { Frequency::BusinessDays } else { Frequency::Fixed(most) })
    }

    /// The time `n` steps after `first`; `None` beyond what the calendar knows.
    pub fn at(self, first: Stamp, n: i64) -> Option<Stamp> {
        match self {
            Frequency::Fixed(step) => first.checked_add(step.checked_mul(n)?),
            Frequency::Step(step) => {
                let found = first as f64 + (step * n as f64 * 1e6).round();
                (found.abs() < 2f64.powi(63)).then_some(found as Stamp)
            }
            Frequency::Months { count, end } => {
                let months = i64::from(count).checked_mul(n)?;
                let moved = civil(first)?.checked_add(Span::new().try_months(months).ok()?).ok()?;
                Some(stamp(if end { moved.date().last_of_month().to_datetime(moved.time()) } else { moved }))
            }
            Frequency::BusinessDays => {
                let monday = i64::from(civil(first)?.weekday().to_monday_zero_offset());
                let of_week = monday.min(4) + n;
                let days = of_week.div_euclid(5).checked_mul(7)? + of_week.rem_euclid(5) - monday;
                first.checked_add(days.checked_mul(DAY)?)
            }
        }
    }

    /// The last step counted from `first` that is not after `stamp`, and whether it falls on it.
    pub fn steps(self, first: Stamp, stamp: Stamp) -> (i64, bool) {
        let span = stamp.saturating_sub(first);
        let guess = match self {
            Frequency::Fixed(step) => return (span.div_euclid(step), span.rem_euclid(step) == 0),
            Frequency::Step(step) => {
                let steps = span as f64 / (step * 1e6);
                let nearest = steps.round();
                let on = (steps - nearest).abs() <= SLACK;
                return ((if on { nearest } else { steps.floor() }) as i64, on);
            }
            Frequency::Months { count, .. } => match (civil(first), civil(stamp)) {
                (Some(first), Some(last)) => (month(last) - month(first)).div_euclid(i64::from(count)),
                _ => 0,
            },
            Frequency::BusinessDays => span.div_euclid(DAY) * 5 / 7,
        };
        // The guess is off by few steps at most: by the day within the month, or by weekends.
        let at = |n| self.at(first, n).unwrap_or(Stamp::MAX);
        let n = (guess - 3..=guess + 3).rev().find(|&n| at(n) <= stamp).unwrap_or(guess - 3);
        (n, at(n) == stamp)
    }

    /// Steps of the season that one would look for first: a day of hours, a week of days, a year of months; 1 where
    /// there is none to expect.
    pub fn season(self) -> usize {
        let season = match self {
            Frequency::Fixed(step) if step <= 30 * SECOND => MINUTE / step,
            Frequency::Fixed(step) if step <= 5 * MINUTE => HOUR / step,
            Frequency::Fixed(step) if step < DAY => DAY / step,
            Frequency::Fixed(step) if step < 7 * DAY => 7 * DAY / step,
            Frequency::Fixed(step) => 364 * DAY / step,
            Frequency::Months { count, .. } => 12 / i64::from(count),
            Frequency::BusinessDays => 5,
            Frequency::Step(_) => 1,
        };
        season.max(1) as usize
    }
}

/// The commonest of some distances; of equally common ones the smallest.
fn mode(distances: impl Iterator<Item = i64>) -> Option<i64> {
    let mut distances: Vec<i64> = distances.collect();
    distances.sort_unstable();
    let runs = distances.chunk_by(|a, b| a == b).map(|run| (run.len(), std::cmp::Reverse(run[0])));
    runs.max().map(|(_, step)| step.0)
}

/// The step of numbers whose commonest distance is `most` millionths. Where all distances are about that, they are one
/// step that was rounded when it was written.
fn number_step(stamps: &[Stamp], most: i64) -> f64 {
    let rounded = stamps.windows(2).all(|pair| ((pair[1] - pair[0] - most) as f64).abs() <= SLACK * most as f64);
    let span = (stamps[stamps.len() - 1] - stamps[0]) as f64 / (stamps.len() - 1) as f64;
    (if rounded { span } else { most as f64 }) / 1e6
}

/// Months from year 0 on.
fn month(time: DateTime) -> i64 {
    i64::from(time.year()) * 12 + i64::from(time.month())
}

/// A frequency of whole months, where the times lie on one day of the month, or all on the last.
fn months(stamps: &[Stamp]) -> Option<Frequency> {
    let times: Vec<DateTime> = stamps.iter().map(|&stamp| civil(stamp)).collect::<Option<_>>()?;
    let count = mode(times.windows(2).map(|pair| month(pair[1]) - month(pair[0])))?;
    if count < 1 || times.iter().any(|time| time.time() != times[0].time()) {
        return None;
    }
    let end = times.iter().all(|time| time.day() == time.days_in_month());
    let day = times.iter().map(|time| time.day()).max()?;
    let same = times.iter().all(|time| time.day() == day.min(time.days_in_month()));
    (end || same).then_some(Frequency::Months { count: i32::try_from(count).ok()?, end })
}

impl fmt::Display for Frequency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |out: &mut fmt::Formatter<'_>, count: i64, unit: &str| match count {
            1 => write!(out, "{unit}"),
            _ => write!(out, "{count}{unit}"),
        };
        match *self {
            Frequency::BusinessDays => write!(out, "B"),
            Frequency::Step(step) => write!(out, "{step}"),
            Frequency::Months { count, end } => counted(out, count.into(), if end { "ME" } else { "M" }),
            Frequency::Fixed(step) => {
                let units = [(7 * DAY, "W"), (DAY, "D"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"), (1, "us")];
                let (unit, name) = units.into_iter().find(|(unit, _)| step % unit == 0).unwrap_or((1, "us"));
                counted(out, step / unit, name)
            }
        }
    }
}

impl FromStr for Frequency {
    type Err = Error;

    /// Reads a count and a unit: `15min`, `h`, `D`, `B` (Monday to Friday), `W`, `M`, `ME` (ends of months), `Q`, `Y`;
    /// or the distance of plain numbers.
    fn from_str(text: &str) -> Result<Self> {
        let refused = || Error::config("freq", text, "a count and us, s, min, h, D, B, W, M, ME, Q or Y, or a number");
        let text = text.trim();
        if let Ok(step) = text.parse::<f64>() {
            return if step > 0.0 && step.is_finite() { Ok(Frequency::Step(step)) } else { Err(refused()) };
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = text.split_at(digits);
        let count: i64 = if count.is_empty() { 1 } else { count.parse().map_err(|_| refused())? };
        let fixed = |unit: i64| count.checked_mul(unit).filter(|&step| step > 0).map(Frequency::Fixed);
        let months = |unit: i64, end| {
            let count = count.checked_mul(unit).and_then(|count| i32::try_from(count).ok());
            count.filter(|&count| count > 0).map(|count| Frequency::Months { count, end })
        };
        let found = match unit {
            "us" => fixed(1),
            "s" | "S" => fixed(SECOND),
            "min" | "T" => fixed(MINUTE),
            "h" | "H" => fixed(HOUR),
            "D" | "d" => fixed(DAY),
            "W" | "w" => fixed(7 * DAY),
            "M" | "MS" => months(1, false),
            "ME" => months(1, true),
            "Q" | "QS" => months(3, false),
            "QE" => months(3, true),
            "Y" | "YS" => months(12, false),
            "YE" => months(12, true),
            "B" if count == 1 => Some(Frequency::BusinessDays),
            _ => None,
        };
        found.ok_or_else(refused)
    }
}

impl From<Frequency> for String {
    fn from(frequency: Frequency) -> String {
        frequency.to_string()
    }
}

impl TryFrom<String> for Frequency {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{parse_civil, parse_number};
    use super::*;

    fn stamps(times: &[&str]) -> (Vec<Stamp>, Style) {
        let parsed: Vec<(Stamp, Style)> = times.iter().map(|time| parse_civil(time).unwrap()).collect();
        (parsed.iter().map(|&(stamp, _)| stamp).collect(), parsed[0].1)
    }

    #[track_caller]
    fn infers(times: &[&str], expected: &str) {
        let (stamps, style) = stamps(times);
        let frequency = Frequency::infer(&stamps, style).unwrap();
        assert_eq!(frequency.to_string(), expected, "{times:?}");
        assert_eq!(frequency, expected.parse().unwrap());
        for (n, &stamp) in stamps.iter().enumerate() {
            let n = n as i64;
            assert_eq!(frequency.at(stamps[0], n).map(|at| style.print(at)), Some(style.print(stamp)), "{n}");
            assert_eq!(frequency.steps(stamps[0], stamp), (n, true));
            assert_eq!(frequency.steps(stamps[0], stamp + 1), (n, false));
            assert_eq!(frequency.steps(stamp, stamps[0]), (-n, true), "{times:?}");
        }
    }

    #[test]
    fn frequencies_are_found_and_go_on_as_they_began() {
        infers(&["2016-07-01 23:00", "2016-07-02 00:00", "2016-07-02 01:00"], "h");
        infers(&["2016-07-01 23:45", "2016-07-02 00:00"], "15min");
        infers(&["2024-02-28", "2024-02-29", "2024-03-01"], "D");
        infers(&["2024-02-25", "2024-03-03", "2024-03-10"], "W");
        infers(&["1949-11", "1949-12", "1950-01"], "M");
        infers(&["2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31"], "ME");
        infers(&["2024-01-15", "2024-04-15", "2024-07-15"], "3M");
        infers(&["2023-01-01", "2024-01-01", "2025-01-01"], "12M");
        infers(&["2024-05-01", "2024-05-02", "2024-05-03", "2024-05-06", "2024-05-07", "2024-05-08"], "B");
        infers(&["2024-05-01 00:00:00.5", "2024-05-01 00:00:00.75"], "250000us");
    }

    #[test]
    fn the_last_days_of_months_differ_from_the_same_day() {
        let (end, style) = stamps(&["2024-02-29", "2024-03-31"]);
        let frequency = Frequency::infer(&end, style).unwrap();
        assert_eq!(style.print(frequency.at(end[0], 2).unwrap()), "2024-04-30");
        let (same, _) = stamps(&["2024-02-28", "2024-03-28"]);
        let frequency = Frequency::infer(&same, style).unwrap();
        assert_eq!(style.print(frequency.at(same[0], 2).unwrap()), "2024-04-28");
    }

    #[test]
    fn numbers_may_be_rounded_but_not_out_of_step() {
        let numbers = |texts: &[&str]| texts.iter().map(|text| parse_number(text).unwrap()).collect::<Vec<_>>();
        let years = numbers(&["1749.042", "1749.125", "1749.208", "1749.292", "1749.375"]);
        let frequency = Frequency::infer(&years, Style::Number).unwrap();
        for (n, &year) in years.iter().enumerate() {
            assert_eq!(frequency.steps(years[0], year), (n as i64, true));
        }
        assert!(!frequency.steps(years[0], parse_number("1749.08").unwrap()).1);
        let gap = numbers(&["1", "2", "3", "5"]);
        assert_eq!(Frequency::infer(&gap, Style::Number), Some(Frequency::Step(1.0)));
        assert_eq!(Frequency::Step(1.0).steps(gap[0], gap[3]), (4, true));
    }

    #[test]
    fn the_majority_decides_and_too_few_say_nothing() {
        let (gap, style) = stamps(&["2024-01-01", "2024-01-02", "2024-01-05", "2024-01-06"]);
        assert_eq!(Frequency::infer(&gap, style), Some(Frequency::Fixed(DAY)));
        assert_eq!(Frequency::infer(&gap[..1], style), None);
        assert_eq!(Frequency::infer(&[gap[0]; 3], style), None);
    }

    #[test]
    fn seasons_and_refusals() {
        let season = |text: &str| text.parse::<Frequency>().unwrap().season();
        assert_eq!(
            ["h", "15min", "min", "s", "D", "W", "M", "Q", "Y", "B", "2"].map(season),
            [24, 96, 60, 60, 7, 52, 12, 4, 1, 5, 1]
        );
        for bad in ["", "x", "0D", "-1", "0", "nan", "99999999999999999999h", "9223372036854775807W", "2B"] {
            assert!(bad.parse::<Frequency>().is_err(), "{bad}");
        }
    }
}
