//! The flags that say how a table is written, and the table itself.

use super::console::Console;
use super::values::whole;
use anyhow::{Context, bail};
use clap::ValueEnum;
use refrain::arrays::{Arrays, looks_like_arrays};
use refrain::disk;
use refrain::forecast::table::{Fill, ReadOptions, Table, Thousands};
use refrain::forecast::time::{Frequency, Style};
use std::io::Read;
use std::path::Path;

/// How a table is written. What is not said is guessed.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Data")]
pub struct TableFlags {
    /// The column of times: dates in any common writing, or numbers; `none` counts rows. Guessed.
    #[arg(long, value_name = "COLUMN")]
    pub time: Option<String>,
    /// How its times are written, as strftime has it: '%d/%m/%Y %H:%M'; or epoch-s, epoch-ms, epoch-us, epoch-ns, or
    /// `number`. Guessed from all rows.
    #[arg(long, value_name = "FORMAT")]
    pub time_format: Option<Style>,
    /// The column that tells many series in one table apart.
    #[arg(long, value_name = "COLUMN")]
    pub id: Option<String>,
    /// How far apart times stand: 15min, h, D, B (Monday to Friday), B:SunMonTueWedThu, W, M, M:30 (on the 30th), ME
    /// (ends of months), BME (their last business days), Q, Y, or a number. Guessed.
    #[arg(long, value_name = "F")]
    pub freq: Option<Frequency>,
    /// What to put where values or rows are missing, which are refused otherwise. What was filled in is never a target.
    #[arg(long, value_enum, value_name = "HOW")]
    pub fill: Option<FillName>,
    /// What stands between fields: a character, or `tab`. Guessed.
    #[arg(long, value_name = "C", value_parser = delimiter)]
    pub delimiter: Option<u8>,
    /// The decimal mark. Guessed from all rows.
    #[arg(long, value_name = "C", value_parser = decimal)]
    pub decimal: Option<u8>,
    /// What parts thousands, as in 1,504: `,` `.` `'` `space` or `none`. Guessed from all rows.
    #[arg(long, value_name = "C")]
    pub thousands: Option<Thousands>,
    /// The first row holds names, even if they are numbers. Guessed.
    #[arg(long, conflicts_with = "no_header")]
    pub header: bool,
    /// The first row holds values, not names; columns are then column1, column2, ...
    #[arg(long)]
    pub no_header: bool,
}

/// A [`Fill`] on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FillName {
    /// The last value before.
    Forward,
    /// A line between the values before and after; of targets and covariates of the past the last value before, since a
    /// line shows what comes after.
    Linear,
}

impl TableFlags {
    /// How to read the table, of which `adapt` knows the columns.
    pub fn options(&self) -> ReadOptions {
        ReadOptions {
            delimiter: self.delimiter,
            decimal: self.decimal,
            thousands: self.thousands,
            header: if self.header { Some(true) } else { self.no_header.then_some(false) },
            time: self.time.clone(),
            time_format: self.time_format.clone(),
            id: self.id.clone(),
            frequency: self.freq,
            fill: self.fill.map(|fill| match fill {
                FillName::Forward => Fill::Forward,
                FillName::Linear => Fill::Linear,
            }),
            ..ReadOptions::default()
        }
    }

    /// The first of these flags that was given.
    pub fn given(&self) -> Option<&'static str> {
        let given = [
            ("--time", self.time.is_some()),
            ("--time-format", self.time_format.is_some()),
            ("--id", self.id.is_some()),
            ("--freq", self.freq.is_some()),
            ("--fill", self.fill.is_some()),
            ("--delimiter", self.delimiter.is_some()),
            ("--decimal", self.decimal.is_some()),
            ("--thousands", self.thousands.is_some()),
            ("--header", self.header),
            ("--no-header", self.no_header),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }
}

/// The names of the columns of a table in a file, or in stdin where that is `-`.
pub fn names(data: &str, options: &ReadOptions) -> refrain::Result<Vec<String>> {
    if data == "-" {
        return Table::names("stdin", std::io::stdin().lock(), options);
    }
    Table::names(data, disk::open(Path::new(data))?, options)
}

/// Reads a table from a file, or from stdin where that is `-`, and says what it is.
pub fn read(data: &str, options: &ReadOptions, console: &Console) -> anyhow::Result<Table> {
    let table = if data == "-" {
        Table::read("stdin", std::io::stdin().lock(), options)?
    } else {
        check_text(Path::new(data))?;
        Table::open(Path::new(data), options)?
    };
    let rows: usize = table.series.iter().map(|series| table.rows(series)).sum();
    let first = &table.series[0];
    let [begin, end] = [0, table.rows(first) - 1].map(|row| table.time(first, row));
    let (begin, end) = (begin.context("times")?, end.context("times")?);
    let span = match &table.series[..] {
        [_] => format!("{begin} to {end}"),
        all => format!("{} series", all.len()),
    };
    let columns = table.columns.len();
    console
        .say(format_args!("{}: {rows} rows x {columns} columns, {span}, frequency {}", table.name, table.frequency))?;
    for note in &table.notes {
        console.warn(format_args!("{}: {note}", table.name));
    }
    let future: usize = table.series.iter().map(|series| table.rows(series) - series.known).sum();
    if future > 0 {
        console.say(format_args!("{future} rows at the end have no targets: they are the future"))?;
    }
    if table.filled > 0 {
        console.say(format_args!("{} missing values were filled in", table.filled))?;
        table.mostly_filled().iter().for_each(|note| console.warn(note));
    }
    Ok(table)
}

/// Refuses arrays by their first bytes. A pipe is not looked at: what is read from it is gone.
fn check_text(path: &Path) -> anyhow::Result<()> {
    if !path.is_file() {
        return Ok(());
    }
    let mut start = Vec::new();
    disk::open(path)?.take(512).read_to_end(&mut start).with_context(|| path.display().to_string())?;
    if looks_like_arrays(&start) {
        Arrays::from_bytes(&path.display().to_string(), &disk::read(path)?)?;
        bail!(
            "{}: expected a table (CSV), found arrays: `refrain train` and `refrain run` take them under a name that \
             ends in .safetensors, .npz or .npy",
            path.display()
        );
    }
    Ok(())
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        _ if text == "tab" || text == "\\t" => Ok(b'\t'),
        [mark] if !mark.is_ascii_alphanumeric() && *mark != b'"' => Ok(*mark),
        _ => Err("expected one character, or tab".to_owned()),
    }
}

fn decimal(text: &str) -> Result<u8, String> {
    match text {
        "." | "," => Ok(text.as_bytes()[0]),
        _ => Err("expected . or ,".to_owned()),
    }
}

/// A number of rows.
pub fn rows(text: &str) -> Result<usize, String> {
    whole::<1, 1_000_000_000>(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_one_character() {
        assert_eq!((delimiter(";"), delimiter("tab"), delimiter("\t")), (Ok(b';'), Ok(b'\t'), Ok(b'\t')));
        assert!(["", ";;", "a", "é", "\""].into_iter().all(|bad| delimiter(bad).is_err()));
        assert_eq!(decimal(","), Ok(b','));
        assert!(decimal(";").is_err());
    }
}
