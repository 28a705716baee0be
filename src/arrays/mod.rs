//! Named arrays in files: `.safetensors`, NumPy's `.npz` and `.npy`. What is read comes from strangers: no number in it
//! is believed before the bytes that it speaks of have been seen. Nothing here knows a network.

mod array;
mod convert;
mod dtype;
mod npy;
#[cfg(feature = "npz")]
mod npz;
mod read;
mod recognize;
mod safetensors;
#[cfg(all(test, feature = "npz"))]
mod tests;
mod write;

pub use array::{Array, Named, place};
pub use convert::Converted;
pub use dtype::Dtype;
pub use read::{Arrays, Dim};
pub use recognize::{foreign_format, looks_like_arrays};
pub use write::Format;
pub(crate) use write::write_with_metadata;
