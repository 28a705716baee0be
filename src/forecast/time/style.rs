//! How times are read and written.

use super::stamp::{Stamp, civil, stamp};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Parts of a number or of a second.
const MILLION: f64 = 1e6;

/// How the times of a table are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// There is no time column: rows are counted from 0.
    Row,
    /// Plain numbers.
    Number,
    /// ISO 8601 dates and times.
    Civil {
        /// The smallest unit written.
        precision: Precision,
        /// What stands between date and time: `T` or a space.
        separator: char,
        /// Whether times carry an offset. They are then kept, and written, in UTC.
        utc: bool,
    },
}

/// The smallest unit that a written time has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 2024-02
    Month,
    /// 2024-02-29
    Day,
    /// 2024-02-29 13:00
    Minute,
    /// 2024-02-29 13:00:00
    Second,
    /// 2024-02-29 13:00:00.250000
    Micro,
}

/// Reads `YYYY-MM[-DD[(T| )hh:mm[:ss[.f]]][Z|(+|-)hh[:mm]]]`; `/` may stand for `-` in the date.
pub fn parse_civil(text: &str) -> Option<(Stamp, Style)> {
    let mut rest = text.trim();
    let year = digits(&mut rest, 4)?;
    let dash = rest.chars().next().filter(|&mark| mark == '-' || mark == '/')?;
    rest = &rest[1..];
    let month = digits(&mut rest, 2)?;
    let mut precision = Precision::Month;
    let day = if take(&mut rest, dash) {
        precision = Precision::Day;
        digits(&mut rest, 2)?
    } else {
        1
    };
    let separator = if rest.starts_with('T') { 'T' } else { ' ' };
    let (mut of_day, mut utc) = (0, false);
    if precision == Precision::Day && take(&mut rest, separator) {
        let (hour, minute) = (digits(&mut rest, 2)?, take(&mut rest, ':').then(|| digits(&mut rest, 2))??);
        precision = Precision::Minute;
        let (mut second, mut micro) = (0, 0);
        if take(&mut rest, ':') {
            precision = Precision::Second;
            second = digits(&mut rest, 2)?;
            if take(&mut rest, '.') {
                (precision, micro) = (Precision::Micro, fraction(&mut rest)?);
            }
        }
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        of_day = ((hour * 60 + minute) * 60 + second) * 1_000_000 + micro;
        let offset = offset(&mut rest)?;
        utc = offset.is_some();
        of_day -= offset.unwrap_or(0) * 60_000_000;
    }
    let date = Date::new(year as i16, month as i8, day as i8).ok().filter(|_| rest.is_empty())?;
    let stamp = stamp(date.at(0, 0, 0, 0)) + of_day;
    Some((stamp, Style::Civil { precision, separator, utc }))
}

/// Reads a number as a time.
pub fn parse_number(text: &str) -> Option<Stamp> {
    let number: f64 = text.trim().parse().ok()?;
    let stamp = (number * MILLION).round();
    (stamp.abs() < 2f64.powi(63)).then_some(stamp as Stamp)
}

impl Style {
    /// Reads a time that is written in this style, more or less finely.
    pub fn parse(self, text: &str) -> Option<Stamp> {
        match self {
            Style::Row | Style::Number => parse_number(text),
            Style::Civil { .. } => parse_civil(text).map(|(stamp, _)| stamp),
        }
    }

    /// Writes a time.
    pub fn print(self, stamp: Stamp) -> String {
        let Style::Civil { precision, separator, utc } = self else { return (stamp as f64 / MILLION).to_string() };
        let Some(civil) = civil(stamp) else { return format!("{stamp} us") };
        let (year, month, day) = (civil.year(), civil.month(), civil.day());
        let mut text = format!("{year:04}-{month:02}");
        if precision >= Precision::Day {
            text += &format!("-{day:02}");
        }
        if precision >= Precision::Minute {
            text += &format!("{separator}{:02}:{:02}", civil.hour(), civil.minute());
        }
        if precision >= Precision::Second {
            text += &format!(":{:02}", civil.second());
        }
        if precision >= Precision::Micro {
            text += &format!(".{:06}", civil.subsec_nanosecond() / 1000);
        }
        if utc && precision >= Precision::Minute {
            text.push('Z');
        }
        text
    }

    /// The style that can write times of both.
    pub fn finer(self, other: Style) -> Style {
        match (self, other) {
            (Style::Civil { precision: a, separator, utc }, Style::Civil { precision: b, separator: other, .. }) => {
                let separator = if a >= Precision::Minute { separator } else { other };
                Style::Civil { precision: a.max(b), separator, utc }
            }
            _ => self,
        }
    }
}

/// Takes exactly `count` digits off the front.
fn digits(rest: &mut &str, count: usize) -> Option<i64> {
    let (number, after) = rest.split_at_checked(count)?;
    *rest = after;
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())?
}

/// Takes a character off the front, if it is there.
fn take(rest: &mut &str, mark: char) -> bool {
    rest.strip_prefix(mark).map(|after| *rest = after).is_some()
}

/// Takes the digits of a fraction of a second off the front: microseconds, cut.
fn fraction(rest: &mut &str) -> Option<i64> {
    let count = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, after) = rest.split_at(count);
    *rest = after;
    format!("{number:0<6.6}").parse().ok().filter(|_| count > 0)
}

/// Takes `Z` or an offset from UTC off the front, in minutes; `Some(None)` where there is none.
fn offset(rest: &mut &str) -> Option<Option<i64>> {
    let sign = match rest.chars().next() {
        None => return Some(None),
        Some('Z' | 'z') => {
            *rest = &rest[1..];
            return Some(Some(0));
        }
        Some('+') => 1,
        Some('-') => -1,
        Some(_) => return None,
    };
    *rest = &rest[1..];
    let hours = digits(rest, 2)?;
    take(rest, ':');
    let minutes = if rest.is_empty() { 0 } else { digits(rest, 2)? };
    Some(Some(sign * (60 * hours + minutes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(text: &str) -> String {
        let (stamp, style) = parse_civil(text).unwrap_or_else(|| panic!("{text} is a time"));
        style.print(stamp)
    }

    #[test]
    fn times_are_written_as_they_were_read() {
        let times = ["1749-01", "2024-02-29", "1960-12-31 23:59", "2016-07-01T00:00:00", "0033-04-03 15:00:00.250000"];
        for text in times {
            assert_eq!(again(text), text);
        }
        assert_eq!(again("2024/02/29 07:30"), "2024-02-29 07:30");
        assert_eq!(again("2024-01-01T00:30+02:00"), "2023-12-31T22:30Z");
        assert_eq!(again("2024-01-01 00:30:00.5-0130"), "2024-01-01 02:00:00.500000Z");
        assert_eq!(parse_civil("1970-01-02").unwrap().0, 86_400_000_000);
        assert_eq!(Style::Number.print(parse_number("1749.25").unwrap()), "1749.25");
        assert_eq!(Style::Row.print(parse_number("-3").unwrap()), "-3");
    }

    #[test]
    fn what_is_no_time_is_none() {
        let texts = [
            "",
            "2024",
            "2024-13",
            "2023-02-29",
            "24-01-01",
            "2024-1-1",
            "2024-01/01",
            "2024-01-01 24:00",
            "2024-01-01 12",
            "2024-01-01 12:0",
            "2024-01-01x",
            "01.02.2024",
            "2024-01-01 12:00:00.",
            "2024-01-01 12:00 CET",
            "\u{661}024-01-01",
        ];
        for text in texts {
            assert_eq!(parse_civil(text), None, "{text}");
        }
        for text in ["", "x", "1e30", "nan"] {
            assert_eq!(parse_number(text), None, "{text}");
        }
    }

    #[test]
    fn the_finer_style_writes_both() {
        let [day, second] = ["2024-01-01", "2024-01-01T06:00:00"].map(|text| parse_civil(text).unwrap().1);
        assert_eq!(day.finer(second), second);
        assert_eq!(second.finer(day), second);
    }
}
