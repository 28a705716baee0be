//! Files of arrays to write.

use super::array::Named;
#[cfg(feature = "npz")]
use super::npz;
use super::safetensors;
use crate::error::{Error, Result};
use std::collections::HashMap;

/// The formats in which arrays are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// <https://github.com/huggingface/safetensors#format>.
    Safetensors,
    /// NumPy's archive of `.npy` files, not compressed.
    #[cfg(feature = "npz")]
    Npz,
}

impl Format {
    /// The format that a file's name asks for by its end.
    ///
    /// # Errors
    /// [`Error::File`] where the name ends in neither `.safetensors` nor, with the feature `npz`, `.npz`.
    pub fn of(path: &str) -> Result<Self> {
        match path.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).as_deref() {
            Some("safetensors") => Ok(Format::Safetensors),
            #[cfg(feature = "npz")]
            Some("npz") => Ok(Format::Npz),
            _ => {
                let npz = if cfg!(feature = "npz") { " or .npz" } else { "" };
                let message = format!("expected a name that ends in .safetensors{npz}");
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
            #[cfg(feature = "npz")]
            Format::Npz => npz::write(arrays),
        }
    }
}

/// The bytes of a safetensors file with one entry in its `__metadata__`: more would be written in no fixed order.
pub(crate) fn write_with_metadata(arrays: &[Named<'_>], key: &str, text: String) -> Vec<u8> {
    safetensors::write(arrays, Some(HashMap::from([(key.to_owned(), text)])))
}
