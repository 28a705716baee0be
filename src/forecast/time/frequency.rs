//! How far apart the times of a series stand.

use super::stamp::{Stamp, civil, stamp};
use super::style::Style;
use crate::error::{Error, Result};
use jiff::Span;
use jiff::civil::{Date, DateTime};
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
    /// So many months.
    Months {
        /// Months from one time to the next.
        count: i32,
        /// On which day of the month.
        on: MonthDay,
    },
    /// The days of a week on which there is business.
    BusinessDays(Week),
    /// A distance of plain numbers.
    Step(f64),
}

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
pub struct Week(u8);

impl Week {
    /// From Monday to Friday.
    pub const MONDAY_TO_FRIDAY: Week = Week(0b1_1111);
    const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

    /// The days of a week, Monday's is 0.
    fn days(self) -> impl DoubleEndedIterator<Item = i64> + Clone {
        (0..7).filter(move |day| self.0 & 1 << day != 0)
    }

    fn of(times: &[DateTime]) -> Self {
        Week(times.iter().fold(0, |days, time| days | 1 << time.weekday().to_monday_zero_offset()))
    }

    fn parse(text: &str) -> Option<Self> {
        let day = |name: &[u8]| Week::NAMES.iter().position(|known| known.as_bytes() == name);
        let days: Option<Vec<usize>> = text.as_bytes().chunks(3).map(day).collect();
        days.filter(|days| !days.is_empty()).map(|days| Week(days.into_iter().fold(0, |days, day| days | 1 << day)))
    }
}

impl MonthDay {
    /// The day of `date`'s month; `first` is where the series begins.
    fn of(self, date: Date, first: Date) -> Date {
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

impl Frequency {
    /// The frequency that most of these times follow; `None` of fewer than two, and where no time comes after another.
    pub fn infer(stamps: &[Stamp], style: &Style) -> Option<Self> {
        let stamps = &stamps[..stamps.len().min(SAMPLE)];
        let most = mode(stamps.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).filter(|&step| step > 0))?;
        if !style.is_civil() {
            return Some(Frequency::Step(number_step(stamps, most)));
        }
        if let Some(months) = months(stamps) {
            return Some(months);
        }
        let times: Vec<DateTime> = stamps.iter().map(|&stamp| civil(stamp)).collect::<Option<_>>()?;
        let week = Week::of(&times);
        let weeks = stamps[stamps.len() - 1].saturating_sub(stamps[0]) >= 7 * DAY;
        let business = most == DAY && weeks && stamps.len() > 5 && week.days().count() < 7;
        Some(if business { Frequency::BusinessDays(week) } else { Frequency::Fixed(most) })
    }

    /// Whether times follow this frequency, most of them with none left out.
    pub fn fits(self, stamps: &[Stamp]) -> bool {
        let Some(&first) = stamps.first() else { return true };
        let steps: Vec<(i64, bool)> = stamps.iter().map(|&stamp| self.steps(first, stamp)).collect();
        let next = steps.windows(2).filter(|pair| pair[1].0 == pair[0].0 + 1).count();
        self.at(first, 0) == Some(first) && steps.iter().all(|step| step.1) && 2 * next >= steps.len() - 1
    }

    /// Whether this is the same distance as another; numbers are rounded when they are written.
    pub fn agrees(self, other: Self) -> bool {
        match (self, other) {
            (Frequency::Step(a), Frequency::Step(b)) => (a - b).abs() <= SLACK * a,
            _ => self == other,
        }
    }

    /// Whether times of a day are counted rather than days, weeks or months.
    pub fn is_within_days(self) -> bool {
        matches!(self, Frequency::Fixed(step) if step % DAY != 0)
    }

    /// The time `n` steps after `first`; `None` beyond what the calendar knows.
    pub fn at(self, first: Stamp, n: i64) -> Option<Stamp> {
        match self {
            Frequency::Fixed(step) => first.checked_add(step.checked_mul(n)?),
            Frequency::Step(step) => {
                let found = first as f64 + (step * n as f64 * 1e6).round();
                (found.abs() < 2f64.powi(63)).then_some(found as Stamp)
            }
            Frequency::Months { count, on } => {
                let months = i64::from(count).checked_mul(n)?;
                let begin = civil(first)?;
                let month = begin.date().first_of_month().checked_add(Span::new().try_months(months).ok()?).ok()?;
                Some(stamp(on.of(month, begin.date()).to_datetime(begin.time())))
            }
            Frequency::BusinessDays(week) => {
                let (count, weekday) = (week.days().count() as i64, civil(first)?.weekday());
                let weekday = i64::from(weekday.to_monday_zero_offset());
                // A first day that is not of the week counts as the one before it.
                let place = week.days().filter(|&day| day <= weekday).count() as i64 - 1;
                let of_week = place.checked_add(n)?;
                let day = week.days().nth(of_week.rem_euclid(count) as usize)?;
                let days = of_week.div_euclid(count).checked_mul(7)?.checked_add(day - weekday)?;
                first.checked_add(days.checked_mul(DAY)?)
            }
        }
    }

    /// The last step counted from `first` that is not after `stamp`, and whether it falls on it.
    pub fn steps(self, first: Stamp, stamp: Stamp) -> (i64, bool) {
        let span = stamp.saturating_sub(first);
        if (span == Stamp::MAX || span == Stamp::MIN) && !matches!(self, Frequency::Step(_)) {
            return (span.signum() * i64::from(u32::MAX), false);
        }
        let guess = match self {
            Frequency::Fixed(step) => return (span.div_euclid(step), span.rem_euclid(step) == 0),
            Frequency::Step(step) => {
                let steps = (stamp as f64 - first as f64) / (step * 1e6);
                let nearest = steps.round();
                let on = (steps - nearest).abs() <= SLACK;
                return ((if on { nearest } else { steps.floor() }) as i64, on);
            }
            Frequency::Months { count, .. } => match (civil(first), civil(stamp)) {
                (Some(first), Some(last)) => (month(last) - month(first)).div_euclid(i64::from(count)),
                _ => 0,
            },
            Frequency::BusinessDays(week) => span.div_euclid(DAY) * week.days().count() as i64 / 7,
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
            Frequency::BusinessDays(week) => week.days().count() as i64,
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
    let (first, last, most) = (stamps[0] as f64, stamps[stamps.len() - 1] as f64, most as f64);
    let rounded = stamps.windows(2).all(|pair| (pair[1] as f64 - pair[0] as f64 - most).abs() <= SLACK * most);
    let span = (last - first) / (stamps.len() - 1) as f64;
    (if rounded { span } else { most }) / 1e6
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
    let first = times[0].date();
    let day = times.iter().map(|time| time.day()).max()?;
    let days = [MonthDay::End, MonthDay::Same, MonthDay::Day(day), MonthDay::BusinessEnd, MonthDay::BusinessStart];
    let on = |on: &MonthDay| times.iter().all(|time| on.of(time.date(), first) == time.date());
    let on = days.into_iter().find(on)?;
    Some(Frequency::Months { count: i32::try_from(count).ok()?, on })
}

impl fmt::Display for Frequency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |out: &mut fmt::Formatter<'_>, count: i64, unit: &str| match count {
            1 => write!(out, "{unit}"),
            _ => write!(out, "{count}{unit}"),
        };
        match *self {
            Frequency::BusinessDays(Week::MONDAY_TO_FRIDAY) => write!(out, "B"),
            Frequency::BusinessDays(week) => {
                // In the order of the calendar, from the day after the weekend on.
                let begin =
                    (0..7).find(|&day| week.0 & 1 << day != 0 && week.0 & 1 << ((day + 6) % 7) == 0).unwrap_or(0);
                let days = (begin..begin + 7).map(|day| day % 7).filter(|day| week.0 & 1 << day != 0);
                write!(out, "B:{}", days.map(|day| Week::NAMES[day]).collect::<String>())
            }
            Frequency::Step(step) => write!(out, "{step}"),
            Frequency::Months { count, on } => {
                let unit = match on {
                    MonthDay::Same => "M",
                    MonthDay::Day(day) => &format!("M:{day}"),
                    MonthDay::End => "ME",
                    MonthDay::BusinessEnd => "BME",
                    MonthDay::BusinessStart => "BMS",
                };
                counted(out, count.into(), unit)
            }
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

    /// Reads a count and a unit: `15min`, `h`, `D`, `B` (Monday to Friday), `B:SunMonTueWedThu`, `W`, `M`, `M:30` (on
    /// the 30th), `ME` (ends of months), `BME` and `BMS` (their last and first business days), `Q`, `Y`; or the
    /// distance of plain numbers.
    fn from_str(text: &str) -> Result<Self> {
        let refused =
            || Error::config("freq", text, "a count and us, s, min, h, D, B, W, M, ME, BME, Q or Y, or a number");
        let text = text.trim();
        if let Ok(step) = text.parse::<f64>() {
            return if step > 0.0 && step.is_finite() { Ok(Frequency::Step(step)) } else { Err(refused()) };
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = text.split_at(digits);
        let count: i64 = if count.is_empty() { 1 } else { count.parse().map_err(|_| refused())? };
        let fixed = |unit: i64| count.checked_mul(unit).filter(|&step| step > 0).map(Frequency::Fixed);
        let months = |unit: i64, on| {
            let count = count.checked_mul(unit).and_then(|count| i32::try_from(count).ok());
            count.filter(|&count| count > 0).map(|count| Frequency::Months { count, on })
        };
        let day = || unit.strip_prefix("M:")?.parse().ok().filter(|day| (1..=31).contains(day)).map(MonthDay::Day);
        let found = match unit {
            "us" => fixed(1),
            "s" | "S" => fixed(SECOND),
            "min" | "T" => fixed(MINUTE),
            "h" | "H" => fixed(HOUR),
            "D" | "d" => fixed(DAY),
            "W" | "w" => fixed(7 * DAY),
            "M" | "MS" => months(1, MonthDay::Same),
            "ME" => months(1, MonthDay::End),
            "BM" | "BME" => months(1, MonthDay::BusinessEnd),
            "BMS" => months(1, MonthDay::BusinessStart),
            "Q" | "QS" => months(3, MonthDay::Same),
            "QE" => months(3, MonthDay::End),
            "BQE" => months(3, MonthDay::BusinessEnd),
            "Y" | "YS" => months(12, MonthDay::Same),
            "YE" => months(12, MonthDay::End),
            "BYE" => months(12, MonthDay::BusinessEnd),
            "B" if count == 1 => Some(Frequency::BusinessDays(Week::MONDAY_TO_FRIDAY)),
            _ => match unit.strip_prefix("B:").filter(|_| count == 1) {
                Some(days) => Week::parse(days).map(Frequency::BusinessDays),
                None => day().and_then(|day| months(1, day)),
            },
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
        let parsed: Vec<_> = times.iter().map(|time| parse_civil(time).unwrap()).collect();
        (parsed.iter().map(|(parsed, _)| parsed.local).collect(), Style::Civil(parsed[0].1.clone()))
    }

    #[track_caller]
    fn infers(times: &[&str], expected: &str) {
        let (stamps, style) = stamps(times);
        let frequency = Frequency::infer(&stamps, &style).unwrap();
        assert_eq!(frequency.to_string(), expected, "{times:?}");
        assert_eq!(frequency, expected.parse().unwrap());
        for (n, &stamp) in stamps.iter().enumerate() {
            let n = n as i64;
            assert_eq!(frequency.at(stamps[0], n).map(|at| style.print(at, 0)), Some(style.print(stamp, 0)), "{n}");
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
        let week = ["2023-01-01", "2023-01-02", "2023-01-03", "2023-01-04", "2023-01-05", "2023-01-08", "2023-01-09"];
        infers(&week, "B:SunMonTueWedThu");
        infers(&["2023-01-31", "2023-02-28", "2023-03-31", "2023-04-28", "2023-05-31"], "BME");
        infers(&["2023-01-02", "2023-02-01", "2023-03-01", "2023-04-03", "2023-05-01"], "BMS");
        infers(&["2023-02-28", "2023-03-30", "2023-04-30", "2023-05-30"], "M:30");
        infers(&["2024-05-01 00:00:00.5", "2024-05-01 00:00:00.75"], "250000us");
    }

    #[test]
    fn the_last_days_of_months_differ_from_the_same_day() {
        let (end, style) = stamps(&["2024-02-29", "2024-03-31"]);
        let frequency = Frequency::infer(&end, &style).unwrap();
        assert_eq!(style.print(frequency.at(end[0], 2).unwrap(), 0), "2024-04-30");
        let (same, _) = stamps(&["2024-02-28", "2024-03-28"]);
        let frequency = Frequency::infer(&same, &style).unwrap();
        assert_eq!(style.print(frequency.at(same[0], 2).unwrap(), 0), "2024-04-28");
    }

    #[test]
    fn numbers_may_be_rounded_but_not_out_of_step() {
        let numbers = |texts: &[&str]| texts.iter().map(|text| parse_number(text).unwrap()).collect::<Vec<_>>();
        let years = numbers(&["1749.042", "1749.125", "1749.208", "1749.292", "1749.375"]);
        let frequency = Frequency::infer(&years, &Style::Number).unwrap();
        for (n, &year) in years.iter().enumerate() {
            assert_eq!(frequency.steps(years[0], year), (n as i64, true));
        }
        assert!(!frequency.steps(years[0], parse_number("1749.08").unwrap()).1);
        let gap = numbers(&["1", "2", "3", "5"]);
        assert_eq!(Frequency::infer(&gap, &Style::Number), Some(Frequency::Step(1.0)));
        assert_eq!(Frequency::Step(1.0).steps(gap[0], gap[3]), (4, true));
    }

    #[test]
    fn the_majority_decides_and_too_few_say_nothing() {
        let (gap, style) = stamps(&["2024-01-01", "2024-01-02", "2024-01-05", "2024-01-06"]);
        assert_eq!(Frequency::infer(&gap, &style), Some(Frequency::Fixed(DAY)));
        assert_eq!(Frequency::infer(&gap[..1], &style), None);
        assert_eq!(Frequency::infer(&[gap[0]; 3], &style), None);
    }

    #[test]
    fn times_beyond_all_measure_are_no_panic() {
        let far = [-9_000_000_000_000_000_000, 0, 9_000_000_000_000_000_000];
        let frequency = Frequency::infer(&far, &Style::Number).unwrap();
        assert_eq!([0, 1, 2].map(|n| frequency.steps(far[0], far[n])), [(0, true), (1, true), (2, true)]);
        let daily: Frequency = "D".parse().unwrap();
        assert!(!daily.steps(i64::MIN, i64::MAX).1);
    }

    #[test]
    fn a_known_frequency_fits_few_rows() {
        let (week, _) = stamps(&["2024-02-19", "2024-02-20", "2024-02-21", "2024-02-22", "2024-02-23"]);
        let fits = |text: &str| text.parse::<Frequency>().unwrap().fits(&week);
        assert!(fits("B") && fits("D") && !fits("h") && !fits("W") && !fits("M"));
        assert!(
            Frequency::Step(0.083).agrees(Frequency::Step(0.0833))
                && !Frequency::Step(60.0).agrees(Frequency::Step(3600.0))
        );
    }

    #[test]
    fn seasons_and_refusals() {
        let season = |text: &str| text.parse::<Frequency>().unwrap().season();
        assert_eq!(
            ["h", "15min", "min", "s", "D", "W", "M", "Q", "Y", "B", "2"].map(season),
            [24, 96, 60, 60, 7, 52, 12, 4, 1, 5, 1]
        );
        for bad in [
            "",
            "x",
            "0D",
            "-1",
            "0",
            "nan",
            "99999999999999999999h",
            "9223372036854775807W",
            "2B",
            "B:",
            "B:Mo",
            "M:32",
        ] {
            assert!(bad.parse::<Frequency>().is_err(), "{bad}");
        }
    }
}
