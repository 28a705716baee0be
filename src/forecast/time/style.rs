//! What the times of a table are: numbers, or dates in some format.

use super::format::{Format, Parsed};
use super::guess::candidates;
use super::stamp::Stamp;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Parts of a number or of a second.
const MILLION: f64 = 1e6;

/// How the times of a table are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// There is no time column: rows are counted from 0.
    Row,
    /// Plain numbers.
    Number,
    /// Dates and times.
    Civil(Format),
}

/// Reads a date or a time in any writing that is not ambiguous, with the format that it has.
pub fn parse_civil(text: &str) -> Option<(Parsed, Format)> {
    let candidates = candidates(text);
    let rank = candidates.iter().map(|(rank, _)| *rank).min()?;
    let mut best = candidates.into_iter().filter(|(other, _)| *other == rank);
    let (Some((_, format)), None) = (best.next(), best.next()) else { return None };
    let parsed = format.parse(text)?;
    Some((parsed, format.as_written(&parsed)))
}

/// Reads a number as a time.
pub fn parse_number(text: &str) -> Option<Stamp> {
    let number: f64 = text.trim().parse().ok()?;
    let stamp = (number * MILLION).round();
    (stamp.abs() < 2f64.powi(63)).then_some(stamp as Stamp)
}

impl FromStr for Style {
    type Err = Error;

    /// Reads `number`, or a [`Format`].
    fn from_str(text: &str) -> Result<Self> {
        if text == "number" { Ok(Style::Number) } else { text.parse().map(Style::Civil) }
    }
}

impl Style {
    /// Whether times are dates.
    pub fn is_civil(&self) -> bool {
        matches!(self, Style::Civil(_))
    }

    /// Reads a time that is written in this style, or a date in another that is not ambiguous.
    pub fn parse(&self, text: &str) -> Option<Parsed> {
        match self {
            Style::Row | Style::Number => parse_number(text).map(Parsed::at),
            Style::Civil(format) => format.parse(text).or_else(|| parse_civil(text).map(|(parsed, _)| parsed)),
        }
    }

    /// Writes a time of the wall, `offset` minutes ahead of UTC.
    pub fn print(&self, local: Stamp, offset: i16) -> String {
        match self {
            Style::Row | Style::Number => (local as f64 / MILLION).to_string(),
            Style::Civil(format) => format.print(local, offset),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_they_were_read() {
        for text in ["1749-01", "2024-02-29", "2016-07-01T00:00:00", "0033-04-03 15:00:00.250000", "2024/02/29 07:30"] {
            let (parsed, format) = parse_civil(text).unwrap_or_else(|| panic!("{text} is a time"));
            assert_eq!(Style::Civil(format).print(parsed.local, 0), text);
        }
        assert_eq!(parse_civil("1970-01-02").unwrap().0.local, 86_400_000_000);
        assert_eq!(parse_civil("02/01/1970"), None);
        assert_eq!(Style::Number.print(parse_number("1749.25").unwrap(), 0), "1749.25");
        assert_eq!(Style::Row.print(parse_number("-3").unwrap(), 0), "-3");
        for text in ["", "x", "1e30", "nan"] {
            assert_eq!(parse_number(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_may_be_written_otherwise_than_the_tables() {
        let style = Style::Civil("%d/%m/%Y".parse().unwrap());
        let same = |a: &str, b: &str| assert_eq!(style.parse(a).unwrap().local, style.parse(b).unwrap().local);
        same("02/01/2024", "2024-01-02");
        same("2 Jan 2024", "2024-01-02");
        assert_eq!(style.parse("soon"), None);
    }
}
