//! How a written time is composed: the formats of `strftime`, read and written.

mod epoch;
mod item;
mod names;
mod parsed;
mod read;
mod strftime;
#[cfg(test)]
mod tests;
mod write;

pub(super) use epoch::Unit;
pub(super) use item::{Case, Item, Length, Width, Zone};
pub(super) use names::{is_month, is_weekday};
pub use parsed::Parsed;

use super::stamp::{Stamp, civil};
use read::read;
use serde::{Deserialize, Serialize};
use write::write;

/// A format of times, as `strftime` has them: `%d/%m/%Y`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Format {
    pub(super) items: Vec<Item>,
}

impl Format {
    pub(super) fn of(items: impl IntoIterator<Item = Item>) -> Self {
        Format { items: items.into_iter().collect() }
    }

    /// Reads a time. It may end before the format does, where a mark would come: 2024-01-01 under `%Y-%m-%d %H:%M`. But
    /// for an offset: a time without one is no time under a format that has it.
    pub fn parse(&self, text: &str) -> Option<Parsed> {
        read(&self.items, text)
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

    /// Whether times have hours: else they are days, or longer.
    #[cfg(feature = "parquet")]
    pub fn has_hours(&self) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Hour(_) | Item::Hour12(_) | Item::Epoch(_)))
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
