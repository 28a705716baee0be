//! The types of values that files hold, under their names in safetensors and in NumPy.

use std::fmt;

/// The type of an array's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named after the type that it is")]
pub enum Dtype {
    F16,
    Bf16,
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Bool,
}

/// Type, name in safetensors, and NumPy's code for little-endian values; it has none for bf16.
const TABLE: [(Dtype, &str, Option<&str>); 13] = [
    (Dtype::F16, "F16", Some("<f2")),
    (Dtype::Bf16, "BF16", None),
    (Dtype::F32, "F32", Some("<f4")),
    (Dtype::F64, "F64", Some("<f8")),
    (Dtype::I8, "I8", Some("|i1")),
    (Dtype::I16, "I16", Some("<i2")),
    (Dtype::I32, "I32", Some("<i4")),
    (Dtype::I64, "I64", Some("<i8")),
    (Dtype::U8, "U8", Some("|u1")),
    (Dtype::U16, "U16", Some("<u2")),
    (Dtype::U32, "U32", Some("<u4")),
    (Dtype::U64, "U64", Some("<u8")),
    (Dtype::Bool, "BOOL", Some("|b1")),
];

impl Dtype {
    /// Bytes of a value.
    pub fn size(self) -> usize {
        match self {
            Dtype::I8 | Dtype::U8 | Dtype::Bool => 1,
            Dtype::F16 | Dtype::Bf16 | Dtype::I16 | Dtype::U16 => 2,
            Dtype::F32 | Dtype::I32 | Dtype::U32 => 4,
            Dtype::F64 | Dtype::I64 | Dtype::U64 => 8,
        }
    }

    /// Whether its values are floating-point numbers.
    pub fn is_float(self) -> bool {
        matches!(self, Dtype::F16 | Dtype::Bf16 | Dtype::F32 | Dtype::F64)
    }

    /// Whether its values are whole numbers by their type. A truth value is none.
    pub fn is_integer(self) -> bool {
        !self.is_float() && self != Dtype::Bool
    }

    /// The type of that name in safetensors.
    pub(super) fn from_safetensors(name: &str) -> Option<Self> {
        TABLE.iter().find(|(_, theirs, _)| *theirs == name).map(|&(dtype, ..)| dtype)
    }

    /// The type of that code in NumPy.
    pub(super) fn from_numpy(code: &str) -> Option<Self> {
        TABLE.iter().find(|(.., theirs)| *theirs == Some(code)).map(|&(dtype, ..)| dtype)
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, name, _) = TABLE[*self as usize];
        f.write_str(name)
    }
}
