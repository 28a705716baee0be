//! One array as it lies in a file, and one to write.

use super::dtype::Dtype;
use std::borrow::Cow;

/// What a function says that knows a fault but not the file it is in.
pub(super) type Fallible<T> = std::result::Result<T, String>;

/// Dimensions of an array at most, as in NumPy.
const MOST_DIMS: usize = 64;

/// Refuses a shape of more dimensions than arrays have.
pub(super) fn check_dims(found: usize) -> Fallible<()> {
    if found <= MOST_DIMS { Ok(()) } else { Err(format!("expected at most {MOST_DIMS} dimensions, found {found}")) }
}

/// An array as it lies in a file: row-major, little-endian, with as many bytes as its type and shape call for.
#[derive(Clone, Debug, PartialEq)]
pub struct Array<'a> {
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    pub(super) bytes: Cow<'a, [u8]>,
}

impl Array<'_> {
    /// The type of its values.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Its dimensions; none of a scalar.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Its values as they lie in the file.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Bytes of an array; `None` where they cannot be counted.
pub(super) fn byte_len(dtype: Dtype, shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(dtype.size(), |len, &dim| len.checked_mul(dim))
}

/// Where the value `index` of a row-major array lies, as in `[2, 0, 3]`.
pub fn place(shape: &[usize], index: usize) -> String {
    let mut rest = index;
    let mut places: Vec<usize> = shape.iter().rev().map(|&dim| (rest % dim, rest /= dim).0).collect();
    places.reverse();
    format!("{places:?}")
}

/// An array to write: name, shape and row-major values.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its dimensions.
    pub shape: &'a [usize],
    /// As many as the product of the shape.
    pub values: &'a [f32],
}

/// The values' bytes, little-endian.
pub(super) fn le_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
