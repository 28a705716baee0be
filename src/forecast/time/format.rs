//! How a written time is composed: the formats of `strftime`, read and written.

use super::stamp::{Stamp, civil, stamp};
use jiff::civil::{Date, DateTime, ISOWeekDate, Weekday};
use serde::{Deserialize, Serialize};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/// Microseconds.
const SECOND: i64 = 1_000_000;

/// A format of times, as `strftime` has them: `%d/%m/%Y`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Format {
    pub(super) items: Vec<Item>,
}

/// A part of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A character that stands for itself; a space also for several.
    Mark(char),
    Year,
    ShortYear,
    /// Of two digits, or of one where that suffices.
    Month(Width),
    MonthName(Length, Case),
    Day(Width),
    Hour(Width),
    /// From 1 to 12.
    Hour12(Width),
    Minute,
    Second,
    /// Of a second, so many digits.
    Fraction(u8),
    /// AM or PM.
    Half(Case),
    /// From UTC.
    Offset(Zone),
    Weekday(Length, Case),
    Quarter,
    WeekYear,
    Week,
    WeekDay,
    DayOfYear,
    /// Since 1970, of so many digits less than microseconds.
    Epoch(Unit),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    Two,
    Least,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    Three,
    Full,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Title,
    Upper,
    Lower,
}

/// How an offset is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    /// +0100
    Plain,
    /// +01:00
    Colon,
    /// Z, or +01:00
    Zulu,
}

/// The unit of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

/// A time that was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// By the clock on the wall.
    pub local: Stamp,
    /// Minutes ahead of UTC.
    pub offset: Option<i16>,
    /// Whether days and months are written with one digit where that suffices.
    short_date: bool,
    short_hour: bool,
    /// Digits of the second's fraction.
    fraction: u8,
}

/// The parts of a time on its way in.
struct Fields {
    year: Option<i16>,
    month: i8,
    day: i8,
    hour: i64,
    half: Option<bool>,
    rest: i64,
    week: Option<(i8, i8)>,
    day_of_year: Option<i16>,
    epoch: Option<i64>,
}

impl Item {
    fn is_digits(self) -> bool {
        use Item::*;
        !matches!(self, Mark(_) | MonthName(..) | Half(_) | Offset(_) | Weekday(..))
    }
}

impl Format {
    pub(super) fn of(items: impl IntoIterator<Item = Item>) -> Self {
        Format { items: items.into_iter().collect() }
    }

    /// Reads a time. It may end before the format does, where a mark would come: 2024-01-01 under `%Y-%m-%d %H:%M`.
    pub fn parse(&self, text: &str) -> Option<Parsed> {
        let mut rest = text.trim();
        let mut found = Parsed::default();
        let mut fields = Fields {
            year: None,
            month: 1,
            day: 1,
            hour: 0,
            half: None,
            rest: 0,
            week: None,
            day_of_year: None,
            epoch: None,
        };
        for (place, &item) in self.items.iter().enumerate() {
            if rest.is_empty() && place > 0 {
                if matches!(item, Item::Mark(_)) && fields.year.is_some() {
                    break;
                }
                return None;
            }
            let beside = [place.checked_sub(1), Some(place + 1)];
            let tight =
                beside.into_iter().flatten().any(|place| self.items.get(place).is_some_and(|item| item.is_digits()));
            fields.take(item, &mut rest, tight, &mut found)?;
        }
        found.local = fields.stamp().filter(|_| rest.is_empty())?;
        Some(found)
    }

    /// Writes a time by the clock on the wall, `offset` minutes ahead of UTC.
    pub fn print(&self, local: Stamp, offset: i16) -> String {
        let Some(time) = civil(local) else { return format!("{local} us") };
        self.items.iter().map(|item| write(*item, time, local, offset)).collect()
    }

    /// This format, but digits are left out, and fractions of a second written, as they were in `found`.
    pub fn as_written(mut self, found: &Parsed) -> Self {
        for item in &mut self.items {
            match item {
                Item::Month(width) | Item::Day(width) if found.short_date => *width = Width::Least,
                Item::Hour(width) | Item::Hour12(width) if found.short_hour => *width = Width::Least,
                Item::Fraction(digits) => *digits = (*digits).max(found.fraction),
                _ => {}
            }
        }
        self
    }

    /// Whether times carry an offset from UTC.
    pub fn has_offset(&self) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Offset(_)))
    }

    /// Whether its times are numbers too.
    pub fn is_number(&self) -> bool {
        self.items.iter().all(|item| item.is_digits())
    }

    /// Whether its times count from 1970.
    pub fn is_epoch(&self) -> bool {
        matches!(self.items[..], [Item::Epoch(_)])
    }

    /// Whether the times of `other` begin as these do, and say more.
    pub fn begins(&self, other: &Self) -> bool {
        let same = |(a, b): (&Item, &Item)| {
            let kind = |item: &Item| match *item {
                Item::Month(_) => Item::Month(Width::Two),
                Item::Day(_) => Item::Day(Width::Two),
                Item::Hour(_) => Item::Hour(Width::Two),
                Item::Fraction(_) => Item::Fraction(0),
                other => other,
            };
            kind(a) == kind(b)
        };
        self.items.len() <= other.items.len()
            && self.has_offset() == other.has_offset()
            && self.items.iter().zip(&other.items).all(same)
    }
}

impl Parsed {
    /// A time that is not written in a format.
    pub fn at(local: Stamp) -> Self {
        Parsed { local, ..Parsed::default() }
    }

    /// What both show of how times are written.
    pub fn and(self, other: &Parsed) -> Self {
        Parsed {
            short_date: self.short_date || other.short_date,
            short_hour: self.short_hour || other.short_hour,
            fraction: self.fraction.max(other.fraction),
            ..self
        }
    }
}

impl Fields {
    fn take(&mut self, item: Item, rest: &mut &str, tight: bool, found: &mut Parsed) -> Option<()> {
        let least = if tight { 2 } else { 1 };
        match item {
            Item::Mark(' ') => {
                let after = rest.trim_start();
                if after.len() == rest.len() {
                    return None;
                }
                *rest = after;
            }
            Item::Mark(mark) => *rest = rest.strip_prefix(mark)?,
            Item::Year => self.year = Some(digits(rest, 4, 4)?.0 as i16),
            Item::ShortYear => {
                let year = digits(rest, 2, 2)?.0 as i16;
                self.year = Some(if year < 69 { 2000 + year } else { 1900 + year });
            }
            Item::Month(_) | Item::Day(_) | Item::Hour(_) | Item::Hour12(_) => {
                let (number, count) = digits(rest, least, 2)?;
                match item {
                    Item::Month(_) => self.month = number as i8,
                    Item::Day(_) => self.day = number as i8,
                    _ => self.hour = number,
                }
                match item {
                    Item::Month(_) | Item::Day(_) => found.short_date |= count == 1,
                    _ => found.short_hour |= count == 1,
                }
                let most = if matches!(item, Item::Hour12(_)) { 12 } else { 23 };
                if self.hour > most || matches!(item, Item::Hour12(_)) && self.hour == 0 {
                    return None;
                }
            }
            Item::MonthName(..) => self.month = 1 + name(rest, &MONTHS)? as i8,
            Item::Weekday(..) => drop(name(rest, &WEEKDAYS)?),
            Item::Minute | Item::Second => {
                let number = digits(rest, 2, 2)?.0;
                if number > 59 {
                    return None;
                }
                self.rest += number * if item == Item::Minute { 60 * SECOND } else { SECOND };
            }
            Item::Fraction(_) => {
                let count = rest.bytes().take_while(u8::is_ascii_digit).count();
                let (number, after) = rest.split_at(count);
                self.rest += format!("{number:0<6.6}").parse::<i64>().ok().filter(|_| count > 0)?;
                found.fraction = count.min(9) as u8;
                *rest = after;
            }
            Item::Half(_) => {
                let text = rest.get(..2)?;
                self.half = Some(match text.to_ascii_lowercase().as_str() {
                    "am" => false,
                    "pm" => true,
                    _ => return None,
                });
                *rest = &rest[2..];
            }
            Item::Offset(_) => found.offset = Some(offset(rest)?),
            Item::Quarter => {
                let quarter = digits(rest, 1, 1)?.0;
                self.month = (1..=4).contains(&quarter).then_some(3 * quarter as i8 - 2)?;
            }
            Item::WeekYear => self.year = Some(digits(rest, 4, 4)?.0 as i16),
            Item::Week => self.week = Some((digits(rest, 2, 2)?.0 as i8, 1)),
            Item::WeekDay => {
                let day = digits(rest, 1, 1)?.0 as i8;
                self.week = Some((self.week?.0, day));
            }
            Item::DayOfYear => self.day_of_year = Some(digits(rest, 3, 3)?.0 as i16),
            Item::Epoch(unit) => {
                self.epoch = Some(unit.parse(rest)?);
                *rest = "";
            }
        }
        Some(())
    }

    fn stamp(self) -> Option<Stamp> {
        if let Some(epoch) = self.epoch {
            return civil(epoch).map(|_| epoch);
        }
        let year = self.year?;
        let date = match (self.week, self.day_of_year) {
            (Some((week, day)), _) => {
                ISOWeekDate::new(year, week, Weekday::from_monday_one_offset(day).ok()?).ok()?.date()
            }
            (None, Some(day)) => {
                let first = Date::new(year, 1, 1).ok()?;
                (1..=first.days_in_year()).contains(&day).then(|| first.with().day_of_year(day).build().ok())??
            }
            (None, None) => Date::new(year, self.month, self.day).ok()?,
        };
        let hour = match self.half {
            None => self.hour,
            Some(afternoon) => self.hour % 12 + if afternoon { 12 } else { 0 },
        };
        Some(stamp(date.at(0, 0, 0, 0)) + hour * 3600 * SECOND + self.rest)
    }
}

impl Unit {
    pub(super) const ALL: [(&'static str, Unit); 4] =
        [("epoch-s", Unit::Seconds), ("epoch-ms", Unit::Millis), ("epoch-us", Unit::Micros), ("epoch-ns", Unit::Nanos)];

    fn parse(self, text: &str) -> Option<i64> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let count: i64 = whole.parse().ok()?;
        let part = if part.is_empty() || part.bytes().all(|byte| byte.is_ascii_digit()) { part } else { return None };
        match self {
            Unit::Seconds => {
                let micros: i64 = format!("{part:0<6.6}").parse().ok()?;
                let seconds = count.checked_mul(SECOND)?;
                seconds.checked_add(if whole.starts_with('-') { -micros } else { micros })
            }
            _ if part.bytes().any(|byte| byte != b'0') => None,
            Unit::Millis => count.checked_mul(1000),
            Unit::Micros => Some(count),
            Unit::Nanos => Some(count.div_euclid(1000)),
        }
    }

    fn print(self, stamp: Stamp) -> String {
        match self {
            Unit::Seconds if stamp % SECOND != 0 => (stamp as f64 / SECOND as f64).to_string(),
            Unit::Seconds => (stamp / SECOND).to_string(),
            Unit::Millis => (stamp.div_euclid(1000)).to_string(),
            Unit::Micros => stamp.to_string(),
            Unit::Nanos => (i128::from(stamp) * 1000).to_string(),
        }
    }
}

fn write(item: Item, time: DateTime, local: Stamp, offset: i16) -> String {
    let number = |number: i64, width| match width {
        Width::Two => format!("{number:02}"),
        Width::Least => number.to_string(),
    };
    let week = || time.date().iso_week_date();
    let hour = i64::from(time.hour());
    match item {
        Item::Mark(mark) => mark.to_string(),
        Item::Year => format!("{:04}", time.year()),
        Item::ShortYear => format!("{:02}", time.year().rem_euclid(100)),
        Item::Month(width) => number(time.month().into(), width),
        Item::MonthName(length, case) => word(MONTHS[time.month() as usize - 1], length, case),
        Item::Day(width) => number(time.day().into(), width),
        Item::Hour(width) => number(hour, width),
        Item::Hour12(width) => number((hour + 11) % 12 + 1, width),
        Item::Minute => format!("{:02}", time.minute()),
        Item::Second => format!("{:02}", time.second()),
        Item::Fraction(digits) => {
            let all = format!("{:09}", time.subsec_nanosecond());
            all[..usize::from(digits).clamp(1, 9)].to_owned()
        }
        Item::Half(case) => word(if hour < 12 { "Am" } else { "Pm" }, Length::Full, case),
        Item::Offset(Zone::Zulu) if offset == 0 => "Z".to_owned(),
        Item::Offset(zone) => {
            let (sign, size) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
            let colon = if zone == Zone::Plain { "" } else { ":" };
            format!("{sign}{:02}{colon}{:02}", size / 60, size % 60)
        }
        Item::Weekday(length, case) => word(WEEKDAYS[time.weekday().to_monday_zero_offset() as usize], length, case),
        Item::Quarter => ((time.month() + 2) / 3).to_string(),
        Item::WeekYear => format!("{:04}", week().year()),
        Item::Week => format!("{:02}", week().week()),
        Item::WeekDay => time.weekday().to_monday_one_offset().to_string(),
        Item::DayOfYear => format!("{:03}", time.day_of_year()),
        Item::Epoch(unit) => unit.print(local),
    }
}

fn word(name: &str, length: Length, case: Case) -> String {
    let name = if length == Length::Three { &name[..3] } else { name };
    match case {
        Case::Title => name.to_owned(),
        Case::Upper => name.to_uppercase(),
        Case::Lower => name.to_lowercase(),
    }
}

/// Takes from `least` to `most` digits off the front: the number, and how many there were.
fn digits(rest: &mut &str, least: usize, most: usize) -> Option<(i64, usize)> {
    let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (number, after) = rest.split_at(count);
    *rest = after;
    (count >= least).then(|| number.parse().ok().map(|number| (number, count)))?
}

/// Takes a name, whole or its first three letters, off the front.
fn name(rest: &mut &str, names: &[&str]) -> Option<usize> {
    let count = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (found, after) = rest.split_at(count);
    *rest = after;
    index(found, names)
}

/// The place of a name, whole or its first three letters, among `names`.
pub(super) fn index(found: &str, names: &[&str]) -> Option<usize> {
    let sept = found.eq_ignore_ascii_case("sept").then_some("sep");
    let found = sept.unwrap_or(found);
    names.iter().position(|name| found.eq_ignore_ascii_case(name) || found.eq_ignore_ascii_case(&name[..3]))
}

pub(super) fn is_month(word: &str) -> bool {
    index(word, &MONTHS).is_some()
}

pub(super) fn is_weekday(word: &str) -> bool {
    index(word, &WEEKDAYS).is_some()
}

/// Takes `Z` or an offset from UTC off the front, in minutes.
fn offset(rest: &mut &str) -> Option<i16> {
    if let Some(after) = rest.strip_prefix(['Z', 'z']) {
        *rest = after;
        return Some(0);
    }
    let sign = match rest.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    *rest = &rest[1..];
    let hours = digits(rest, 2, 2)?.0;
    *rest = rest.strip_prefix(':').unwrap_or(rest);
    let minutes = if rest.is_empty() { 0 } else { digits(rest, 2, 2)?.0 };
    (hours < 24 && minutes < 60).then_some(sign * (60 * hours + minutes) as i16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_read_what_they_write() {
        for (format, text) in [
            ("%d/%m/%Y", "27/10/2023"),
            ("%-d/%-m/%Y %-H:%M", "7/1/2023 0:05"),
            ("%b %-d, %Y", "Jan 1, 2024"),
            ("%d-%^b-%y", "01-OCT-23"),
            ("%A, %d %B %Y", "Monday, 01 January 2024"),
            ("%Y%m%d", "20240229"),
            ("%YQ%q", "2020Q4"),
            ("%G-W%V", "2020-W53"),
            ("%G-W%V-%u", "2021-W01-7"),
            ("%Y-%j", "2024-366"),
            ("%-m/%-d/%Y %-I:%M %p", "1/2/2024 12:30 AM"),
            ("%Y-%m-%d %I:%M:%S %P", "2024-01-02 12:30:00 pm"),
            ("%Y-%m-%dT%H:%M:%S.%3f%:z", "2024-01-02T03:04:05.678+01:00"),
            ("%Y-%m-%dT%H:%M:%S%z", "2024-01-02T03:04:05-0330"),
            ("%F %T", "2024-01-02 03:04:05"),
            ("epoch-s", "1700000000"),
            ("epoch-ms", "1700000000123"),
            ("epoch-ns", "1700000000000001000"),
        ] {
            let read: Format = format.parse().unwrap();
            let parsed = read.parse(text).unwrap_or_else(|| panic!("{text} is {format}"));
            assert_eq!(read.print(parsed.local, parsed.offset.unwrap_or(0)), text);
            assert_eq!(read.to_string().parse::<Format>().unwrap(), read);
            assert_eq!(read.clone().as_written(&parsed), read, "{format}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for (format, text) in [
            ("%d/%m/%Y", "10/27/2023"),
            ("%d/%m/%Y", "27/10/23"),
            ("%Y%m%d", "20240132"),
            ("%Y%m%d", "2024011"),
            ("%YQ%q", "2020Q5"),
            ("%G-W%V", "2021-W53"),
            ("%I:%M %p %Y", "13:00 PM 2024"),
            ("%Y-%m-%d %H:%M", "2024-01-01 24:00"),
            ("%Y-%m-%d", "2024-01-01 12:00"),
            ("%Y-%m-%d %H:%M%z", "2024-01-01 12:00"),
            ("%Y-%j", "2023-366"),
            ("%Y", ""),
        ] {
            assert_eq!(format.parse::<Format>().unwrap().parse(text), None, "{text} under {format}");
        }
        for bad in ["", "%", "%Q", "%d/%m", "x"] {
            assert!(bad.parse::<Format>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_time_may_end_early_and_shows_how_it_is_written() {
        let format: Format = "%Y-%m-%d %H:%M:%S.%f".parse().unwrap();
        assert_eq!(format.parse("2024-01-01").unwrap().local, format.parse("2024-01-01 00:00:00.0").unwrap().local);
        let short = format.parse("2024-1-02 3:00").unwrap();
        assert_eq!(format.as_written(&short).to_string(), "%Y-%-m-%-d %-H:%M:%S.%1f");
        let day: Format = "%Y-%-m-%d".parse().unwrap();
        assert!(day.begins(&"%Y-%m-%d %H:%M".parse().unwrap()) && !day.begins(&"%d-%m-%Y".parse().unwrap()));
    }
}
