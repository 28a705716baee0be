//! Values of any type as those that a network takes: f32, and whole numbers for lengths. What would change its meaning
//! is refused.

use super::array::{Array, Fallible, place};
use super::dtype::Dtype;
use half::{bf16, f16};

/// Values, and the type that they had.
#[derive(Clone, Debug, PartialEq)]
pub struct Converted<T> {
    /// Row-major.
    pub values: Vec<T>,
    /// The type in the file, where it was another one.
    pub from: Option<Dtype>,
}

/// A value of any type.
#[derive(Clone, Copy)]
enum Number {
    Float(f64),
    Whole(i128),
}

impl Array<'_> {
    /// The values as f32. Values of f64 lose digits, values of f16 and bf16 do not.
    ///
    /// # Errors
    /// What was expected and where, for a value of f64 that is finite there but not in f32, and for a whole number that
    /// f32 does not hold exactly.
    pub fn to_f32(&self) -> Fallible<Converted<f32>> {
        if self.dtype == Dtype::F32 {
            let values = self.bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
            return Ok(Converted { values, from: None });
        }
        let values = self.convert("a value that f32 can hold", |number| match number {
            Number::Float(wide) => Some(wide as f32).filter(|narrow| narrow.is_finite() || !wide.is_finite()),
            Number::Whole(wide) => Some(wide as f32).filter(|&narrow| narrow as i128 == wide),
        })?;
        Ok(Converted { values, from: Some(self.dtype) })
    }

    /// The values as whole numbers of 32 bits. Floats are converted where they are whole.
    ///
    /// # Errors
    /// What was expected and where, for a value that is not a whole number from 0 to 2^32 - 1.
    pub fn to_u32(&self) -> Fallible<Converted<u32>> {
        let values = self.convert("a whole number from 0 to 4294967295", |number| match number {
            Number::Float(wide) => Some(wide as u32).filter(|&narrow| f64::from(narrow) == wide),
            Number::Whole(wide) => u32::try_from(wide).ok(),
        })?;
        Ok(Converted { values, from: (!self.dtype.is_integer()).then_some(self.dtype) })
    }

    fn convert<T>(&self, expected: &str, to: impl Fn(Number) -> Option<T>) -> Fallible<Vec<T>> {
        let mut index = 0;
        let converted = self.numbers().map(|number| {
            let value = to(number).ok_or_else(|| {
                let found = match number {
                    Number::Float(found) => found.to_string(),
                    Number::Whole(found) => found.to_string(),
                };
                format!("expected {expected} at {}, found {found}", place(&self.shape, index))
            });
            index += 1;
            value
        });
        converted.collect()
    }

    fn numbers(&self) -> Box<dyn Iterator<Item = Number> + '_> {
        fn each<const N: usize>(
            bytes: &[u8],
            number: impl Fn([u8; N]) -> Number + 'static,
        ) -> Box<dyn Iterator<Item = Number> + '_> {
            Box::new(bytes.as_chunks().0.iter().map(move |&bytes| number(bytes)))
        }
        let bytes = &*self.bytes;
        let whole = |value: i64| Number::Whole(value.into());
        match self.dtype {
            Dtype::F16 => each(bytes, |b| Number::Float(f16::from_le_bytes(b).into())),
            Dtype::Bf16 => each(bytes, |b| Number::Float(bf16::from_le_bytes(b).into())),
            Dtype::F32 => each(bytes, |b| Number::Float(f32::from_le_bytes(b).into())),
            Dtype::F64 => each(bytes, |b| Number::Float(f64::from_le_bytes(b))),
            Dtype::I8 => each(bytes, move |b| whole(i8::from_le_bytes(b).into())),
            Dtype::I16 => each(bytes, move |b| whole(i16::from_le_bytes(b).into())),
            Dtype::I32 => each(bytes, move |b| whole(i32::from_le_bytes(b).into())),
            Dtype::I64 => each(bytes, move |b| whole(i64::from_le_bytes(b))),
            Dtype::U8 => each(bytes, move |b| whole(u8::from_le_bytes(b).into())),
            Dtype::U16 => each(bytes, move |b| whole(u16::from_le_bytes(b).into())),
            Dtype::U32 => each(bytes, move |b| whole(u32::from_le_bytes(b).into())),
            Dtype::U64 => each(bytes, |b| Number::Whole(u64::from_le_bytes(b).into())),
            Dtype::Bool => each(bytes, move |[b]| whole((b != 0).into())),
        }
    }
}
