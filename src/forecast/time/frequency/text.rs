//! Frequencies in words.

use super::Frequency;
use super::days::{MonthDay, Week};
use crate::error::{Error, Result};
use crate::forecast::time::stamp::{DAY, HOUR, MINUTE, SECOND};
use std::fmt;
use std::str::FromStr;

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
