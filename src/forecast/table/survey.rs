//! What all rows of a table say of how it is written.

use super::dialect::Dialect;
use super::is_missing;
use super::marks::{Evidence, Marks, Reading, settle};
use super::options::ReadOptions;
use super::place::Place;
use super::text::Text;
use super::times::{self, Times};
use crate::error::Result;
use crate::forecast::time::{Format, Style};
use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};
use std::io::{Chain, Read};

/// CSV, record by record, with the line on which each begins.
pub struct Lines<'a> {
    table: &'a str,
    /// The text, and the end of a last line that has none.
    reader: Reader<Chain<&'a [u8], &'static [u8]>>,
    /// Whether lines end in CR and LF.
    crlf: bool,
    /// Lines before the first.
    skipped: u64,
}

impl<'a> Lines<'a> {
    /// The records of a text, which errors call `table`.
    pub fn new(table: &'a str, text: &'a Text, delimiter: u8) -> Self {
        let crlf =
            text.bytes.iter().position(|&byte| byte == b'\n').is_some_and(|end| text.bytes[..end].ends_with(b"\r"));
        let end: &[u8] = if crlf { b"\r\n" } else { b"\n" };
        let mut builder = ReaderBuilder::new();
        builder.delimiter(delimiter).has_headers(false).buffer_capacity(1 << 16);
        let reader = builder.from_reader(text.bytes.as_slice().chain(end));
        Lines { table, reader, crlf, skipped: text.skipped }
    }

    /// Reads the first record.
    ///
    /// # Errors
    /// [`Error::Table`](crate::Error::Table) where there is none.
    pub fn first(&mut self) -> Result<ByteRecord> {
        let mut record = ByteRecord::new();
        if self.advance(&mut record)? {
            return Ok(record);
        }
        Err(Place::of(self.table).refuse("the table is empty: expected a row of names, and rows of values"))
    }

    /// Reads the next record; false at the end.
    ///
    /// # Errors
    /// [`Error::Table`](crate::Error::Table) with the row that has more or fewer fields than the first.
    pub fn advance(&mut self, record: &mut ByteRecord) -> Result<bool> {
        self.reader.read_byte_record(record).map_err(|error| match error.kind() {
            ErrorKind::UnequalLengths { expected_len, len, .. } => {
                let message = format!("expected {expected_len} fields, as in the first row, found {len}");
                Place::of(self.table).row(self.line(&ByteRecord::new())).refuse(message)
            }
            _ => Place::of(self.table).refuse(error.to_string()),
        })
    }

    /// The line on which the record begins that was read last. A record's own position is where the one before it
    /// ended, ahead of empty lines.
    pub fn line(&self, record: &ByteRecord) -> u64 {
        let within = record.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64;
        self.skipped + self.reader.position().line().saturating_sub(within + u64::from(!self.crlf))
    }
}

/// What the rows of a table say, column by column.
pub struct Survey {
    columns: Vec<Column>,
}

/// What the values of a column say.
#[derive(Clone)]
struct Column {
    /// The first that is not missing, and its line.
    first: Option<(u64, Box<str>)>,
    numbers: Evidence,
    times: Option<Box<Times>>,
}

impl Survey {
    /// Looks at all rows, but for the first where that is the header. Field `id` tells series apart.
    ///
    /// # Errors
    /// As [`Lines::advance`].
    pub fn of(lines: &mut Lines<'_>, header: bool, id: Option<usize>, known: Option<&Format>) -> Result<Self> {
        let mut record = ByteRecord::new();
        let mut columns = Vec::new();
        let mut before: Option<Vec<u8>> = None;
        if header {
            lines.advance(&mut record)?;
        }
        while lines.advance(&mut record)? {
            let empty = Column { first: None, numbers: Evidence::new(), times: None };
            columns.resize(record.len(), empty);
            let line = lines.line(&record);
            let series = id.and_then(|id| record.get(id)).unwrap_or_default();
            let follows = before.as_deref().is_some_and(|before| before == series);
            for (column, field) in columns.iter_mut().zip(&record) {
                let text = String::from_utf8_lossy(field);
                let text = text.trim();
                if is_missing(text) {
                    continue;
                }
                if column.first.is_none() {
                    column.first = Some((line, text.chars().take(64).collect()));
                    column.times = Times::begin(text, known).map(Box::new);
                }
                column.numbers.add(text, line);
                if let Some(times) = &mut column.times {
                    times.add(text, line, follows);
                }
            }
            if !follows {
                before = Some(series.to_vec());
            }
        }
        Ok(Survey { columns })
    }

    /// The column of times among those called `names`, how they are written, and what should be said of that. Some
    /// columns are `taken` for something else.
    ///
    /// # Errors
    /// As [`times::find`].
    pub fn times(
        &self,
        table: &str,
        names: &[String],
        taken: &[bool],
        header: bool,
        options: &ReadOptions,
        notes: &mut Vec<String>,
    ) -> Result<(Option<usize>, Style)> {
        let columns = self.columns.iter().zip(names).zip(taken).map(|((column, name), &taken)| times::Column {
            name,
            times: column.times.as_deref(),
            numeric: column.numbers.numeric,
            first: column.first.as_ref(),
            taken,
        });
        times::find(table, &columns.collect::<Vec<_>>(), header, options, notes)
    }

    /// How the numbers of the columns `values`, which are called `names`, are read, and the marks that were seen.
    ///
    /// # Errors
    /// [`Error::Table`](crate::Error::Table) where a column can be read in two ways.
    pub fn reading(
        &self,
        table: &str,
        names: &[String],
        values: &[usize],
        dialect: Dialect,
        options: &ReadOptions,
    ) -> Result<(Reading, Marks)> {
        let said = Marks { decimal: options.decimal, thousands: options.thousands };
        let evidence: Vec<&Evidence> = self.columns.iter().map(|column| &column.numbers).collect();
        settle(&evidence, values, said, options.known.marks, dialect.delimiter).map_err(|column| {
            let (line, example) = evidence[column].example.clone().unwrap_or_default();
            let mark = if example.contains(',') { ',' } else { '.' };
            let message = format!(
                "`{example}` may be {} or {}, and no value of the table tells which: say `ReadOptions::thousands` {mark} \
                 or `ReadOptions::decimal` {mark}",
                example.replace(mark, ""),
                example.replace(mark, ".")
            );
            Place::of(table).row(line).column(&names[column]).refuse(message)
        })
    }
}
