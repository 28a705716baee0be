//! Reads a table of CSV, twice: a survey of all rows says how it is written, and then its values are taken. Parquet
//! becomes such text.

use super::clocks::set_clocks;
use super::dialect::Dialect;
use super::fields::Fields;
use super::names::Names;
use super::options::{Known, ReadOptions};
use super::place::Place;
use super::raw::Raw;
use super::rows::Rows;
use super::series::{Series, Table};
use super::survey::{Lines, Survey};
use super::text::Text;
use super::{fill, regular};
#[cfg(feature = "parquet")]
use super::{parquet, text};
use crate::error::Result;
use crate::forecast::time::{Frequency, Parsed, Style};
use std::borrow::Cow;
use std::io::Read;

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
