//! From where a backtest forecasts.

use crate::error::{Error, Result};
use crate::forecast::split::{row_at, row_of_number};
use crate::forecast::table::{Series, Table};
use std::str::FromStr;

/// From where to forecast, and what to compare with.
#[derive(Clone, Debug, Default)]
pub struct BacktestOptions {
    /// The first row to forecast. Without it, the first that was held out in training.
    pub from: Option<Start>,
    /// The first row that is not forecast any more. Without it all rows are.
    pub to: Option<Start>,
    /// Rows from one origin to the next; without it 1.
    pub stride: Option<usize>,
    /// Rows of the season of the seasonal naive forecast and of MASE; without it the model's.
    pub season: Option<usize>,
    /// Coverage of the intervals of a model of points. Without it there are none.
    pub coverage: Option<f64>,
    /// Whether every forecast is kept in [`Backtest::forecasts`](super::Backtest::forecasts).
    pub keep: bool,
}

/// A row of a series.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// The first that is not before this time.
    Time(String),
    /// So many rows after the first; or, where there are not as many, the row that has the number as its time: 20240101.
    Row(usize),
    /// So many rows before the end of each series.
    Last(usize),
}

impl FromStr for Start {
    type Err = Error;

    /// Reads a date, a number of rows, or `last:` and a number of rows.
    fn from_str(text: &str) -> Result<Self> {
        let refuse = || Error::config("a row", text, "a date, a number of rows, or last:N");
        match (text.strip_prefix("last:"), text.parse()) {
            (Some(rows), _) => rows.parse().ok().filter(|&rows| rows > 0).map(Start::Last).ok_or_else(refuse),
            (None, Ok(row)) => Ok(Start::Row(row)),
            (None, Err(_)) if text.trim().is_empty() => Err(refuse()),
            (None, Err(_)) => Ok(Start::Time(text.to_owned())),
        }
    }
}

impl Start {
    /// The row of a series.
    ///
    /// # Errors
    /// [`Error::Table`] where the time is not written as the table's are.
    pub fn row(&self, table: &Table, series: &Series) -> Result<usize> {
        match self {
            Start::Row(row) => Ok(row_of_number(table, series, *row).unwrap_or(*row)),
            Start::Last(rows) => Ok(series.known.saturating_sub(*rows)),
            Start::Time(time) => row_at(table, series, time),
        }
    }
}
