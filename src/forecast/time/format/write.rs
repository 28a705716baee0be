//! Times written in a format.

use super::item::{Case, Item, Length, Width, Zone};
use super::names::{MONTHS, WEEKDAYS};
use crate::forecast::time::stamp::Stamp;
use jiff::civil::DateTime;

/// Writes an item of a time by the clock on the wall, `offset` minutes ahead of UTC.
pub fn write(item: Item, time: DateTime, local: Stamp, offset: i16) -> String {
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
