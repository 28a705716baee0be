//! How to read a table.

use super::marks::{Marks, Thousands};
use crate::forecast::time::{Frequency, Style};
use serde::{Deserialize, Serialize};

/// What to put where a value is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// The last value before it.
    Forward,
    /// A straight line between the values before and after it; after the last, that one.
    Linear,
}

/// How to read a table. What is `None` is guessed.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// What stands between fields.
    pub delimiter: Option<u8>,
    /// The decimal mark: `.` or `,`.
    pub decimal: Option<u8>,
    /// What parts thousands.
    pub thousands: Option<Thousands>,
    /// What is known of such tables from another: it holds where nothing else is said and the table does not contradict
    /// it.
    pub known: Known,
    /// Whether the first row has the columns' names.
    pub header: Option<bool>,
    /// The column of times, or `none` where rows are to be counted. It is guessed: a column that holds dates in any
    /// common writing, or a first column of numbers that is called a time.
    pub time: Option<String>,
    /// How its times are written.
    pub time_format: Option<Style>,
    /// The column that tells series apart, in a long table.
    pub id: Option<String>,
    /// How far apart times stand. It is guessed from the times.
    pub frequency: Option<Frequency>,
    /// What to put where values are missing. Without it they are refused.
    pub fill: Option<Fill>,
    /// The columns to read; without it every column but time and identifier.
    pub columns: Option<Vec<String>>,
    /// Columns that hold one value a series, text or a number.
    pub statics: Vec<String>,
    /// Columns that are left out where every column is read.
    pub except: Vec<String>,
    /// Columns that may end before the others: what is still to be forecast, beside what is known of the future.
    pub open_end: Vec<String>,
}

/// How a table was written, for others like it: what it has shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// What stands between fields.
    pub delimiter: Option<u8>,
    /// The marks of its numbers.
    pub marks: Marks,
    /// How its times were written.
    #[serde(skip)]
    pub style: Option<Style>,
    /// How far apart they stood.
    #[serde(skip)]
    pub frequency: Option<Frequency>,
}
