//! A time that was read, and how it was written.

use crate::forecast::time::stamp::Stamp;

/// A time that was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// By the clock on the wall.
    pub local: Stamp,
    /// Minutes ahead of UTC.
    pub offset: Option<i16>,
    /// Whether days and months are written with one digit where that suffices.
    pub(super) short_date: bool,
    pub(super) short_hour: bool,
    /// Digits of the second's fraction.
    pub(super) fraction: u8,
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
