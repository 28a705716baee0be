//! How far apart the times of a series stand.

mod days;
mod infer;
#[cfg(test)]
mod tests;
mod text;

pub use days::{MonthDay, Week};

use super::stamp::{DAY, HOUR, MINUTE, SECOND, Stamp, civil, stamp};
use jiff::Span;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

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

impl Frequency {
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

/// Months from year 0 on.
fn month(time: DateTime) -> i64 {
    i64::from(time.year()) * 12 + i64::from(time.month())
}
