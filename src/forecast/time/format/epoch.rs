//! Times as counts since 1970.

use crate::forecast::time::stamp::{SECOND, Stamp};

/// The unit of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl Unit {
    /// With the words of formats.
    pub const ALL: [(&'static str, Unit); 4] =
        [("epoch-s", Unit::Seconds), ("epoch-ms", Unit::Millis), ("epoch-us", Unit::Micros), ("epoch-ns", Unit::Nanos)];

    /// Reads a count since 1970; microseconds are the finest.
    pub fn parse(self, text: &str) -> Option<i64> {
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

    /// Writes one.
    pub fn print(self, stamp: Stamp) -> String {
        match self {
            Unit::Seconds if stamp % SECOND != 0 => (stamp as f64 / SECOND as f64).to_string(),
            Unit::Seconds => (stamp / SECOND).to_string(),
            Unit::Millis => (stamp.div_euclid(1000)).to_string(),
            Unit::Micros => stamp.to_string(),
            Unit::Nanos => (i128::from(stamp) * 1000).to_string(),
        }
    }
}
