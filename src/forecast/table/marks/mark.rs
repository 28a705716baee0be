//! Marks within numbers.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// What parts groups of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thousands {
    /// Nothing: 1504.
    None,
    /// 1,504; also 12,34,567.
    Comma,
    /// 1.504
    Point,
    /// 1 504, with any of Unicode's spaces that do not break.
    Space,
    /// 1'504 or 1’504
    Apostrophe,
}

/// What is known of the marks of a table; `None` is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// What stands before decimals: `.` or `,`.
    pub decimal: Option<u8>,
    /// What parts thousands.
    pub thousands: Option<Thousands>,
}

/// A mark within a number.
pub fn mark(character: char) -> Option<Thousands> {
    match character {
        ',' => Some(Thousands::Comma),
        '.' => Some(Thousands::Point),
        ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' => Some(Thousands::Space),
        '\'' | '’' => Some(Thousands::Apostrophe),
        _ => None,
    }
}

impl FromStr for Thousands {
    type Err = Error;

    /// Reads the mark itself, `space`, or `none`.
    fn from_str(text: &str) -> Result<Self> {
        let mut characters = text.chars();
        match (text, characters.next().and_then(mark), characters.next()) {
            ("none", ..) => Ok(Thousands::None),
            ("space", ..) => Ok(Thousands::Space),
            (_, Some(mark), None) => Ok(mark),
            _ => Err(Error::config("thousands", text, "`,`, `.`, `'`, space or none")),
        }
    }
}

impl Thousands {
    /// Its place in a set of marks.
    pub fn bit(self) -> u8 {
        1 << self as u8
    }
}
