//! What all rows of a table say of how it is written.

use super::dialect::Dialect;
use super::is_missing;
use super::marks::{Evidence, Marks, Reading, settle};
use super::options::ReadOptions;
use super::place::Place;
use super::text::Text;
use crate::error::Result;
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
    columns: Vec<Evidence>,
}

impl Survey {
    /// Looks at all rows, but for the first where that is the header.
    ///
    /// # Errors
    /// As [`Lines::advance`].
    pub fn of(lines: &mut Lines<'_>, header: bool) -> Result<Self> {
        let mut record = ByteRecord::new();
        let mut columns = Vec::new();
        if header {
            lines.advance(&mut record)?;
        }
        while lines.advance(&mut record)? {
            columns.resize(record.len(), Evidence::new());
            let line = lines.line(&record);
            for (column, field) in columns.iter_mut().zip(&record) {
                let text = String::from_utf8_lossy(field);
                if !is_missing(text.trim()) {
                    column.add(&text, line);
                }
            }
        }
        Ok(Survey { columns })
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
        settle(&self.columns, values, said, options.known.marks, dialect.delimiter).map_err(|column| {
            let (line, example) = self.columns[column].example.clone().unwrap_or_default();
            let mark = if example.contains(',') { ',' } else { '.' };
            let message = format!(
                "`{example}` may be {} or {}, and no value of the table tells which: say --thousands {mark} or --decimal \
                 {mark}",
                example.replace(mark, ""),
                example.replace(mark, ".")
            );
            Place::of(table).row(line).column(&names[column]).refuse(message)
        })
    }
}
