//! Tables that are written: forecasts, and those of a backtest; as CSV or as Parquet.

#[cfg(feature = "parquet")]
mod parquet;

use super::number::exact;
use super::time::{Stamp, Style};
use csv::Writer;

/// A table to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    columns: Vec<Column>,
    rows: usize,
}

/// One of its columns.
#[derive(Clone, Debug, PartialEq)]
struct Column {
    name: String,
    values: Values,
}

/// The values of a column, one a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Times on the wall, their offsets from UTC in minutes, and how they are written.
    Times(Style, Vec<(Stamp, i16)>),
    /// Words.
    Text(Vec<String>),
    /// Whole numbers.
    Whole(Vec<i64>),
    /// Numbers; NaN is missing.
    Numbers(Vec<f64>),
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Values::Times(_, times) => times.len(),
            Values::Text(texts) => texts.len(),
            Values::Whole(numbers) => numbers.len(),
            Values::Numbers(numbers) => numbers.len(),
        }
    }

    fn written(&self, row: usize) -> String {
        match self {
            Values::Times(style, times) => style.print(times[row].0, times[row].1),
            Values::Text(texts) => texts[row].clone(),
            Values::Whole(numbers) => numbers[row].to_string(),
            Values::Numbers(numbers) if numbers[row].is_nan() => String::new(),
            Values::Numbers(numbers) => exact(numbers[row]),
        }
    }
}

impl Sheet {
    /// A table of these columns.
    ///
    /// # Panics
    /// Where one has more rows than another.
    pub(super) fn of(columns: impl IntoIterator<Item = (String, Values)>) -> Self {
        let columns: Vec<Column> = columns.into_iter().map(|(name, values)| Column { name, values }).collect();
        let rows = columns.first().map_or(0, |column| column.values.len());
        assert!(columns.iter().all(|column| column.values.len() == rows), "every column has a value in every row");
        Sheet { columns, rows }
    }

    /// Its columns, by their names.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &Values)> {
        self.columns.iter().map(|column| (column.name.as_str(), &column.values))
    }

    /// The table in CSV, times as its style writes them, numbers with all their digits.
    ///
    /// # Panics
    /// Never: writing to memory does not fail.
    pub fn to_csv(&self) -> String {
        let mut writer = Writer::from_writer(Vec::new());
        writer.write_record(self.columns.iter().map(|column| &column.name)).expect("memory takes every record");
        for row in 0..self.rows {
            let record = self.columns.iter().map(|column| column.values.written(row));
            writer.write_record(record).expect("memory takes every record");
        }
        String::from_utf8(writer.into_inner().expect("memory is flushed")).expect("it was made of strings")
    }
}
