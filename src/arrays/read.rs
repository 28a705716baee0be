//! The arrays of a file that has been read.

use super::array::Array;
#[cfg(not(feature = "npz"))]
use super::array::Fallible;
use super::convert::Converted;
#[cfg(feature = "npz")]
use super::npz::read as read_npz;
use super::{npy, safetensors};
use crate::error::{Error, Result};
use std::collections::{BTreeMap, HashMap};

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
    /// Reads a file, whatever its name: its first bytes say which of the three formats it has. The one array of an
    /// `.npy` file is called `x`. `path` is what errors call the file.
    ///
    /// # Errors
    /// [`Error::File`] where the bytes are damaged, or of none of the three formats.
    pub fn from_bytes(path: &str, bytes: &'a [u8]) -> Result<Self> {
        let read = if bytes.starts_with(npy::MAGIC) {
            npy::read(bytes).map(|array| (BTreeMap::from([("x".to_owned(), array)]), HashMap::new()))
        } else if bytes.starts_with(b"PK") {
            read_npz(bytes).map(|arrays| (arrays, HashMap::new()))
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
    ///
    /// # Errors
    /// [`Error::File`] with the names of the file's arrays where it is not.
    pub fn require(&self, name: &str) -> Result<&Array<'a>> {
        self.get(name).ok_or_else(|| {
            let names: Vec<String> = self.names().map(|name| format!("`{name}`")).collect();
            let found = if names.is_empty() { "no array at all".to_owned() } else { names.join(", ") };
            self.fault(format!("expected an array `{name}`, found {found}"))
        })
    }

    /// The dimensions of an array that must be there.
    ///
    /// # Errors
    /// [`Error::File`] where it is not there, has another number of dimensions or other sizes than expected, or a
    /// dimension is 0.
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
    ///
    /// # Errors
    /// [`Error::File`] where it is not there, or a value does not fit f32.
    pub fn f32(&self, name: &str) -> Result<Converted<f32>> {
        self.require(name)?.to_f32().map_err(|fault| self.fault(format!("`{name}`: {fault}")))
    }

    /// The values of an array as whole numbers; see [`Array::to_u32`].
    ///
    /// # Errors
    /// [`Error::File`] where it is not there, or a value is not a whole number of 32 bits.
    pub fn u32(&self, name: &str) -> Result<Converted<u32>> {
        self.require(name)?.to_u32().map_err(|fault| self.fault(format!("`{name}`: {fault}")))
    }

    /// The `__metadata__` of a safetensors file.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    /// Whether the `__metadata__` has a text that begins like this, under whatever key.
    pub(crate) fn has_metadata_like(&self, begin: &str) -> bool {
        self.metadata.values().any(|text| text.starts_with(begin))
    }

    /// A fault of this file.
    pub fn fault(&self, message: impl Into<String>) -> Error {
        Error::File { path: self.path.clone(), message: message.into() }
    }
}

/// Stands in for what reads archives.
#[cfg(not(feature = "npz"))]
fn read_npz(_: &[u8]) -> Fallible<BTreeMap<String, Array<'static>>> {
    Err("it is a zip archive, such as NumPy's .npz, which the library reads with its feature `npz` alone".to_owned())
}
