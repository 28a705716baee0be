//! Tables of Parquet. They become the text of CSV that says the same, so that what follows does not know where rows
//! came from: which column holds times, what is missing, how models keep the writing of times are the rules of CSV.
//! That is exact, since numbers are written with all their digits; and every number with a point has other than three
//! digits after it, so that its marks are no question.

mod cells;
mod column;
mod deltas;
mod number;
mod pages;
#[cfg(test)]
mod tests;
mod time;

use super::options::ReadOptions;
use super::place::Place;
use super::text::{self, Text};
use crate::error::{Error, Result};
use crate::memory;
use ::parquet::basic::Compression;
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::ParquetMetaData;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use cells::{Cells, ROWS};
use column::{Column, LeftOut};
use csv::Writer;
use pages::Chunks;
use std::cell::Cell;
use std::io::Read;
use std::panic::{self, AssertUnwindSafe};

/// How a file begins.
pub const MAGIC: &[u8] = b"PAR1";
/// Bytes of text from which on memory is checked.
const CHECKED: usize = 64 << 20;

/// Reads all of `source`, which errors call `name`: its text, of all rows or of the columns' names alone, and the options
/// for that.
///
/// # Errors
/// [`Error::File`] where it cannot be read, or is damaged; [`Error::Limit`] where it is more than memory takes;
/// [`Error::Table`] where a column is asked for that has no values.
pub fn read(name: &str, source: impl Read, options: &ReadOptions, with_rows: bool) -> Result<(Text, ReadOptions)> {
    let bytes = text::whole(name, source)?;
    let file = caught(|| SerializedFileReader::new(Chunks::of(bytes))).map_err(|error| damaged(name, error))?;
    let (mut columns, left_out) = column::all(file.metadata().file_metadata().schema_descr());
    let mut notes = Vec::new();
    check_left_out(name, &left_out, options, &mut notes)?;
    if columns.is_empty() {
        return Err(Place::of(name).refuse("expected a column of values, found none"));
    }
    let bytes = if with_rows {
        check_codecs(name, file.metadata())?;
        columns.iter_mut().for_each(|column| column.read = is_needed(column, options));
        caught(|| rows(&file, &columns)).map_err(|error| damaged(name, error))?
    } else {
        header(&columns).and_then(written).map_err(|error| damaged(name, error))?
    };
    let marks = [options.delimiter.is_some(), options.decimal.is_some(), options.thousands.is_some()];
    if marks.contains(&true) || options.header.is_some() {
        notes.push("it is a Parquet file, of which marks and headers of text say nothing".to_owned());
    }
    let mut options =
        ReadOptions { delimiter: Some(b','), decimal: None, thousands: None, header: Some(true), ..options.clone() };
    options.except.retain(|name| left_out.iter().all(|column| column.name != *name));
    Ok((Text { bytes, notes, ..Text::default() }, options))
}

/// Refuses columns without values that are asked for, and tells of those where all columns are read.
fn check_left_out(name: &str, left_out: &[LeftOut], options: &ReadOptions, notes: &mut Vec<String>) -> Result<()> {
    let asked = || options.columns.iter().flatten().chain(&options.statics).chain(&options.time).chain(&options.id);
    if let Some(column) = left_out.iter().find(|column| asked().any(|name| *name == column.name)) {
        let message = format!("it holds {}: expected numbers, times or text", column.holds);
        return Err(Place::of(name).column(&column.name).refuse(message));
    }
    let said = |column: &&LeftOut| options.columns.is_none() && !options.except.contains(&column.name);
    let names: Vec<String> =
        left_out.iter().filter(said).map(|column| format!("`{}` ({})", column.name, column.holds)).collect();
    if !names.is_empty() {
        notes.push(format!("left out: {}", names.join(", ")));
    }
    Ok(())
}

/// Whether a column's values are looked at. Any may hold the times, until they are named.
fn is_needed(column: &Column, options: &ReadOptions) -> bool {
    let named = [&options.time, &options.id].into_iter().flatten().any(|name| *name == column.name);
    let wanted = match &options.columns {
        Some(columns) => [columns, &options.statics].iter().any(|names| names.contains(&column.name)),
        None => !options.except.contains(&column.name),
    };
    named || wanted || options.time.is_none()
}

/// Refuses a compression that this build does not read.
fn check_codecs(name: &str, metadata: &ParquetMetaData) -> Result<()> {
    for column in metadata.row_groups().iter().flat_map(|group| group.columns()) {
        let (codec, remedy) = match column.compression() {
            Compression::ZSTD(_) if !cfg!(feature = "zstd") => ("zstd", "build with the feature `zstd`, or "),
            Compression::BROTLI(_) => ("brotli", ""),
            Compression::LZO => ("lzo", ""),
            _ => continue,
        };
        let message = format!(
            "it is compressed with {codec}, which this build does not read: {remedy}write it with snappy, as pandas \
             does: frame.to_parquet(\"OUT.parquet\", compression=\"snappy\")"
        );
        return Err(Error::File { path: name.to_owned(), message });
    }
    Ok(())
}

/// The text of all rows, and of the names above them.
fn rows(file: &SerializedFileReader<Chunks>, columns: &[Column]) -> Result<Vec<u8>, ParquetError> {
    let mut cells: Vec<Cells> = columns.iter().map(|column| Cells::of(file, column)).collect::<Result<_, _>>()?;
    let mut writer = header(columns)?;
    let mut checked = CHECKED;
    for group in 0..file.num_row_groups() {
        cells.iter_mut().try_for_each(|cells| cells.begin(file, group))?;
        let mut left = usize::try_from(file.metadata().row_group(group).num_rows())?;
        while left > 0 {
            let rows = left.min(ROWS);
            cells.iter_mut().try_for_each(|cells| cells.advance(rows))?;
            for row in 0..rows {
                cells.iter().try_for_each(|cells| writer.write_field(cells.at(row))).map_err(failed)?;
                writer.write_record(None::<&[u8]>).map_err(failed)?;
            }
            left -= rows;
            let length = writer.get_ref().len();
            if length >= checked {
                // Growing doubles, and the values come beside the text.
                memory::check("the table", 2 * length, "take fewer rows or columns")
                    .map_err(|error| ParquetError::External(Box::new(error)))?;
                checked = 2 * length;
            }
        }
    }
    written(writer)
}

/// The names of the columns, written.
fn header(columns: &[Column]) -> Result<Writer<Vec<u8>>, ParquetError> {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(columns.iter().map(|column| &column.name)).map_err(failed)?;
    Ok(writer)
}

fn written(writer: Writer<Vec<u8>>) -> Result<Vec<u8>, ParquetError> {
    writer.into_inner().map_err(|error| ParquetError::External(Box::new(error.into_error())))
}

fn failed(error: csv::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

thread_local! {
    /// Whether this thread decodes a file.
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread becomes an error: a program's panic hook then has nothing to say.
pub fn catches_panics() -> bool {
    DECODING.get()
}

/// What the crate makes of a file. It meets some damage with a panic, such as lengths of texts beyond their page.
fn caught<T>(decode: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    let panicked = |_| Err(ParquetError::General("its pages are not what they claim".to_owned()));
    DECODING.set(true);
    let decoded = panic::catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(panicked);
    DECODING.set(false);
    decoded
}

/// The error of a file that says `error`.
fn damaged(name: &str, error: ParquetError) -> Error {
    let error = match error {
        ParquetError::External(error) => match error.downcast::<Error>() {
            Ok(error) => return *error,
            Err(error) => error.to_string(),
        },
        other => other.to_string(),
    };
    Error::File { path: name.to_owned(), message: format!("it is a damaged Parquet file: {error}") }
}
