//! The spelling of formats: that of `strftime`, with a quarter (`%q`) and the words for counts since 1970.

use super::Format;
use super::epoch::Unit;
use super::item::{Case, Item, Length, Width, Zone};
use crate::error::{Error, Result};
use std::fmt;
use std::str::FromStr;

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |width| if width == Width::Least { "-" } else { "" };
        let case = |case| match case {
            Case::Title => "",
            Case::Upper => "^",
            Case::Lower => "#",
        };
        for item in &self.items {
            match *item {
                Item::Mark('%') => write!(out, "%%"),
                Item::Mark(mark) => write!(out, "{mark}"),
                Item::Year => write!(out, "%Y"),
                Item::ShortYear => write!(out, "%y"),
                Item::Month(of) => write!(out, "%{}m", width(of)),
                Item::MonthName(length, of) => {
                    write!(out, "%{}{}", case(of), if length == Length::Full { 'B' } else { 'b' })
                }
                Item::Day(of) => write!(out, "%{}d", width(of)),
                Item::Hour(of) => write!(out, "%{}H", width(of)),
                Item::Hour12(of) => write!(out, "%{}I", width(of)),
                Item::Minute => write!(out, "%M"),
                Item::Second => write!(out, "%S"),
                Item::Fraction(digits) => write!(out, "%{digits}f"),
                Item::Half(Case::Lower) => write!(out, "%P"),
                Item::Half(_) => write!(out, "%p"),
                Item::Offset(Zone::Plain) => write!(out, "%z"),
                Item::Offset(Zone::Colon) => write!(out, "%:z"),
                Item::Offset(Zone::Zulu) => write!(out, "%#z"),
                Item::Weekday(length, of) => {
                    write!(out, "%{}{}", case(of), if length == Length::Full { 'A' } else { 'a' })
                }
                Item::Quarter => write!(out, "%q"),
                Item::WeekYear => write!(out, "%G"),
                Item::Week => write!(out, "%V"),
                Item::WeekDay => write!(out, "%u"),
                Item::DayOfYear => write!(out, "%j"),
                Item::Epoch(unit) => {
                    let name = Unit::ALL.into_iter().find(|(_, other)| *other == unit).map_or("", |(name, _)| name);
                    write!(out, "{name}")
                }
            }?;
        }
        Ok(())
    }
}

impl FromStr for Format {
    type Err = Error;

    /// Reads a format of `strftime`, or `epoch-s`, `epoch-ms`, `epoch-us`, `epoch-ns`.
    fn from_str(text: &str) -> Result<Self> {
        if let Some((_, unit)) = Unit::ALL.into_iter().find(|(name, _)| *name == text) {
            return Ok(Format::of([Item::Epoch(unit)]));
        }
        let refused = || {
            let expected =
                "some of %Y %y %m %b %B %d %e %a %A %H %I %M %S %f %p %z %q %G %V %u %j %F %T %s, or epoch-ms";
            Error::config("`ReadOptions::time_format`", text, expected)
        };
        let mut items = Vec::new();
        let mut rest = text.chars();
        while let Some(character) = rest.next() {
            if character != '%' {
                items.push(Item::Mark(if character.is_whitespace() { ' ' } else { character }));
                continue;
            }
            let (mut width, mut case, mut zone, mut count) = (Width::Two, Case::Title, Zone::Plain, None);
            let letter = loop {
                match rest.next().ok_or_else(refused)? {
                    '-' => width = Width::Least,
                    '^' => case = Case::Upper,
                    '#' => (case, zone) = (Case::Lower, Zone::Zulu),
                    ':' => zone = Zone::Colon,
                    '.' => items.push(Item::Mark('.')),
                    digit if digit.is_ascii_digit() => count = digit.to_digit(10),
                    letter => break letter,
                }
            };
            let date = [Item::Year, Item::Mark('-'), Item::Month(Width::Two), Item::Mark('-'), Item::Day(Width::Two)];
            let time = [Item::Hour(Width::Two), Item::Mark(':'), Item::Minute, Item::Mark(':'), Item::Second];
            match letter {
                'Y' => items.push(Item::Year),
                'y' => items.push(Item::ShortYear),
                'm' => items.push(Item::Month(width)),
                'b' | 'h' => items.push(Item::MonthName(Length::Three, case)),
                'B' => items.push(Item::MonthName(Length::Full, case)),
                'd' => items.push(Item::Day(width)),
                'e' => items.push(Item::Day(Width::Least)),
                'H' => items.push(Item::Hour(width)),
                'k' => items.push(Item::Hour(Width::Least)),
                'I' => items.push(Item::Hour12(width)),
                'M' => items.push(Item::Minute),
                'S' => items.push(Item::Second),
                'f' => items.push(Item::Fraction(count.map_or(1, |count| count.clamp(1, 9) as u8))),
                'p' => items.push(Item::Half(Case::Upper)),
                'P' => items.push(Item::Half(Case::Lower)),
                'z' => items.push(Item::Offset(zone)),
                'a' => items.push(Item::Weekday(Length::Three, case)),
                'A' => items.push(Item::Weekday(Length::Full, case)),
                'q' => items.push(Item::Quarter),
                'G' => items.push(Item::WeekYear),
                'V' => items.push(Item::Week),
                'u' => items.push(Item::WeekDay),
                'j' => items.push(Item::DayOfYear),
                's' => items.push(Item::Epoch(Unit::Seconds)),
                'F' => items.extend(date),
                'T' => items.extend(time),
                'R' => items.extend(&time[..3]),
                '%' => items.push(Item::Mark('%')),
                _ => return Err(refused()),
            }
        }
        let whole = |item: &Item| matches!(item, Item::Year | Item::ShortYear | Item::WeekYear | Item::Epoch(_));
        if items.iter().any(whole) { Ok(Format { items }) } else { Err(refused()) }
    }
}

impl From<Format> for String {
    fn from(format: Format) -> String {
        format.to_string()
    }
}

impl TryFrom<String> for Format {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}
