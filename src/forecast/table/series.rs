//! A table that has been read.

use super::options::Known;
use super::place::{Place, nearest};
use crate::error::{Error, Result};
use crate::forecast::time::{Clock, Frequency, Stamp, Style};
use std::collections::HashMap;
use std::ops::Range;

/// A table of one or more series, regular in time and without gaps.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What errors call it: the file's name.
    pub name: String,
    /// Names of the values of a row (V).
    pub columns: Vec<String>,
    /// Names of the columns that do not change in time.
    pub statics: Vec<String>,
    /// How its times are written.
    pub style: Style,
    /// How far apart they stand.
    pub frequency: Frequency,
    /// The series, in the order in which they begin in the file.
    pub series: Vec<Series>,
    /// How it was written.
    pub known: Known,
    /// What was assumed when it was read, a sentence each.
    pub notes: Vec<String>,
    /// Values that were filled in, rows that were missing included.
    pub filled: usize,
}

/// One series of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What the identifier's column calls it.
    pub id: Option<String>,
    /// The values of columns that do not change in time; none where one is missing. Numbers have no marks but a point.
    pub statics: Vec<Option<String>>,
    /// The time of its first row.
    pub first: Stamp,
    /// What the clock on the wall shows at its stamps.
    pub clock: Clock,
    /// [rows, V], row-major.
    pub values: Vec<f64>,
    /// [rows, V]: which values were filled in; empty where none was.
    pub filled: Vec<bool>,
    /// Rows in which all columns have values; those after them lack the columns that may end early.
    pub known: usize,
}

impl Series {
    /// Whether the value at `place`, row * V + column, was filled in.
    pub fn is_filled(&self, place: usize) -> bool {
        self.filled.get(place).copied().unwrap_or(false)
    }

    /// A column in some rows, of a table of V `columns`; NaN where a value was filled in.
    pub fn measured(&self, columns: usize, column: usize, rows: Range<usize>) -> Vec<f64> {
        let places = rows.map(|row| row * columns + column);
        places.map(|place| if self.is_filled(place) { f64::NAN } else { self.values[place] }).collect()
    }

    /// A column as it was known at each of its rows, of a table of V `columns`: where a value was filled in, the last
    /// one before it that was there. A line to the next value would show what comes after.
    pub fn as_known(&self, columns: usize, column: usize) -> Vec<f64> {
        let mut last = self.values.get(column).copied().unwrap_or(f64::NAN);
        let known = (column..self.values.len()).step_by(columns).map(|place| {
            if !self.is_filled(place) {
                last = self.values[place];
            }
            last
        });
        known.collect()
    }
}

impl Table {
    /// Rows of all series in which a value was filled in.
    pub fn filled_rows(&self) -> usize {
        let rows = self.series.iter().flat_map(|series| series.filled.chunks_exact(self.columns.len()));
        rows.filter(|row| row.contains(&true)).count()
    }

    /// What to say where more than a tenth of the rows have values that were filled in.
    pub fn mostly_filled(&self) -> Option<String> {
        let rows: usize = self.series.iter().map(|series| self.rows(series)).sum();
        let filled = self.filled_rows();
        (filled > rows / 10).then(|| {
            format!(
                "{}: {filled} of {rows} rows, more than a tenth, have values that were filled in: these are shown to the \
                 network as the last value before, and neither learned from nor counted; a coarser `ReadOptions::frequency` may suit",
                self.name
            )
        })
    }

    /// The same table with other series, in which so many values were filled in.
    pub(in crate::forecast) fn with_series(&self, series: Vec<Series>, filled: usize) -> Table {
        Table {
            name: self.name.clone(),
            columns: self.columns.clone(),
            statics: self.statics.clone(),
            style: self.style.clone(),
            frequency: self.frequency,
            series,
            known: self.known.clone(),
            notes: Vec::new(),
            filled,
        }
    }

    /// The first `rows[series]` rows of each series, and nothing of what comes after.
    pub fn until(&self, rows: &[usize]) -> Table {
        let columns = self.columns.len();
        let cut = |(series, &rows): (&Series, &usize)| {
            let values = series.values[..rows * columns].to_vec();
            let filled = series.filled.get(..rows * columns).unwrap_or_default().to_vec();
            let (id, statics, clock) = (series.id.clone(), series.statics.clone(), series.clock.clone());
            Series { id, statics, first: series.first, clock, values, filled, known: series.known.min(rows) }
        };
        let series: Vec<Series> = self.series.iter().zip(rows).map(cut).collect();
        let filled = series.iter().flat_map(|series| &series.filled).filter(|filled| **filled).count();
        self.with_series(series, filled)
    }

    /// Rows of a series.
    pub fn rows(&self, series: &Series) -> usize {
        series.values.len() / self.columns.len()
    }

    /// The place of a column among a row's values.
    ///
    /// # Errors
    /// [`Error::Table`] where there is no such column, with the name most like it.
    pub fn column(&self, name: &str) -> Result<usize> {
        self.columns.iter().position(|column| column == name).ok_or_else(|| {
            let message = format!("there is no such column{}", nearest(name, self.columns.iter()));
            Place::of(&self.name).column(name).refuse(message)
        })
    }

    /// The place of a column among those that do not change in time.
    ///
    /// # Errors
    /// [`Error::Table`] where there is no such column, with the name most like it.
    pub fn static_column(&self, name: &str) -> Result<usize> {
        self.statics.iter().position(|column| column == name).ok_or_else(|| {
            let message = format!("it was not read as a static column{}", nearest(name, self.statics.iter()));
            Place::of(&self.name).column(name).refuse(message)
        })
    }

    /// The places of several columns, as [`Table::column`] has them.
    ///
    /// # Errors
    /// As [`Table::column`].
    pub fn places<'a>(&self, names: impl IntoIterator<Item = &'a String>) -> Result<Vec<usize>> {
        let places: HashMap<&String, usize> = self.columns.iter().zip(0..).collect();
        names.into_iter().map(|name| places.get(name).copied().map_or_else(|| self.column(name), Ok)).collect()
    }

    /// The time of a row of a series, or of one after its end.
    ///
    /// # Errors
    /// [`Error::Table`] where it is beyond what the calendar knows.
    pub fn stamp(&self, series: &Series, row: usize) -> Result<Stamp> {
        let at = i64::try_from(row).ok().and_then(|row| self.frequency.at(series.first, row));
        at.ok_or_else(|| {
            let first = self.written(&series.clock, series.first);
            let message = format!("{row} steps of {} after {first} lie beyond the calendar", self.frequency);
            Place::of(&self.name).refuse(message)
        })
    }

    /// The time of a row of a series, as the table writes times.
    ///
    /// # Errors
    /// As [`Table::stamp`].
    pub fn time(&self, series: &Series, row: usize) -> Result<String> {
        Ok(self.written(&series.clock, self.stamp(series, row)?))
    }

    /// The time on the wall at a row of a series, and its offset from UTC in minutes.
    ///
    /// # Errors
    /// As [`Table::stamp`].
    pub fn wall(&self, series: &Series, row: usize) -> Result<(Stamp, i16)> {
        let stamp = self.stamp(series, row)?;
        Ok((series.clock.local(stamp), series.clock.offset(stamp)))
    }

    /// The time on the wall at a row of a series.
    ///
    /// # Errors
    /// As [`Table::stamp`].
    pub fn local(&self, series: &Series, row: usize) -> Result<Stamp> {
        Ok(series.clock.local(self.stamp(series, row)?))
    }

    /// A time as the table writes times.
    pub fn written(&self, clock: &Clock, stamp: Stamp) -> String {
        self.style.print(clock.local(stamp), clock.offset(stamp))
    }

    /// What errors call a series: the table, and the series' name where it has one.
    pub fn call(&self, series: &Series) -> String {
        match &series.id {
            None => self.name.clone(),
            Some(id) => format!("{}, series `{id}`", self.name),
        }
    }

    /// A refusal that names the table and one of its series.
    pub fn refuse(&self, series: &Series, message: impl Into<String>) -> Error {
        Error::Table { place: self.call(series), message: message.into() }
    }
}
