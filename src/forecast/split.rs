//! Which rows of a series are trained on, which decide when to stop, and which are held out: in the order of time.

use super::table::{Series, Table};
use super::time::{Stamp, candidates};
use crate::error::{Error, Result};
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The size of a part of a series.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// A fraction of its rows, but at least one horizon where it is above 0.
    Fraction(f64),
    /// So many rows.
    Rows(usize),
    /// From this time on.
    From(String),
}

impl FromStr for Part {
    type Err = Error;

    /// Reads a fraction below 1, a number of rows, or a date.
    fn from_str(text: &str) -> Result<Self> {
        if let Ok(rows) = text.parse() {
            return Ok(Part::Rows(rows));
        }
        match text.parse::<f64>() {
            Ok(fraction) if (0.0..1.0).contains(&fraction) => Ok(Part::Fraction(fraction)),
            Err(_) if !candidates(text).is_empty() => Ok(Part::From(text.to_owned())),
            _ => Err(Error::config("a part of the table", text, "a fraction below 1, a number of rows, or a date")),
        }
    }
}

/// The parts of one series: training rows come first, then validation, then test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Rows before this one are trained on.
    pub train: usize,
    /// Rows from `train` to before this one validate; those after it are held out.
    pub val: usize,
    /// Rows in all.
    pub rows: usize,
}

impl Split {
    /// Splits every series of a table, of which windows of so many rows and a horizon are cut. One of a panel that is too
    /// short for all parts validates nothing, or is not held out either; and one that is too short for the shortest window
    /// is not trained on, as long as others are. With a date each series has all parts.
    ///
    /// # Errors
    /// [`Error::Table`] where the training rows hold no window and horizon, or another part no horizon.
    pub fn of_all(
        table: &Table,
        parts: [&Part; 2],
        window: RangeInclusive<usize>,
        horizon: usize,
    ) -> Result<Vec<Self>> {
        let (least, window) = window.into_inner();
        let of = |series| Split::of(table, series, affordable(table, series, parts, window, horizon), horizon);
        let splits: Vec<Split> = table.series.iter().map(of).collect::<Result<_>>()?;
        let short = |split: &Split| split.train < least + horizon;
        let refused = if has_date(parts) || splits.iter().all(short) { splits.iter().position(short) } else { None };
        let Some(place) = refused else { return Ok(splits) };
        let Split { train, rows, .. } = splits[place];
        let message = format!(
            "{train} of {rows} rows are left to train on, expected at least {}: a window of {least} and a horizon of \
             {horizon}; take a smaller `Task::window` or `Task::horizon`, or less for `Task::val` and `Task::test`",
            least + horizon
        );
        Err(table.refuse(&table.series[place], message))
    }

    /// Splits the rows of a series whose targets are known.
    fn of(table: &Table, series: &Series, [val, test]: [&Part; 2], horizon: usize) -> Result<Self> {
        let rows = series.known;
        let val_end = begin(table, series, "test", test, rows, rows, horizon)?;
        let train = begin(table, series, "val", val, val_end, rows, horizon)?;
        for (name, part) in [("val", val_end - train), ("test", rows - val_end)] {
            if (1..horizon).contains(&part) {
                let message =
                    format!("`Task::{name}` has {part} rows, expected none, or at least the horizon, {horizon}");
                return Err(table.refuse(series, message));
            }
        }
        Ok(Split { train, val: val_end, rows })
    }
}

/// No rows.
const NONE: Part = Part::Rows(0);

fn has_date(parts: [&Part; 2]) -> bool {
    parts.iter().any(|part| matches!(part, Part::From(_)))
}

/// The fewest rows that a window may have at the beginning of a series.
pub fn shortest_window(window: usize, horizon: usize) -> usize {
    horizon.div_ceil(2).min(window)
}

/// The parts, `val` and `test`, that a series of a panel has room for beside a short window and a horizon: both, or
/// without those that validate, or none.
fn affordable<'a>(
    table: &Table,
    series: &Series,
    parts: [&'a Part; 2],
    window: usize,
    horizon: usize,
) -> [&'a Part; 2] {
    if table.series.len() == 1 || has_date(parts) {
        return parts;
    }
    let needed = shortest_window(window, horizon) + horizon;
    let fits = |parts: &[&Part; 2]| training_rows(table, series, *parts, horizon) >= needed;
    [parts, [&NONE, parts[1]]].into_iter().find(fits).unwrap_or([&NONE, &NONE])
}

/// Rows of each series that are trained on, as [`Split::of_all`] has them.
pub fn rows_to_train(table: &Table, parts: [&Part; 2], window: usize, horizon: usize) -> Vec<usize> {
    let of = |series| training_rows(table, series, affordable(table, series, parts, window, horizon), horizon);
    table.series.iter().map(of).collect()
}

/// Rows of a series that are trained on, as [`Split::of`] has them; none where it refuses the parts.
pub fn training_rows(table: &Table, series: &Series, [val, test]: [&Part; 2], horizon: usize) -> usize {
    let rows = series.known;
    let val_end = begin(table, series, "test", test, rows, rows, horizon);
    val_end.and_then(|end| begin(table, series, "val", val, end, rows, horizon)).unwrap_or(0)
}

/// The first row of a part that ends before `end`, of a series of `rows` rows.
fn begin(
    table: &Table,
    series: &Series,
    name: &str,
    part: &Part,
    end: usize,
    rows: usize,
    horizon: usize,
) -> Result<usize> {
    let size = match part {
        Part::Rows(size) if row_of_number(table, series, *size).is_some() => {
            let time = Part::From(size.to_string());
            return begin(table, series, name, &time, end, rows, horizon);
        }
        Part::Rows(size) => *size,
        Part::Fraction(0.0) => 0,
        Part::Fraction(fraction) => ((rows as f64 * fraction).round() as usize).max(horizon),
        Part::From(time) => {
            let row = row_at(table, series, time)?;
            if row > end {
                let last = table.time(series, end.saturating_sub(1))?;
                let message = if end == rows {
                    format!(
                        "it ends at {last}, before `Task::{name}` {time}: give `Task::{name}` an earlier date, a fraction or \
                         a number of rows, or leave the series out"
                    )
                } else {
                    format!("`Task::{name}` {time} begins after what follows it, {last}: give it an earlier date")
                };
                return Err(table.refuse(series, message));
            }
            end - row
        }
    };
    end.checked_sub(size).ok_or_else(|| {
        table
            .refuse(series, format!("`Task::{name}` asks for {size} rows, expected at most {end}, those that are left"))
    })
}

/// The first row of a series that is not before a time.
///
/// # Errors
/// [`Error::Table`] where the time is not written as the table's are.
pub fn row_at(table: &Table, series: &Series, time: &str) -> Result<usize> {
    let stamp = stamp_of(table, series, time).ok_or_else(|| {
        let example = if table.style.is_civil() { "a date" } else { "a number" };
        table.refuse(series, format!("expected {example} as in the table's times, found `{time}`"))
    })?;
    Ok(first_from(table, series, stamp))
}

/// The row that a number names as a time, such as 20240101 or a year: only where the number is larger than the rows
/// whose targets are known, the table has dates, and that time lies among those rows.
pub fn row_of_number(table: &Table, series: &Series, number: usize) -> Option<usize> {
    if number <= series.known || !table.style.is_civil() {
        return None;
    }
    let stamp = stamp_of(table, series, &number.to_string()).filter(|&stamp| stamp >= series.first)?;
    Some(first_from(table, series, stamp)).filter(|&row| row < series.known)
}

fn stamp_of(table: &Table, series: &Series, time: &str) -> Option<Stamp> {
    table.style.parse(time).map(|parsed| series.clock.stamp(parsed.local, parsed.offset))
}

/// The first row that is not before a stamp.
fn first_from(table: &Table, series: &Series, stamp: Stamp) -> usize {
    let (steps, exact) = table.frequency.steps(series.first, stamp);
    usize::try_from(steps.saturating_add(i64::from(!exact))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::table::ReadOptions;
    use std::ops::Range;

    fn days(count: usize) -> Table {
        let rows: Vec<String> = (1..=count).map(|day| format!("2024-01-{day:02},{day}\n")).collect();
        Table::read("t", format!("date,y\n{}", rows.concat()).as_bytes(), &ReadOptions::default()).unwrap()
    }

    fn split(val: &str, test: &str) -> Result<Split> {
        let table = days(30);
        Split::of_all(&table, [&val.parse()?, &test.parse()?], 4..=4, 2).map(|splits| splits[0])
    }

    #[test]
    fn a_number_beyond_the_rows_is_a_time_only_where_a_row_has_it() {
        let rows: String = (0..400).map(|day| format!("{},{day}\n", 1_704_067_200 + day * 86_400)).collect();
        let read = |text: &str| Table::read("t", text.as_bytes(), &ReadOptions::default()).unwrap();
        let (dates, index) = (read(&format!("time,y\n{rows}")), days(30));
        let of = |table: &Table, number| row_of_number(table, &table.series[0], number);
        assert_eq!(
            (of(&dates, 1_704_153_600), of(&dates, 1_703_980_800), of(&dates, 1_804_067_200)),
            (Some(1), None, None)
        );
        assert_eq!((of(&index, 20_240_115), of(&index, 15), of(&index, 2880)), (Some(14), None, None));
        assert_eq!((of(&index, 20_231_231), of(&index, 20_240_131)), (None, None));
        let numbers: String = (0..300).map(|row| format!("{},{row}\n", 200 + row)).collect();
        assert_eq!(of(&read(&format!("t,y\n{numbers}")), 400), None);
        assert_eq!(split("5", "20240121").unwrap(), Split { train: 15, val: 20, rows: 30 });
        let refused = split("5", "2880").unwrap_err().to_string();
        assert_eq!(refused, "t: `Task::test` asks for 2880 rows, expected at most 30, those that are left");
    }

    #[test]
    fn a_date_parts_all_series_of_a_panel() {
        let rows =
            |id: &str, days: Range<usize>| days.map(|day| format!("{id},2024-01-{day:02},{day}\n")).collect::<String>();
        let text = format!("id,date,y\n{}{}", rows("a", 1..31), rows("b", 24..31));
        let read = ReadOptions { id: Some("id".into()), ..ReadOptions::default() };
        let table = Table::read("t", text.as_bytes(), &read).unwrap();
        let split = |test: &str| Split::of_all(&table, [&NONE, &test.parse().unwrap()], 3..=4, 2);
        let split_b = |train: usize| Split { train, val: train, rows: 7 };
        assert_eq!(split("2024-01-29").unwrap()[1], split_b(5));
        assert_eq!(split("6").unwrap()[1], split_b(7));
        let refused = split("2024-01-21").unwrap_err().to_string();
        assert!(refused.starts_with("t, series `b`: 0 of 7 rows are left to train on"), "{refused}");
    }

    #[test]
    fn parts_follow_one_another_in_time() {
        let rows = |train, val| Split { train, val, rows: 30 };
        assert_eq!(split("0.1", "0.2").unwrap(), rows(21, 24));
        assert_eq!(split("0.01", "0").unwrap(), rows(28, 30));
        assert_eq!(split("0", "0.0").unwrap(), rows(30, 30));
        assert_eq!(split("5", "2024-01-21").unwrap(), rows(15, 20));
        assert_eq!(split("2024-01-11", "2024-01-20 12:00").unwrap(), rows(10, 20));
    }

    #[test]
    fn parts_too_small_or_out_of_order_are_refused() {
        let refused = |val, test| split(val, test).unwrap_err().to_string();
        assert!(refused("10", "15").starts_with("t: 5 of 30 rows are left to train on, expected at least 6"));
        assert_eq!(refused("1", "5"), "t: `Task::val` has 1 rows, expected none, or at least the horizon, 2");
        assert_eq!(refused("0", "1"), "t: `Task::test` has 1 rows, expected none, or at least the horizon, 2");
        assert_eq!(refused("20", "20"), "t: `Task::val` asks for 20 rows, expected at most 10, those that are left");
        assert_eq!(
            refused("2024-01-25", "10"),
            "t: `Task::val` 2024-01-25 begins after what follows it, 2024-01-20: give it an earlier date"
        );
        assert_eq!(
            refused("0", "2024-03-01"),
            "t: it ends at 2024-01-30, before `Task::test` 2024-03-01: give `Task::test` an earlier date, a fraction or a number of rows, or leave the series out"
        );
        for bad in ["1.5", "-1", "x", "nan", "2024-13-01"] {
            assert!(refused(bad, "0").starts_with("a part of the table is"), "{bad}");
        }
    }
}
