//! Tables in Parquet.

use super::{Sheet, Values};
use crate::forecast::time::{DAY, Style, to_utc};
use ::parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use ::parquet::column::writer::ColumnWriter;
use ::parquet::data_type::ByteArray;
use ::parquet::errors::Result;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::types::Type;
use std::sync::Arc;

/// Rows of a group.
const GROUP: usize = 1 << 20;

impl Sheet {
    /// The table in Parquet: times are timestamps, in UTC where they have offsets, or dates where they have no hours;
    /// values that are missing are null.
    ///
    /// # Panics
    /// Never: writing to memory does not fail.
    pub fn to_parquet(&self) -> Vec<u8> {
        self.write().expect("memory takes every table")
    }

    fn write(&self) -> Result<Vec<u8>> {
        let fields = self.columns.iter().map(|column| Ok(Arc::new(field(&column.name, &column.values)?)));
        let fields = fields.collect::<Result<_>>()?;
        let schema = Type::group_type_builder("table").with_fields(fields).build()?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
        for start in (0..self.rows).step_by(GROUP) {
            let rows = start..self.rows.min(start + GROUP);
            let mut group = writer.next_row_group()?;
            let mut columns = self.columns.iter();
            while let Some(mut out) = group.next_column()? {
                let column = columns.next().expect("the schema has the table's columns");
                write(out.untyped(), &column.values, rows.clone())?;
                out.close()?;
            }
            group.close()?;
        }
        writer.into_inner()
    }
}

/// What times of a style are in Parquet.
enum Moment {
    Row,
    Number,
    Day,
    /// Whether in UTC.
    Time(bool),
}

fn moment(style: &Style) -> Moment {
    match style {
        Style::Row => Moment::Row,
        Style::Number => Moment::Number,
        Style::Civil(format) if format.has_hours() => Moment::Time(format.has_offset()),
        Style::Civil(_) => Moment::Day,
    }
}

fn field(name: &str, values: &Values) -> Result<Type> {
    let time = |utc| Some(LogicalType::timestamp(utc, TimeUnit::MICROS));
    let (physical, logical) = match values {
        Values::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Values::Whole(_) => (Physical::INT64, None),
        Values::Numbers(_) => (Physical::DOUBLE, None),
        Values::Times(style, _) => match moment(style) {
            Moment::Row => (Physical::INT64, None),
            Moment::Number => (Physical::DOUBLE, None),
            Moment::Day => (Physical::INT32, Some(LogicalType::Date)),
            Moment::Time(utc) => (Physical::INT64, time(utc)),
        },
    };
    let builder = Type::primitive_type_builder(name, physical).with_logical_type(logical);
    builder.with_repetition(Repetition::OPTIONAL).build()
}

/// Writes some rows of a column.
fn write(writer: &mut ColumnWriter<'_>, values: &Values, rows: std::ops::Range<usize>) -> Result<()> {
    let all = vec![1; rows.len()];
    let count = match (writer, values) {
        (ColumnWriter::ByteArrayColumnWriter(writer), Values::Text(texts)) => {
            let texts: Vec<ByteArray> = texts[rows].iter().map(|text| text.as_str().into()).collect();
            writer.write_batch(&texts, Some(&all), None)
        }
        (ColumnWriter::Int64ColumnWriter(writer), Values::Whole(numbers)) => {
            writer.write_batch(&numbers[rows], Some(&all), None)
        }
        (ColumnWriter::DoubleColumnWriter(writer), Values::Numbers(numbers)) => {
            let levels: Vec<i16> = numbers[rows.clone()].iter().map(|number| i16::from(!number.is_nan())).collect();
            let there: Vec<f64> = numbers[rows].iter().copied().filter(|number| !number.is_nan()).collect();
            writer.write_batch(&there, Some(&levels), None)
        }
        (ColumnWriter::DoubleColumnWriter(writer), Values::Times(_, times)) => {
            let times: Vec<f64> = times[rows].iter().map(|&(time, _)| time as f64 / 1e6).collect();
            writer.write_batch(&times, Some(&all), None)
        }
        (ColumnWriter::Int32ColumnWriter(writer), Values::Times(_, times)) => {
            let days: Vec<i32> = times[rows].iter().map(|&(time, _)| time.div_euclid(DAY) as i32).collect();
            writer.write_batch(&days, Some(&all), None)
        }
        (ColumnWriter::Int64ColumnWriter(writer), Values::Times(style, times)) => {
            let row = matches!(style, Style::Row);
            let count = |&(time, offset)| if row { time / 1_000_000 } else { to_utc(time, offset) };
            let times: Vec<i64> = times[rows].iter().map(count).collect();
            writer.write_batch(&times, Some(&all), None)
        }
        _ => unreachable!("the schema follows from the values"),
    };
    count.map(drop)
}
