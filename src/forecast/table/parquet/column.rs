//! What the columns of a file hold.

use super::time::Unit;
use ::parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use ::parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

/// Digits of a decimal number that fit 128 bits.
const DIGITS: i32 = 38;

/// A column of values, one or none a row.
#[derive(Clone, Debug)]
pub struct Column {
    /// As the header of a CSV file would have it.
    pub name: String,
    /// Its place among the columns of the file's groups.
    pub place: usize,
    pub kind: Kind,
    /// Whether its values are looked at.
    pub read: bool,
}

/// What a column's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Boolean,
    Whole,
    /// Whole numbers without a sign.
    Natural,
    Half,
    Single,
    Double,
    /// Whole numbers of so many decimals.
    Decimal(usize),
    Date,
    /// A count of units since 1970; whether in UTC, or by the clock on the wall.
    Time(Unit, bool),
    Text,
    Uuid,
}

/// A column that is no series of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    pub name: String,
    pub holds: &'static str,
}

/// All columns of a file: those of values, and the others.
pub fn all(schema: &SchemaDescriptor) -> (Vec<Column>, Vec<LeftOut>) {
    let (mut columns, mut left_out): (Vec<Column>, Vec<LeftOut>) = (Vec::new(), Vec::new());
    let mut before = None;
    for (place, column) in schema.columns().iter().enumerate() {
        let root = schema.get_column_root_idx(place);
        let again = before.replace(root) == Some(root);
        let name = column.path().parts().first().map_or("", |name| name.trim()).to_owned();
        let kind = match column.path().parts() {
            [_] if column.max_rep_level() == 0 => kind(column),
            _ => Err("lists or structures"),
        };
        match kind {
            Ok(kind) => columns.push(Column { name, place, kind, read: true }),
            Err(_) if again => {}
            Err(holds) => left_out.push(LeftOut { name, holds }),
        }
    }
    (columns, left_out)
}

/// What a column's values are; else what it holds.
fn kind(column: &ColumnDescriptor) -> Result<Kind, &'static str> {
    let decimal = |scale: i32| match usize::try_from(scale) {
        Ok(decimals) if scale <= DIGITS && column.type_precision() <= DIGITS => Ok(Kind::Decimal(decimals)),
        _ => Err("decimal numbers of more than 38 digits"),
    };
    let said = match column.logical_type_ref() {
        Some(LogicalType::Integer(kind)) => Some(Ok(if kind.is_signed { Kind::Whole } else { Kind::Natural })),
        Some(LogicalType::Decimal(kind)) => Some(decimal(kind.scale)),
        Some(LogicalType::Date) => Some(Ok(Kind::Date)),
        Some(LogicalType::Timestamp(kind)) => Some(Ok(Kind::Time(unit(&kind.unit), kind.is_adjusted_to_u_t_c))),
        Some(LogicalType::Time(_)) => Some(Err("times of day")),
        Some(LogicalType::String | LogicalType::Enum | LogicalType::Json) => Some(Ok(Kind::Text)),
        Some(LogicalType::Uuid) => Some(Ok(Kind::Uuid)),
        Some(LogicalType::Float16) => Some(Ok(Kind::Half)),
        Some(LogicalType::Unknown) => None,
        Some(_) => Some(Err("bytes")),
        None => match column.converted_type() {
            ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64 => {
                Some(Ok(Kind::Natural))
            }
            ConvertedType::DECIMAL => Some(decimal(column.type_scale())),
            ConvertedType::DATE => Some(Ok(Kind::Date)),
            // Files that know no logical types do not say whether these are in UTC.
            ConvertedType::TIMESTAMP_MILLIS => Some(Ok(Kind::Time(Unit::Milli, false))),
            ConvertedType::TIMESTAMP_MICROS => Some(Ok(Kind::Time(Unit::Micro, false))),
            ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS => Some(Err("times of day")),
            ConvertedType::INTERVAL | ConvertedType::BSON => Some(Err("bytes")),
            _ => None,
        },
    };
    match (column.physical_type(), said) {
        (_, Some(Err(holds))) => Err(holds),
        (Physical::BOOLEAN, _) => Ok(Kind::Boolean),
        (Physical::FLOAT, _) => Ok(Kind::Single),
        (Physical::DOUBLE, _) => Ok(Kind::Double),
        (Physical::INT96, _) => Ok(Kind::Time(Unit::Micro, false)),
        (Physical::INT32 | Physical::INT64, said) => Ok(said.and_then(Result::ok).unwrap_or(Kind::Whole)),
        (Physical::BYTE_ARRAY, said) => Ok(said.and_then(Result::ok).unwrap_or(Kind::Text)),
        (Physical::FIXED_LEN_BYTE_ARRAY, Some(Ok(kind))) => Ok(kind),
        (Physical::FIXED_LEN_BYTE_ARRAY, None) => Err("bytes"),
    }
}

fn unit(unit: &TimeUnit) -> Unit {
    match unit {
        TimeUnit::MILLIS => Unit::Milli,
        TimeUnit::MICROS => Unit::Micro,
        TimeUnit::NANOS => Unit::Nano,
    }
}
