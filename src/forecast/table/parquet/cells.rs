//! The values of a column as text.

use super::column::{Column, Kind};
use super::number::{unscaled, write_decimal, write_float};
use super::pages::{Chunks, Pages};
use super::time::{Unit, write_days, write_time};
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use ::parquet::data_type::DataType;
use ::parquet::errors::{ParquetError, Result};
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use half::f16;
use std::io::Write;

/// Rows that are taken at a time.
pub const ROWS: usize = 4096;

/// Some rows of a column.
pub struct Cells {
    column: Column,
    /// Digits of the fractions of its seconds.
    digits: usize,
    reader: Option<ColumnReader>,
    text: Vec<u8>,
    /// Where each row's text ends.
    ends: Vec<usize>,
}

impl Cells {
    /// Of a column, none yet.
    ///
    /// # Errors
    /// Where the file is damaged.
    pub fn of(file: &SerializedFileReader<Chunks>, column: &Column) -> Result<Self> {
        let mut cells = Cells { column: column.clone(), digits: 0, reader: None, text: Vec::new(), ends: Vec::new() };
        if let (Kind::Time(unit, _), true) = (column.kind, column.read) {
            cells.digits = digits(file, column, unit)?;
        }
        Ok(cells)
    }

    /// Begins with a group of rows.
    ///
    /// # Errors
    /// Where the file is damaged.
    pub fn begin(&mut self, file: &SerializedFileReader<Chunks>, group: usize) -> Result<()> {
        if self.column.read {
            self.reader = Some(open(file, group, self.column.place)?);
        }
        Ok(())
    }

    /// Takes the next `rows`.
    ///
    /// # Errors
    /// Where the file is damaged, or has fewer.
    pub fn advance(&mut self, rows: usize) -> Result<()> {
        self.text.clear();
        self.ends.clear();
        let Cells { column, digits, reader, text, ends } = self;
        let Some(reader) = reader else {
            ends.resize(rows, 0);
            return Ok(());
        };
        let mut sink = Sink { text, ends };
        match reader {
            ColumnReader::BoolColumnReader(reader) => {
                sink.take(reader, rows, |text, &value| text.push(b'0' + u8::from(value)))
            }
            ColumnReader::Int32ColumnReader(reader) => sink.take(reader, rows, |text, &value| match column.kind {
                Kind::Natural => number(text, value as u32),
                Kind::Decimal(decimals) => write_decimal(text, value.into(), decimals),
                Kind::Date => write_days(text, value),
                _ => number(text, value),
            }),
            ColumnReader::Int64ColumnReader(reader) => sink.take(reader, rows, |text, &value| match column.kind {
                Kind::Natural => number(text, value as u64),
                Kind::Decimal(decimals) => write_decimal(text, value.into(), decimals),
                Kind::Time(unit, utc) => write_time(text, value, unit, *digits, utc),
                _ => number(text, value),
            }),
            ColumnReader::Int96ColumnReader(reader) => sink.take(reader, rows, |text, value| {
                write_time(text, value.to_micros(), Unit::Micro, *digits, false);
            }),
            ColumnReader::FloatColumnReader(reader) => {
                sink.take(reader, rows, |text, &value| write_float(text, value.into()))
            }
            ColumnReader::DoubleColumnReader(reader) => {
                sink.take(reader, rows, |text, &value| write_float(text, value))
            }
            ColumnReader::ByteArrayColumnReader(reader) => {
                sink.take(reader, rows, |text, value| bytes(text, value.data(), column.kind))
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                sink.take(reader, rows, |text, value| bytes(text, value.data(), column.kind))
            }
        }
    }

    /// The text of one of the rows; empty where it has no value.
    pub fn at(&self, row: usize) -> &[u8] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.text[start..self.ends[row]]
    }
}

struct Sink<'a> {
    text: &'a mut Vec<u8>,
    ends: &'a mut Vec<usize>,
}

impl Sink<'_> {
    fn take<T: DataType>(
        &mut self,
        reader: &mut ColumnReaderImpl<T>,
        rows: usize,
        write: impl Fn(&mut Vec<u8>, &T::T),
    ) -> Result<()> {
        each(reader, rows, |value| {
            value.into_iter().for_each(|value| write(self.text, value));
            self.ends.push(self.text.len());
        })
    }
}

/// Goes over the next `rows`, some of which may have no value.
fn each<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    mut visit: impl FnMut(Option<&T::T>),
) -> Result<()> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let (found, ..) = reader.read_records(rows, Some(&mut levels), None, &mut values)?;
    let mut values = values.iter();
    for row in 0..found {
        let there = levels.get(row).is_none_or(|&level| level > 0);
        visit(if there { values.next() } else { None });
    }
    if found < rows {
        return Err(ParquetError::EOF("a column has fewer rows than its group".to_owned()));
    }
    Ok(())
}

fn open(file: &SerializedFileReader<Chunks>, group: usize, place: usize) -> Result<ColumnReader> {
    let metadata = file.metadata().row_group(group).column(place);
    let start = metadata.dictionary_page_offset().unwrap_or_else(|| metadata.data_page_offset());
    if start < 0 || metadata.compressed_size() < 0 {
        return Err(ParquetError::General("a column begins or ends before the file".to_owned()));
    }
    let pages = Pages::of(file.get_row_group(group)?.get_column_page_reader(place)?, metadata.column_descr());
    Ok(get_column_reader(metadata.column_descr_ptr(), Box::new(pages)))
}

/// Digits of the fractions of a column's seconds: as many in all rows, since an offset may follow them.
fn digits(file: &SerializedFileReader<Chunks>, column: &Column, unit: Unit) -> Result<usize> {
    let mut digits = 0;
    for group in 0..file.num_row_groups() {
        let mut reader = open(file, group, column.place)?;
        let mut left = usize::try_from(file.metadata().row_group(group).num_rows())?;
        while left > 0 {
            let rows = left.min(ROWS);
            match &mut reader {
                ColumnReader::Int64ColumnReader(reader) => each(reader, rows, |count| {
                    digits = count.map_or(0, |&count| unit.digits(count)).max(digits);
                })?,
                ColumnReader::Int96ColumnReader(reader) => each(reader, rows, |time| {
                    digits = time.map_or(0, |time| unit.digits(time.to_micros())).max(digits);
                })?,
                _ => return Ok(digits),
            }
            left -= rows;
        }
    }
    Ok(digits)
}

fn number(text: &mut Vec<u8>, number: impl std::fmt::Display) {
    write!(text, "{number}").expect("memory takes every text");
}

fn bytes(text: &mut Vec<u8>, bytes: &[u8], kind: Kind) {
    match (kind, bytes) {
        (Kind::Decimal(decimals), _) => match unscaled(bytes) {
            Some(number) => write_decimal(text, number, decimals),
            None => text.extend_from_slice(b"a decimal number of more than 128 bits"),
        },
        (Kind::Half, &[low, high]) => write_float(text, f16::from_le_bytes([low, high]).to_f64()),
        (Kind::Uuid, _) => {
            for (place, byte) in bytes.iter().enumerate() {
                if [4, 6, 8, 10].contains(&place) {
                    text.push(b'-');
                }
                number(text, format_args!("{byte:02x}"));
            }
        }
        _ => text.extend_from_slice(String::from_utf8_lossy(bytes).as_bytes()),
    }
}
