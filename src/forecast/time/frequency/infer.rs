//! The frequency that times show.

use super::days::{MonthDay, Week};
use super::{Frequency, SLACK, month};
use crate::forecast::time::stamp::{DAY, Stamp, civil};
use crate::forecast::time::style::Style;
use jiff::civil::DateTime;

/// Times that a frequency is guessed from.
const SAMPLE: usize = 4096;

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
