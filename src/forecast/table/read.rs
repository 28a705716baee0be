//! Reads a table of CSV as it streams by: values are kept in f64, since levels may be large beside what changes.

use super::dialect::Dialect;
use super::options::ReadOptions;
use super::place::{Place, nearest};
use super::raw::Raw;
use super::series::{Series, Table};
use super::{fill, regular};
use crate::error::{Error, Result};
use crate::forecast::time::{Frequency, Stamp, Style, parse_civil, parse_number};
use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};
use std::collections::HashMap;
use std::io::{Chain, Cursor, Read};

/// Bytes that the dialect is guessed from.
const SAMPLE: u64 = 1 << 16;
/// What may stand where a value is missing, in lower case.
const MISSING: [&str; 8] = ["", "na", "n/a", "nan", "null", "none", "-", "?"];
/// Names of a first column of numbers that is taken for the times.
const TIMES: [&str; 10] = ["time", "times", "date", "dates", "datetime", "timestamp", "ds", "t", "index", "year"];

/// Which field of a row is what.
struct Fields {
    names: Vec<String>,
    time: Option<usize>,
    id: Option<usize>,
    values: Vec<usize>,
}

/// The sample, what follows it, and the end of a last line that has none.
type Source<R> = Chain<Chain<Cursor<Vec<u8>>, R>, &'static [u8]>;

/// CSV, record by record, with the line on which each begins.
struct Lines<R> {
    reader: Reader<Source<R>>,
    /// Whether lines end in CR and LF.
    crlf: bool,
}

impl Table {
    /// Reads a table, which errors call `name`, from its bytes.
    ///
    /// # Errors
    /// [`Error::Table`] with the row, counted as an editor counts lines, and the column: rows of unequal length, fields
    /// that are no numbers, infinite or missing values, times that are unsorted, doubled, missing or of two
    /// frequencies, and columns that are not there.
    pub fn read(name: &str, source: impl Read, options: &ReadOptions) -> Result<Self> {
        let (mut reader, dialect) = open(name, source, options)?;
        let mut record = ByteRecord::new();
        if !reader.advance(name, &mut record)? {
            return Err(Place::of(name).refuse("the table is empty: expected a row of names, and rows of values"));
        }
        let names = if dialect.header {
            let names = record.iter().map(|field| String::from_utf8_lossy(field).trim().to_owned()).collect();
            if !reader.advance(name, &mut record)? {
                return Err(Place::of(name).refuse("there is no row after the header: expected rows of values"));
            }
            names
        } else {
            (1..=record.len()).map(|n| format!("column{n}")).collect()
        };
        let fields = Fields::of(name, names, &record, dialect, options)?;
        let rows = Rows { table: name, fields: &fields, dialect, style: Style::Row, series: Vec::new() };
        let rows = rows.collect(&mut reader, record)?;
        let (style, raw) = (rows.style, rows.series);
        let columns: Vec<String> = fields.values.iter().map(|&field| fields.names[field].clone()).collect();
        make_regular(
            Table {
                name: name.to_owned(),
                columns,
                style,
                frequency: Frequency::Step(1.0),
                series: Vec::new(),
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

fn open<R: Read>(name: &str, mut source: R, options: &ReadOptions) -> Result<(Lines<R>, Dialect)> {
    let mut sample = Vec::new();
    source.by_ref().take(SAMPLE).read_to_end(&mut sample).map_err(|error| unreadable(name, &error))?;
    let whole = (sample.len() as u64) < SAMPLE;
    if sample.starts_with("\u{feff}".as_bytes()) {
        sample.drain(..3);
    }
    let dialect = Dialect::guess(&sample, whole, options);
    let crlf = sample.windows(2).any(|pair| pair == b"\r\n");
    let end: &[u8] = if crlf { b"\r\n" } else { b"\n" };
    let mut builder = ReaderBuilder::new();
    builder.delimiter(dialect.delimiter).has_headers(false).buffer_capacity(1 << 16);
    let reader = builder.from_reader(Cursor::new(sample).chain(source).chain(end));
    Ok((Lines { reader, crlf }, dialect))
}

impl<R: Read> Lines<R> {
    /// Reads the next record; false at the end.
    fn advance(&mut self, table: &str, record: &mut ByteRecord) -> Result<bool> {
        self.reader.read_byte_record(record).map_err(|error| match error.kind() {
            ErrorKind::UnequalLengths { expected_len, len, .. } => {
                let message = format!("expected {expected_len} fields, as in the first row, found {len}");
                Place::of(table).row(self.line(&ByteRecord::new())).refuse(message)
            }
            ErrorKind::Io(error) => unreadable(table, error),
            _ => Place::of(table).refuse(error.to_string()),
        })
    }

    /// The line on which the record begins that was read last. A record's own position is where the one before it
    /// ended, ahead of empty lines.
    fn line(&self, record: &ByteRecord) -> u64 {
        let within = record.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64;
        self.reader.position().line().saturating_sub(within + u64::from(!self.crlf))
    }
}

fn unreadable(name: &str, error: &std::io::Error) -> Error {
    Error::File { path: name.to_owned(), message: format!("cannot read it: {error}") }
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
        for (place, name) in names.iter().enumerate() {
            if names[..place].contains(name) {
                return Err(Place::of(table).column(name).refuse("two columns have this name: rename one"));
            }
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
    dialect: Dialect,
    style: Style,
    series: Vec<Raw>,
}

impl Rows<'_> {
    /// Takes `record`, which is the first row of values, and all that follow.
    fn collect<R: Read>(mut self, reader: &mut Lines<R>, mut record: ByteRecord) -> Result<Self> {
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
            if !reader.advance(self.table, &mut record)? {
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
            let value = number(text, self.dialect.decimal).map_err(|expected| {
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
                let text = text.replace(char::from(self.dialect.decimal), ".");
                parse_number(&text).ok_or_else(|| refuse("a time: an ISO date such as 2024-02-29, or a number"))
            }
        }
    }
}

/// The value of a field; NaN where it is missing; else what was expected.
fn number(field: &[u8], decimal: u8) -> Result<f64, &'static str> {
    let expected = "a number, or nothing or NA where a value is missing";
    let text = std::str::from_utf8(field.trim_ascii()).map_err(|_| expected)?;
    let parsed = if decimal == b'.' { text.parse() } else { text.replace(char::from(decimal), ".").parse() };
    match parsed {
        Ok(value) if f64::is_infinite(value) => Err("a finite number of at most 1.7e308"),
        Ok(value) => Ok(value),
        Err(_) if MISSING.contains(&text.to_ascii_lowercase().as_str()) => Ok(f64::NAN),
        Err(_) => Err(expected),
    }
}
