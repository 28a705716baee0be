//! Checks the times of a series against its frequency.

use super::place::Place;
use super::raw::Raw;
use super::series::Table;
use crate::error::{Error, Result};
use crate::memory;

/// Most rows that are put into a series' gaps for each row that it has, and what a short series may have in any case.
const MOST_INSERTED: i64 = 100;
const ALWAYS_INSERTED: i64 = 10_000;

/// Turns the rows of series around that fall throughout. Returns whether there is one.
pub fn sort(series: &mut [Raw], columns: usize) -> bool {
    let mut sorted = false;
    for raw in series {
        let falls = raw.stamps.windows(2).all(|pair| pair[1] <= pair[0]);
        if falls && raw.stamps.first() > raw.stamps.last() {
            raw.reverse(columns);
            sorted = true;
        }
    }
    sorted
}

/// Checks that times rise within each series.
///
/// # Errors
/// [`Error::Table`] with the first row whose time is not after the one before.
pub fn check_order(table: &Table, series: &[Raw]) -> Result<()> {
    for raw in series {
        if let Some(row) = (1..raw.stamps.len()).find(|&row| raw.stamps[row] <= raw.stamps[row - 1]) {
            return Err(out_of_order(table, raw, row));
        }
    }
    Ok(())
}

/// Checks that the times of a series, which are sorted, follow the table's frequency one by one. Where `fill` is set,
/// rows that are missing are inserted, without values.
///
/// # Errors
/// [`Error::Table`] with the first row that is off the frequency, or comes after a gap that is not filled.
pub fn check(table: &Table, raw: &mut Raw, fill: bool) -> Result<()> {
    let (first, frequency) = (raw.stamps[0], table.frequency);
    if frequency.at(first, 0) != Some(first) {
        let expected = format!("a time that the frequency {frequency} can begin with");
        return Err(refuse(table, raw, 0, format!("expected {expected}, found {}", table.written(&raw.clock, first))));
    }
    let mut gaps: Vec<(usize, usize)> = Vec::new();
    let mut missing = 0;
    let most = (MOST_INSERTED * raw.stamps.len() as i64).max(ALWAYS_INSERTED);
    for row in 1..raw.stamps.len() {
        let due = row as i64 + missing;
        let (step, exact) = frequency.steps(first, raw.stamps[row]);
        if !exact || step < due {
            return Err(off_beat(table, raw, row, due));
        }
        if step > due {
            if !fill {
                return Err(gap(table, raw, row, due, step));
            }
            if step - due > most - missing {
                let (all, rows) = (missing + (step - due), raw.stamps.len());
                let message = format!(
                    "{all} rows are missing up to here at the frequency {frequency}, and at most {most} are filled in \
                     beside {rows} that are there: say another `ReadOptions::frequency`, or cut the table at the gap"
                );
                return Err(refuse(table, raw, row, message));
            }
            gaps.push((row, (step - due) as usize));
            missing += step - due;
        }
    }
    let values = (raw.stamps.len() + missing as usize).saturating_mul(table.columns.len());
    if missing > 0 {
        let bytes = values.saturating_mul(2 * size_of_val(&raw.values[0]));
        memory::check("filling the gaps", bytes, "cut the table at its gaps")?;
    }
    insert(raw, &gaps, table.columns.len());
    Ok(())
}

/// Puts `count` rows without values before each `row`.
fn insert(raw: &mut Raw, gaps: &[(usize, usize)], columns: usize) {
    if gaps.is_empty() {
        return;
    }
    let (mut lines, mut values) = (Vec::new(), Vec::new());
    let mut done = 0;
    for &(row, count) in gaps {
        lines.extend_from_slice(&raw.lines[done..row]);
        values.extend_from_slice(&raw.values[done * columns..row * columns]);
        lines.resize(lines.len() + count, raw.lines[row]);
        values.resize(values.len() + count * columns, f64::NAN);
        done = row;
    }
    lines.extend_from_slice(&raw.lines[done..]);
    values.extend_from_slice(&raw.values[done * columns..]);
    (raw.lines, raw.values) = (lines, values);
}

fn refuse(table: &Table, raw: &Raw, row: usize, message: String) -> Error {
    let place = Place::of(&table.name).row(raw.lines[row].into());
    let message = match &raw.id {
        Some(id) => format!("series `{id}`: {message}"),
        None => message,
    };
    place.refuse(message)
}

fn out_of_order(table: &Table, raw: &Raw, row: usize) -> Error {
    let [before, found] = [row - 1, row].map(|row| table.written(&raw.clock, raw.stamps[row]));
    let line = raw.lines[row - 1];
    let message = if before == found {
        let remedy = if raw.id.is_none() {
            "keep one of them, or name the column that tells series apart with `ReadOptions::id`"
        } else {
            "keep one of them"
        };
        format!("{found} is the time of row {line} too: {remedy}")
    } else {
        format!("{found} comes after {before} in row {line}: sort the table by its times")
    };
    refuse(table, raw, row, message)
}

fn off_beat(table: &Table, raw: &Raw, row: usize, due: i64) -> Error {
    let expected = table
        .frequency
        .at(raw.stamps[0], due)
        .map_or("the calendar's end".into(), |stamp| table.written(&raw.clock, stamp));
    let found = table.written(&raw.clock, raw.stamps[row]);
    let frequency = table.frequency;
    let message = format!(
        "expected {expected}, one step of {frequency} after the row before, found {found}: a table has one frequency; \
         cut it where the frequency changes, or say which with `ReadOptions::frequency`"
    );
    refuse(table, raw, row, message)
}

fn gap(table: &Table, raw: &Raw, row: usize, due: i64, found: i64) -> Error {
    let expected = table
        .frequency
        .at(raw.stamps[0], due)
        .map_or("the calendar's end".into(), |stamp| table.written(&raw.clock, stamp));
    let (count, plural) = (found - due, if found - due == 1 { "row is" } else { "rows are" });
    let found = table.written(&raw.clock, raw.stamps[row]);
    let frequency = table.frequency;
    // Where more would be put in than there are, the frequency is rather another.
    let rows = raw.stamps.len() as i64;
    let remedy = if count <= rows {
        "`ReadOptions::fill` forward or linear puts them in".to_owned()
    } else {
        format!("that is more than its {rows} rows: say another `ReadOptions::frequency`, or cut the table at the gap")
    };
    refuse(
        table,
        raw,
        row,
        format!("expected {expected}, found {found}: {count} {plural} missing at the frequency {frequency}; {remedy}"),
    )
}
