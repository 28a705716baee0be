//! Named arrays in files: `.safetensors`, NumPy's `.npz` and `.npy`. What is read comes from strangers: no number in it is
//! believed before the bytes that it speaks of have been seen. Nothing here knows a network.

mod convert;
mod dtype;
mod npy;
mod npz;
mod safetensors;

pub use convert::Converted;
pub use dtype::Dtype;

use crate::error::{Error, Result};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// What a function says that knows a fault but not the file it is in.
type Fallible<T> = std::result::Result<T, String>;

/// An array as it lies in a file: row-major, little-endian, with as many bytes as its type and shape call for.
#[derive(Clone, Debug, PartialEq)]
pub struct Array<'a> {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Cow<'a, [u8]>,
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
}

/// Bytes of an array; `None` where they cannot be counted.
fn byte_len(dtype: Dtype, shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(dtype.size(), |len, &dim| len.checked_mul(dim))
}

/// A dimension that an array must have: its letter in the shape alphabet, and its size where that is known.
pub type Dim<'a> = (&'a str, Option<usize>);

/// The arrays of one file, by name.
#[derive(Clone, Debug)]
pub struct Arrays<'a> {
    path: String,
    arrays: BTreeMap<String, Array<'a>>,
    metadata: HashMap<String, String>,
}

impl<'a> Arrays<'a> {
    /// Reads a file, whatever its name: its first bytes say which of the three formats it has. The one array of an `.npy`
    /// file is called `x`. `path` is what errors call the file.
    pub fn from_bytes(path: &str, bytes: &'a [u8]) -> Result<Self> {
        let read = if bytes.starts_with(npy::MAGIC) {
            npy::read(bytes).map(|array| (BTreeMap::from([("x".to_owned(), array)]), HashMap::new()))
        } else if bytes.starts_with(b"PK") {
            npz::read(bytes).map(|arrays| (arrays, HashMap::new()))
        } else {
            safetensors::read(bytes)
        };
        match read {
            Ok((arrays, metadata)) => Ok(Arrays { path: path.to_owned(), arrays, metadata }),
            Err(message) => Err(Error::File { path: path.to_owned(), message }),
        }
    }

    /// What errors call the file.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.arrays.keys().map(String::as_str)
    }

    /// An array, if there is one of that name.
    pub fn get(&self, name: &str) -> Option<&Array<'a>> {
        self.arrays.get(name)
    }

    /// An array that must be there.
    pub fn require(&self, name: &str) -> Result<&Array<'a>> {
        self.get(name).ok_or_else(|| {
            let names: Vec<String> = self.names().map(|name| format!("`{name}`")).collect();
            let found = if names.is_empty() { "no array at all".to_owned() } else { names.join(", ") };
            self.fault(format!("expected an array `{name}`, found {found}"))
        })
    }

    /// The dimensions of an array that must be there, refused where they are not as many, or not of those sizes; or where
    /// one is 0.
    pub fn dims<const N: usize>(&self, name: &str, expected: [Dim<'_>; N]) -> Result<[usize; N]> {
        let array = self.require(name)?;
        let refuse = || {
            let words = expected.map(|(letter, size)| size.map_or(letter.into(), |size| format!("{letter}={size}")));
            let words = words.join(", ");
            self.fault(format!("`{name}`: expected [{words}], found {} {:?}", array.dtype, array.shape))
        };
        let dims: [usize; N] = array.shape.as_slice().try_into().map_err(|_| refuse())?;
        let fits = |(&dim, (_, size)): (&usize, Dim<'_>)| dim > 0 && size.is_none_or(|size| size == dim);
        if dims.iter().zip(expected).all(fits) { Ok(dims) } else { Err(refuse()) }
    }

    /// The values of an array as f32; see [`Array::to_f32`].
    pub fn f32(&self, name: &str) -> Result<Converted<f32>> {
        self.require(name)?.to_f32().map_err(|fault| self.fault(format!("`{name}`: {fault}")))
    }

    /// The values of an array as whole numbers; see [`Array::to_u32`].
    pub fn u32(&self, name: &str) -> Result<Converted<u32>> {
        self.require(name)?.to_u32().map_err(|fault| self.fault(format!("`{name}`: {fault}")))
    }

    /// The `__metadata__` of a safetensors file.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    /// A fault of this file.
    pub fn fault(&self, message: impl Into<String>) -> Error {
        Error::File { path: self.path.clone(), message: message.into() }
    }
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

/// The formats in which arrays are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// <https://github.com/huggingface/safetensors#format>.
    Safetensors,
    /// NumPy's archive of `.npy` files, not compressed.
    Npz,
}

impl Format {
    /// The format that a file's name asks for by its end.
    pub fn of(path: &str) -> Result<Self> {
        match path.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).as_deref() {
            Some("safetensors") => Ok(Format::Safetensors),
            Some("npz") => Ok(Format::Npz),
            _ => {
                let message = "expected a name that ends in .safetensors or .npz".to_owned();
                Err(Error::File { path: path.to_owned(), message })
            }
        }
    }

    /// The bytes of a file with these arrays, all in f32; the same for the same arrays.
    pub fn write(self, arrays: &[Named<'_>]) -> Vec<u8> {
        for Named { name, shape, values } in arrays {
            assert_eq!(values.len(), shape.iter().product::<usize>(), "values of `{name}`, shape {shape:?}");
        }
        match self {
            Format::Safetensors => safetensors::write(arrays, None),
            Format::Npz => npz::write(arrays),
        }
    }
}

/// The bytes of a safetensors file with one entry in its `__metadata__`: more would be written in no fixed order.
pub(crate) fn write_with_metadata(arrays: &[Named<'_>], key: &str, text: String) -> Vec<u8> {
    safetensors::write(arrays, Some(HashMap::from([(key.to_owned(), text)])))
}

/// The values' bytes, little-endian.
fn le_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests;
