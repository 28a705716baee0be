//! What becomes of missing values.

use super::options::Fill;
use super::place::Place;
use super::raw::Raw;
use super::series::Table;
use crate::error::Result;

/// Fills missing values. The columns of `open_end` may end before the table does. Returns the number of rows before the
/// first of which nothing more is known, and which values were filled, [rows, V]; empty where none was.
///
/// # Errors
/// [`Error::Table`](crate::Error::Table) with the row and the column of a missing value that cannot be filled.
pub fn complete(table: &Table, raw: &mut Raw, open_end: &[bool], fill: Option<Fill>) -> Result<(usize, Vec<bool>)> {
    let columns = table.columns.len();
    let rows = raw.lines.len();
    let has = |row: usize| (0..columns).any(|column| open_end[column] && !raw.values[row * columns + column].is_nan());
    let known =
        if open_end.contains(&true) { (0..rows).rev().find(|&row| has(row)).map_or(0, |row| row + 1) } else { rows };
    let missing: Vec<bool> = raw.values.iter().map(|value| value.is_nan()).collect();
    for (column, &open) in open_end.iter().enumerate() {
        let end = if open { known } else { rows };
        let mut last: Option<usize> = None;
        for row in 0..end {
            if raw.values[row * columns + column].is_nan() {
                continue;
            }
            bridge(&mut raw.values, columns, column, last, row, fill);
            last = Some(row);
        }
        if let (Some(last), Some(_)) = (last, fill) {
            let value = raw.values[last * columns + column];
            (last + 1..end).for_each(|row| raw.values[row * columns + column] = value);
        }
        if let Some(row) = (0..end).find(|&row| raw.values[row * columns + column].is_nan()) {
            let place = Place::of(&table.name).row(raw.lines[row].into()).column(&table.columns[column]);
            return Err(place.refuse(match fill {
                None => "the value is missing; `ReadOptions::fill` forward or linear puts one in",
                Some(_) => "the value is missing, and none before it to go on from: cut the rows up to the first value",
            }));
        }
    }
    let filled: Vec<bool> =
        missing.iter().zip(&raw.values).map(|(&missing, value)| missing && !value.is_nan()).collect();
    Ok((known, if filled.contains(&true) { filled } else { Vec::new() }))
}

/// Fills the rows between two that have values.
fn bridge(values: &mut [f64], columns: usize, column: usize, from: Option<usize>, to: usize, fill: Option<Fill>) {
    let (Some(from), Some(fill)) = (from, fill) else { return };
    let [start, end] = [from, to].map(|row| values[row * columns + column]);
    for row in from + 1..to {
        let part = (row - from) as f64 / (to - from) as f64;
        let value = match fill {
            Fill::Forward => start,
            Fill::Linear => start * (1.0 - part) + end * part,
        };
        values[row * columns + column] = value;
    }
}
