//! What a format is made of.

use super::epoch::Unit;

/// A part of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
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
pub enum Width {
    Two,
    Least,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    Three,
    Full,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    Title,
    Upper,
    Lower,
}

/// How an offset is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// +0100
    Plain,
    /// +01:00
    Colon,
    /// Z, or +01:00
    Zulu,
}

impl Item {
    /// Whether it is written in digits alone.
    pub fn is_digits(self) -> bool {
        use Item::*;
        !matches!(self, Mark(_) | MonthName(..) | Half(_) | Offset(_) | Weekday(..))
    }
}
