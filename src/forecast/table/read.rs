//! Reads a table of CSV, twice: a survey of all rows says how it is written, and then its values are taken. Parquet
//! becomes such text.

use super::dialect::Dialect;
use super::marks::{Reading, is_number};
use super::names::Names;
use super::options::{Known, ReadOptions};
use super::place::Place;
use super::raw::Raw;
use super::series::{Series, Table};
use super::survey::{Lines, Survey};
use super::text::Text;
use super::{fill, is_missing, regular, times};
#[cfg(feature = "parquet")]
use super::{parquet, text};
use crate::error::Result;
use crate::forecast::time::{Clock, DAY, Frequency, Parsed, SECOND, Stamp, Style, parse_number, to_utc, unreadable};
use csv::ByteRecord;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Read;

/// Which field of a row is what.
struct Fields {
    names: Vec<String>,
    time: Option<usize>,
    id: Option<usize>,
    values: Vec<usize>,
    statics: Vec<usize>,
    /// How times are written.
    style: Style,
}

impl Table {
    /// Reads a table, which errors call `name`, from its bytes: CSV, or Parquet.
    ///
    /// # Errors
    /// [`Error::Table`](crate::Error::Table) with the row, counted as an editor counts lines, and the column: rows of
    /// unequal length, fields that are no numbers or can be read in two ways, infinite or missing values, times that
    /// are unsorted, doubled, missing or of two frequencies, and columns that are not there.
    /// [`Error::File`](crate::Error::File) where the bytes cannot be read or are no text.
    pub fn read(name: &str, source: impl Read, options: &ReadOptions) -> Result<Self> {
        let (mut text, options) = text_of(name, source, options, true)?;
        let options = &*options;
        let mut notes = std::mem::take(&mut text.notes);
        let dialect = Dialect::guess(&text, options);
        let mut lines = Lines::new(name, &text, dialect.delimiter);
        let mut record = lines.first()?;
        let names = Names::of(name, &record, dialect.header, options, &mut notes)?;
        if dialect.header && !lines.advance(&mut record)? {
            return Err(Place::of(name).refuse("there is no row after the header: expected rows of values"));
        }
        let (survey, fields) = {
            let known = match options.time_format.as_ref().or(options.known.style.as_ref()) {
                Some(Style::Civil(format)) => Some(format),
                _ => None,
            };
            let id = options.id.as_ref().map(|id| names.find(id)).transpose()?;
            let mut all = Lines::new(name, &text, dialect.delimiter);
            let survey = Survey::of(&mut all, dialect.header, id, known)?;
            let fields = Fields::of(names, id, &survey, dialect, options, &mut notes)?;
            (survey, fields)
        };
        let (reading, marks) = survey.reading(name, &fields.names, &fields.values, dialect, options)?;
        let (all, parsed) = (options.columns.is_none(), Parsed::default());
        let rows = Rows { table: name, fields: &fields, reading, parsed, all, series: Vec::new() };
        let rows = rows.collect(&mut lines, record)?;
        let (parsed, raw) = (rows.parsed, rows.series);
        drop(lines);
        drop(text);
        let style = match fields.style.clone() {
            Style::Civil(format) => Style::Civil(format.as_written(&parsed)),
            other => other,
        };
        let columns: Vec<String> = fields.values.iter().map(|&field| fields.names[field].clone()).collect();
        make_regular(
            Table {
                name: name.to_owned(),
                columns,
                statics: fields.statics.iter().map(|&field| fields.names[field].clone()).collect(),
                style,
                frequency: Frequency::Step(1.0),
                series: Vec::new(),
                known: Known {
                    delimiter: (fields.names.len() > 1).then_some(dialect.delimiter),
                    marks,
                    ..Known::default()
                },
                notes,
                filled: 0,
            },
            raw,
            options,
        )
    }

    /// The names of a table's columns, those of times and identifiers among them, whatever its rows hold.
    ///
    /// # Errors
    /// As [`Table::read`] where there is no first row, or two columns have one name;
    /// [`Error::File`](crate::Error::File) where the bytes cannot be read or are no text.
    pub fn names(name: &str, source: impl Read, options: &ReadOptions) -> Result<Vec<String>> {
        let (text, options) = text_of(name, source, options, false)?;
        let dialect = Dialect::guess(&text, &options);
        let first = Lines::new(name, &text, dialect.delimiter).first()?;
        Ok(Names::of(name, &first, dialect.header, &options, &mut Vec::new())?.names)
    }
}

/// The text of a table, and how to read it. Parquet is told by its first bytes, whatever its name; of that only the names
/// where not `with_rows`.
#[cfg(feature = "parquet")]
fn text_of<'a>(
    name: &str,
    source: impl Read,
    options: &'a ReadOptions,
    with_rows: bool,
) -> Result<(Text, Cow<'a, ReadOptions>)> {
    let (start, source) = text::start(name, source, parquet::MAGIC.len())?;
    if start != parquet::MAGIC {
        return Ok((Text::read(name, source)?, Cow::Borrowed(options)));
    }
    let (text, options) = parquet::read(name, source, options, with_rows)?;
    Ok((text, Cow::Owned(options)))
}

#[cfg(not(feature = "parquet"))]
fn text_of<'a>(
    name: &str,
    source: impl Read,
    options: &'a ReadOptions,
    _: bool,
) -> Result<(Text, Cow<'a, ReadOptions>)> {
    Ok((Text::read(name, source)?, Cow::Borrowed(options)))
}

#[cfg(not(target_arch = "wasm32"))]
impl Table {
    /// As [`Table::read`], from a file.
    ///
    /// # Errors
    /// As [`Table::read`]; and [`Error::File`](crate::Error::File) where the file cannot be read.
    pub fn open(path: &std::path::Path, options: &ReadOptions) -> Result<Self> {
        Table::read(&path.display().to_string(), crate::disk::open(path)?, options)
    }
}

/// Checks the times of raw series, fills their gaps, and puts them into the table.
fn make_regular(mut table: Table, mut raw: Vec<Raw>, options: &ReadOptions) -> Result<Table> {
    set_clocks(&mut raw, options);
    if regular::sort(&mut raw, table.columns.len()) {
        table.notes.push("the newest row comes first: the rows were sorted by their times".to_owned());
    }
    regular::check_order(&table, &raw)?;
    let longest = raw.iter().max_by_key(|series| series.stamps.len());
    let fits = |frequency: &Frequency| {
        let dates = !matches!(frequency, Frequency::Step(_));
        dates == table.style.is_civil() && raw.iter().all(|series| frequency.fits(&series.stamps))
    };
    let known = || options.known.frequency.filter(fits);
    let guessed = || known().or_else(|| Frequency::infer(&longest?.stamps, &table.style));
    let frequency =
        if table.style == Style::Row { Some(Frequency::Step(1.0)) } else { options.frequency.or_else(guessed) };
    let Some(frequency) = frequency else {
        return Err(
            Place::of(&table.name).refuse("expected at least 2 rows, from which the frequency follows, found 1")
        );
    };
    table.frequency = frequency;
    let mut open_end = vec![false; table.columns.len()];
    table.places(&options.open_end)?.into_iter().for_each(|column| open_end[column] = true);
    for mut raw in raw {
        regular::check(&table, &mut raw, options.fill.is_some())?;
        let (known, filled) = fill::complete(&table, &mut raw, &open_end, options.fill)?;
        table.filled += filled.iter().filter(|filled| **filled).count();
        raw.values.shrink_to_fit();
        table.series.push(Series {
            id: raw.id,
            statics: raw.statics,
            first: raw.stamps[0],
            clock: raw.clock,
            values: raw.values,
            filled,
            known,
        });
    }
    Ok(table)
}

/// Where times have offsets from UTC, they are kept in UTC if steps within days are counted, which go on when clocks
/// change; days, weeks and months are those on the wall.
fn set_clocks(raw: &mut [Raw], options: &ReadOptions) {
    let longest = raw.iter().max_by_key(|series| series.offsets.len()).filter(|series| !series.offsets.is_empty());
    let Some(longest) = longest else { return };
    let utc = |series: &Raw| -> Vec<Stamp> {
        series.stamps.iter().zip(&series.offsets).map(|(&stamp, &offset)| to_utc(stamp, offset)).collect()
    };
    let guess = || {
        let instants = utc(longest);
        let mut steps: Vec<i64> =
            instants.windows(2).map(|pair| pair[1].saturating_sub(pair[0]).saturating_abs()).collect();
        steps.sort_unstable();
        // Where clocks change, a day has 23 or 25 hours: half of a day and less is within days.
        steps.get(steps.len() / 2).is_some_and(|&median| median < DAY * 9 / 10)
    };
    let within = options.frequency.or(options.known.frequency).map_or_else(guess, Frequency::is_within_days);
    for series in raw {
        let instants = utc(series);
        let mut times: Vec<(Stamp, Stamp, i16)> = instants
            .iter()
            .zip(&series.stamps)
            .zip(std::mem::take(&mut series.offsets))
            .map(|((&instant, &local), offset)| (instant, local, offset))
            .collect();
        times.sort_unstable();
        let (locals, offsets): (Vec<Stamp>, Vec<i16>) =
            times.into_iter().map(|(_, local, offset)| (local, offset)).unzip();
        series.clock = Clock::of(&locals, &offsets, within);
        if within {
            series.stamps = instants;
        }
    }
}

impl Fields {
    fn of(
        names: Names<'_>,
        id: Option<usize>,
        survey: &Survey,
        dialect: Dialect,
        options: &ReadOptions,
        notes: &mut Vec<String>,
    ) -> Result<Self> {
        if let Some(time) = options.time.as_ref().filter(|time| *time != times::NONE) {
            names.find(time)?;
        }
        let places: HashMap<&String, usize> = names.names.iter().zip(0..).collect();
        let wanted = |name: &String| places.get(name).copied().map_or_else(|| names.find(name), Ok);
        let columns: Option<Vec<usize>> =
            options.columns.as_ref().map(|columns| columns.iter().map(wanted).collect()).transpose()?;
        let except: Vec<usize> = options.except.iter().map(wanted).collect::<Result<_>>()?;
        let statics: Vec<usize> = options.statics.iter().map(wanted).collect::<Result<_>>()?;
        let mut taken = vec![false; places.len()];
        columns.iter().flatten().chain(&except).chain(&statics).chain(&id).for_each(|&field| taken[field] = true);
        let Names { table, names, .. } = names;
        let (time, style) = survey.times(table, &names, &taken, dialect.header, options, notes)?;
        let values = columns.unwrap_or_else(|| {
            (0..names.len()).filter(|&field| Some(field) != time && !taken[field]).collect::<Vec<_>>()
        });
        let role = |field| match () {
            () if Some(field) == id => Some("identifier"),
            () if Some(field) == time => Some("times"),
            () if statics.contains(&field) => Some("static values"),
            () => None,
        };
        if let Some((field, role)) = values.iter().find_map(|&field| Some((field, role(field)?))) {
            let message = format!("it holds the {role} of the table and cannot be a series as well");
            return Err(Place::of(table).column(&names[field]).refuse(message));
        }
        if values.is_empty() {
            return Err(Place::of(table).refuse("expected a column of values, found none"));
        }
        if style == Style::Row {
            let frequency = options.frequency.filter(|&frequency| frequency != Frequency::Step(1.0));
            let said = [
                ("`ReadOptions::frequency`", frequency.is_some()),
                ("`ReadOptions::time_format`", options.time_format.is_some()),
            ];
            if let Some((flag, _)) = said.into_iter().find(|(_, said)| *said) {
                let message =
                    format!("{flag} is for times, and rows are counted: `ReadOptions::time` names the column of times");
                return Err(Place::of(table).refuse(message));
            }
        }
        Ok(Fields { names, time, id, values, statics, style })
    }
}

/// The rows of a table as they come in.
struct Rows<'a> {
    table: &'a str,
    fields: &'a Fields,
    reading: Reading,
    /// What the times have shown of how they are written.
    parsed: Parsed,
    /// Whether every column is read.
    all: bool,
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
                self.series.push(Raw { id, statics: vec![None; self.fields.statics.len()], ..Raw::default() });
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
                // Without marks, as numbers are read everywhere.
                for value in self.series.iter_mut().flat_map(|series| &mut series.statics).flatten() {
                    if self.reading.reads(value) {
                        *value = self.reading.plain(value);
                    }
                }
                return Ok(self);
            }
        }
    }

    fn push(&mut self, place: usize, line: u64, record: &ByteRecord) -> Result<()> {
        let stamp = match self.fields.time {
            None => SECOND * self.series[place].stamps.len() as Stamp,
            Some(field) => {
                let time = self.time(&record[field], line, field)?;
                self.series[place].offsets.extend(time.offset);
                time.local
            }
        };
        let fields = self.fields;
        for &field in &fields.values {
            let text = &record[field];
            let value = number(text, self.reading).map_err(|expected| {
                let found = String::from_utf8_lossy(text);
                let place = Place::of(self.table).row(line).column(&fields.names[field]);
                let remedy = if self.all { "; `ReadOptions::except` leaves a column out" } else { "" };
                place.refuse(format!("expected {expected}, found `{}`{remedy}", found.trim()))
            })?;
            self.series[place].values.push(value);
        }
        let Raw { id, statics, .. } = &mut self.series[place];
        for (known, &field) in statics.iter_mut().zip(&fields.statics) {
            let text = String::from_utf8_lossy(record[field].trim_ascii());
            match known {
                _ if is_missing(&text) => {}
                None => *known = Some(text.into_owned()),
                Some(known) if *known == text => {}
                Some(known) => {
                    let of = id.as_ref().map_or(String::new(), |id| format!(" in series `{id}`"));
                    let message = format!("expected `{known}`, as before{of}, found `{text}`: it is static");
                    return Err(Place::of(self.table).row(line).column(&fields.names[field]).refuse(message));
                }
            }
        }
        self.series[place].stamps.push(stamp);
        self.series[place].lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        Ok(())
    }

    fn time(&mut self, text: &[u8], line: u64, field: usize) -> Result<Parsed> {
        let text = String::from_utf8_lossy(text);
        let text = text.trim();
        let refuse = |expected: &str, why: Option<String>| {
            let why = why.map_or(String::new(), |why| format!("; {why}"));
            let place = Place::of(self.table).row(line).column(&self.fields.names[field]);
            place.refuse(format!("expected {expected}, found `{text}`{why}"))
        };
        let Style::Civil(format) = &self.fields.style else {
            let plain = if self.reading.reads(text) { &self.reading.plain(text) } else { text };
            let local = parse_number(plain).ok_or_else(|| refuse("a number, as times of the table", None))?;
            return Ok(Parsed::at(local));
        };
        let parsed =
            format.parse(text).ok_or_else(|| refuse(&format!("a time, written as {format}"), unreadable(text)))?;
        self.parsed = parsed.and(&self.parsed);
        Ok(parsed)
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
            "a number with the decimal mark `{}`, as in the rest of the table, or as `ReadOptions::decimal` and \
             `ReadOptions::thousands` say",
            char::from(reading.decimal)
        )),
        _ => Err("a number, or nothing or NA where a value is missing".to_owned()),
    }
}
