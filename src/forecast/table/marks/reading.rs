//! The ways to read numbers.

use super::digits::Digits;
use super::mark::{Thousands, mark};

/// One way to read numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    pub decimal: u8,
    pub thousands: Thousands,
}

/// The ways to read numbers, the plainest first. A set of them is a mask of their places.
pub const READINGS: [Reading; 8] = {
    const fn reading(decimal: u8, thousands: Thousands) -> Reading {
        Reading { decimal, thousands }
    }
    [
        reading(b'.', Thousands::None),
        reading(b',', Thousands::None),
        reading(b'.', Thousands::Comma),
        reading(b',', Thousands::Point),
        reading(b'.', Thousands::Space),
        reading(b',', Thousands::Space),
        reading(b'.', Thousands::Apostrophe),
        reading(b',', Thousands::Apostrophe),
    ]
};
/// All of [`READINGS`].
pub const EVERY: u8 = 0xff;
/// Those of a decimal point.
pub const POINT: u8 = 0b0101_0101;

impl Reading {
    /// What a mark is under this reading: decimal, or a part of a grouped number, or neither.
    pub fn is_decimal(self, mark: Thousands) -> bool {
        matches!((self.decimal, mark), (b'.', Thousands::Point) | (b',', Thousands::Comma))
    }

    fn takes(self, number: &Digits) -> bool {
        let (marks, groups) = (&number.marks[..], &number.groups[..]);
        let (marks, groups) = match marks.last() {
            Some(&last) if self.is_decimal(last) => (&marks[..marks.len() - 1], &groups[..groups.len() - 1]),
            _ => (marks, groups),
        };
        if marks.is_empty() || number.exponent {
            return marks.is_empty();
        }
        let middle = &groups[1..groups.len() - 1];
        let even = middle.iter().all(|&digits| digits == 3)
            // The Indian system: thousands, then groups of two.
            || self.thousands == Thousands::Comma && groups[0] <= 2 && middle.iter().all(|&digits| digits == 2);
        marks.iter().all(|&mark| mark == self.thousands)
            && (1..=3).contains(&groups[0])
            && !number.zero
            && even
            && groups[groups.len() - 1] == 3
    }

    /// The number with a point and no other marks, as Rust reads it.
    pub fn plain(self, text: &str) -> String {
        let kept = text.chars().filter(|&character| mark(character).is_none_or(|mark| self.is_decimal(mark)));
        kept.map(|character| if character == char::from(self.decimal) { '.' } else { character }).collect()
    }

    /// Whether a number is written so.
    pub fn reads(self, text: &str) -> bool {
        Digits::of(text).is_some_and(|number| self.takes(&number))
    }
}

/// The readings that take a number.
pub fn readings(number: &Digits) -> u8 {
    select(EVERY, |reading| reading.takes(number))
}

/// Whether a field is a number, under some reading.
pub fn is_number(text: &str) -> bool {
    Digits::of(text).is_some_and(|digits| readings(&digits) != 0) || text.trim().parse::<f64>().is_ok()
}

/// The readings of a set for which `kept` holds.
pub fn select(readings: u8, kept: impl Fn(Reading) -> bool) -> u8 {
    (0..READINGS.len())
        .filter(|&place| readings & 1 << place != 0 && kept(READINGS[place]))
        .map(|place| 1 << place)
        .sum()
}
