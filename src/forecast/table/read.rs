//! Reads a table of CSV, twice: a survey of all rows says how it is written, and then its values are taken.

use super::dialect::Dialect;
use super::marks::{Reading, is_number};
use super::options::{Known, ReadOptions};
use super::place::{Place, nearest};
use super::raw::Raw;
use super::series::{Series, Table};
use super::survey::{Lines, Survey};
use super::text::Text;
use super::{fill, is_missing, regular};
use crate::error::Result;
use crate::forecast::time::{Frequency, Stamp, Style, parse_civil, parse_number};
use csv::ByteRecord;
use std::collections::{HashMap, HashSet};
use std::io::Read;

/// Names of a first column of numbers that is taken for the times.
const TIMES: [&str; 10] = ["time", "times", "date", "dates", "datetime", "timestamp", "ds", "t", "index", "year"];

/// Which field of a row is what.
struct Fields {
    names: Vec<String>,
    time: Option<usize>,
    id: Option<usize>,
    values: Vec<usize>,
}

impl Table {
    /// Reads a table, which errors call `name`, from its bytes.
    ///
    /// # Errors
    /// [`Error::Table`] with the row, counted as an editor counts lines, and the column: rows of unequal length, fields
    /// that are no numbers or can be read in two ways, infinite or missing values, times that are unsorted, doubled,
    /// missing or of two frequencies, and columns that are not there. [`Error::File`] where the bytes cannot be read or
    /// are no text.
    pub fn read(name: &str, source: impl Read, options: &ReadOptions) -> Result<Self> {
        let text = Text::read(name, source)?;
        let dialect = Dialect::guess(&text, options);
        let mut lines = Lines::new(name, &text, dialect.delimiter);
        let mut record = ByteRecord::new();
        if !lines.advance(&mut record)? {
            return Err(Place::of(name).refuse("the table is empty: expected a row of names, and rows of values"));
        }
        let names: Vec<String> = if dialect.header {
            let names = record.iter().map(|field| String::from_utf8_lossy(field).trim().to_owned()).collect();
            if !lines.advance(&mut record)? {
                return Err(Place::of(name).refuse("there is no row after the header: expected rows of values"));
            }
            names
        } else {
            (1..=record.len()).map(|n| format!("column{n}")).collect()
        };
        let survey = Survey::of(&mut Lines::new(name, &text, dialect.delimiter), dialect.header)?;
        let fields = Fields::of(name, names, &record, dialect, options)?;
        let (reading, marks) = survey.reading(name, &fields.names, &fields.values, dialect, options)?;
        let rows = Rows { table: name, fields: &fields, reading, style: Style::Row, series: Vec::new() };
        let rows = rows.collect(&mut lines, record)?;
        let (style, raw) = (rows.style, rows.series);
        let columns: Vec<String> = fields.values.iter().map(|&field| fields.names[field].clone()).collect();
        make_regular(
            Table {
                name: name.to_owned(),
                columns,
                style,
                frequency: Frequency::Step(1.0),
                series: Vec::new(),
                known: Known { delimiter: (fields.names.len() > 1).then_some(dialect.delimiter), marks },
                notes: text.notes,
                filled: 0,
            },
            raw,
            options,
        )
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl Table {
    /// As [`Table::read`], from a file.
    ///
    /// # Errors
    /// As [`Table::read`]; and [`Error::File`] where the file cannot be read.
    pub fn open(path: &std::path::Path, options: &ReadOptions) -> Result<Self> {
        Table::read(&path.display().to_string(), crate::disk::open(path)?, options)
    }
}

/// Checks the times of raw series, fills their gaps, and puts them into the table.
fn make_regular(mut table: Table, raw: Vec<Raw>, options: &ReadOptions) -> Result<Table> {
    regular::check_order(&table, &raw)?;
    let guessed = || {
        let longest = raw.iter().max_by_key(|series| series.stamps.len())?;
        Frequency::infer(&longest.stamps, table.style)
    };
    let frequency =
        if table.style == Style::Row { Some(Frequency::Step(1.0)) } else { options.frequency.or_else(guessed) };
    let Some(frequency) = frequency else {
        return Err(
            Place::of(&table.name).refuse("expected at least 2 rows, from which the frequency follows, found 1")
        );
    };
    table.frequency = frequency;
    for column in &options.open_end {
        table.column(column)?;
    }
    let open_end: Vec<bool> = table.columns.iter().map(|column| options.open_end.contains(column)).collect();
    for mut raw in raw {
        regular::check(&table, &mut raw, options.fill.is_some())?;
        let (known, filled) = fill::complete(&table, &mut raw, &open_end, options.fill)?;
        table.filled += filled.iter().filter(|filled| **filled).count();
        raw.values.shrink_to_fit();
        table.series.push(Series { id: raw.id, first: raw.stamps[0], values: raw.values, filled, known });
    }
    Ok(table)
}

impl Fields {
    fn of(
        table: &str,
        names: Vec<String>,
        first: &ByteRecord,
        dialect: Dialect,
        options: &ReadOptions,
    ) -> Result<Self> {
        let names: Vec<String> =
            (1..).zip(names).map(|(n, name)| if name.is_empty() { format!("column{n}") } else { name }).collect();
        let mut known = HashSet::new();
        if let Some(name) = names.iter().find(|&name| !known.insert(name)) {
            return Err(Place::of(table).column(name).refuse("two columns have this name: rename one"));
        }
        let find = |name: &String| {
            let found = names.iter().position(|known| known == name);
            let place = Place::of(table).column(name);
            found.ok_or_else(|| place.refuse(format!("there is no such column{}", nearest(name, names.iter()))))
        };
        let id = options.id.as_ref().map(find).transpose()?;
        let time = match &options.time {
            Some(name) => Some(find(name)?),
            None => guess_time(&names, first, dialect, id, options),
        };
        let values = match &options.columns {
            Some(columns) => columns.iter().map(find).collect::<Result<_>>()?,
            None => (0..names.len()).filter(|&field| Some(field) != time && Some(field) != id).collect::<Vec<_>>(),
        };
        if let Some(&field) = values.iter().find(|&&field| Some(field) == time || Some(field) == id) {
            let role = if Some(field) == id { "identifier" } else { "times" };
            let message = format!("it holds the {role} of the table and cannot be a series as well");
            return Err(Place::of(table).column(&names[field]).refuse(message));
        }
        if values.is_empty() {
            return Err(Place::of(table).refuse("expected a column of values, found none"));
        }
        Ok(Fields { names, time, id, values })
    }
}

/// The first column that begins with a date, else a first column of numbers whose name says that it is a time.
fn guess_time(
    names: &[String],
    first: &ByteRecord,
    dialect: Dialect,
    id: Option<usize>,
    options: &ReadOptions,
) -> Option<usize> {
    let wanted = |field: usize| options.columns.as_ref().is_some_and(|columns| columns.contains(&names[field]));
    let is_date = |field: usize| Some(field) != id && parse_civil(&String::from_utf8_lossy(&first[field])).is_some();
    let date = (0..first.len().min(names.len())).find(|&field| is_date(field));
    let called = |name: &String| TIMES.contains(&name.to_lowercase().as_str());
    date.or_else(|| {
        let first_field = (0..names.len()).find(|&field| Some(field) != id)?;
        (dialect.header && called(&names[first_field]) && !wanted(first_field)).then_some(first_field)
    })
}

/// The rows of a table as they come in.
struct Rows<'a> {
    table: &'a str,
    fields: &'a Fields,
    reading: Reading,
    style: Style,
    series: Vec<Raw>,
}

impl Rows<'_> {
    /// Takes `record`, which is the first row of values, and all that follow.
    fn collect(mut self, reader: &mut Lines<'_>, mut record: ByteRecord) -> Result<Self> {
        let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut before = None;
        loop {
            let line = reader.line(&record);
            let place = match self.fields.id {
                None => 0,
                Some(field) => match places.get(record[field].trim_ascii()) {
                    Some(&place) => place,
                    None => {
                        let id = record[field].trim_ascii().to_vec();
                        places.insert(id, self.series.len());
                        self.series.len()
                    }
                },
            };
            if place == self.series.len() {
                let id = self.fields.id.map(|field| String::from_utf8_lossy(record[field].trim_ascii()).into_owned());
                self.series.push(Raw { id, ..Raw::default() });
            }
            // csv passes over empty lines; in a table of one column they are missing values.
            if let (1, Some(before)) = (self.fields.names.len(), before) {
                for line in before + 1..line {
                    self.push(0, line, &ByteRecord::from(vec![""]))?;
                }
            }
            self.push(place, line, &record)?;
            before = Some(line);
            if !reader.advance(&mut record)? {
                return Ok(self);
            }
        }
    }

    fn push(&mut self, place: usize, line: u64, record: &ByteRecord) -> Result<()> {
        let stamp = match self.fields.time {
            None => 1_000_000 * self.series[place].stamps.len() as Stamp,
            Some(field) => self.time(&record[field], line, field)?,
        };
        let fields = self.fields;
        for &field in &fields.values {
            let text = &record[field];
            let value = number(text, self.reading).map_err(|expected| {
                let found = String::from_utf8_lossy(text);
                let place = Place::of(self.table).row(line).column(&fields.names[field]);
                place.refuse(format!("expected {expected}, found `{}`", found.trim()))
            })?;
            self.series[place].values.push(value);
        }
        self.series[place].stamps.push(stamp);
        self.series[place].lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        Ok(())
    }

    fn time(&mut self, text: &[u8], line: u64, field: usize) -> Result<Stamp> {
        let text = String::from_utf8_lossy(text);
        let refuse = |expected: &str| {
            let place = Place::of(self.table).row(line).column(&self.fields.names[field]);
            place.refuse(format!("expected {expected}, found `{}`", text.trim()))
        };
        let civil = parse_civil(&text);
        if self.series.iter().all(|series| series.stamps.is_empty()) {
            self.style = civil.map_or(Style::Number, |(_, style)| style);
        }
        match (self.style, civil) {
            (Style::Civil { utc, .. }, Some((stamp, style))) => {
                if !matches!(style, Style::Civil { utc: other, .. } if other == utc) {
                    return Err(refuse(if utc {
                        "an offset from UTC, as before"
                    } else {
                        "no offset from UTC, as before"
                    }));
                }
                self.style = self.style.finer(style);
                Ok(stamp)
            }
            (Style::Civil { .. }, None) => Err(refuse("a date or time such as 2024-02-29 or 2024-02-29 13:00")),
            _ => {
                let text = text.trim();
                let plain = if self.reading.reads(text) { self.reading.plain(text) } else { text.to_owned() };
                parse_number(&plain).ok_or_else(|| refuse("a time: an ISO date such as 2024-02-29, or a number"))
            }
        }
    }
}

/// The value of a field; NaN where it is missing; else what was expected.
fn number(field: &[u8], reading: Reading) -> Result<f64, String> {
    let text = String::from_utf8_lossy(field);
    let text = text.trim();
    if is_missing(text) {
        return Ok(f64::NAN);
    }
    let marked = text.bytes().any(|byte| !byte.is_ascii_digit() && byte != b'-' && byte != b'.');
    let plain = if (marked || reading.decimal != b'.') && reading.reads(text) { &reading.plain(text) } else { text };
    match plain.parse() {
        Ok(value) if f64::is_infinite(value) => Err("a finite number of at most 1.7e308".to_owned()),
        Ok(value) if reading.decimal == b'.' || reading.reads(text) || !is_number(text) => Ok(value),
        _ if is_number(text) => Err(format!(
            "a number with the decimal mark `{}`, as in the rest of the table, or as --decimal and --thousands say",
            char::from(reading.decimal)
        )),
        _ => Err("a number, or nothing or NA where a value is missing".to_owned()),
    }
}
