//! Times read in a format.

use super::item::Item;
use super::names::{MONTHS, WEEKDAYS, name};
use super::parsed::Parsed;
use crate::forecast::time::stamp::{SECOND, Stamp, civil, stamp};
use jiff::civil::{Date, ISOWeekDate, Weekday};

/// Reads a time; see [`Format::parse`](super::Format::parse).
pub fn read(items: &[Item], text: &str) -> Option<Parsed> {
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
    for (place, &item) in items.iter().enumerate() {
        if rest.is_empty() && place > 0 {
            let offset_follows = || items[place..].iter().any(|item| matches!(item, Item::Offset(_)));
            if matches!(item, Item::Mark(_)) && fields.year.is_some() && !offset_follows() {
                break;
            }
            return None;
        }
        let beside = [place.checked_sub(1), Some(place + 1)];
        let tight = beside.into_iter().flatten().any(|place| items.get(place).is_some_and(|item| item.is_digits()));
        fields.take(item, &mut rest, tight, &mut found)?;
    }
    found.local = fields.stamp().filter(|_| rest.is_empty())?;
    Some(found)
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

/// Takes from `least` to `most` digits off the front: the number, and how many there were.
fn digits(rest: &mut &str, least: usize, most: usize) -> Option<(i64, usize)> {
    let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (number, after) = rest.split_at(count);
    *rest = after;
    (count >= least).then(|| number.parse().ok().map(|number| (number, count)))?
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
