//! safetensors: <https://github.com/huggingface/safetensors#format>.

use super::array::{Array, Fallible, Named, byte_len, check_dims, le_bytes};
use super::dtype::Dtype;
use super::recognize;
use safetensors::tensor::TensorView;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// The header of a file.
#[derive(Deserialize)]
struct Header {
    #[serde(rename = "__metadata__", default)]
    metadata: Option<HashMap<String, String>>,
    #[serde(flatten)]
    tensors: BTreeMap<String, Info>,
}

#[derive(Deserialize)]
struct Info {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (usize, usize),
}

/// Arrays and `__metadata__`.
type Contents<'a> = (BTreeMap<String, Array<'a>>, HashMap<String, String>);

/// Reads a file. The crate's own reader adds up offsets unchecked, which panics in a debug build where they come to
/// more than 2^64, and does not say which tensor is at fault.
///
/// # Errors
/// Which tensor is at fault, or what is wrong with the header.
pub fn read(bytes: &[u8]) -> Fallible<Contents<'_>> {
    let (header, data) = split(bytes)?;
    let mut arrays = BTreeMap::new();
    let mut places = Vec::with_capacity(header.tensors.len());
    for (name, Info { dtype, shape, data_offsets: (first, last) }) in header.tensors {
        check_dims(shape.len()).map_err(|fault| format!("`{name}`: {fault}"))?;
        let Some(known) = Dtype::from_safetensors(&dtype) else {
            return Err(format!("`{name}`: expected numbers of 8 to 64 bits, found {dtype} {shape:?}"));
        };
        let Some(bytes) = data.get(first..last).filter(|bytes| byte_len(known, &shape) == Some(bytes.len())) else {
            let len = data.len();
            return Err(format!("`{name}`: expected {known} {shape:?}, found bytes {first} to {last} of {len}"));
        };
        places.push((first, last, name.clone()));
        arrays.insert(name, Array { dtype: known, shape, bytes: Cow::Borrowed(bytes) });
    }
    // The format leaves no gap between tensors, and they share no byte: so that a file is not smaller than what it
    // holds.
    places.sort_unstable();
    let mut end = 0;
    for (first, last, name) in places {
        if first != end {
            return Err(format!("`{name}`: expected its values from byte {end} on, found bytes {first} to {last}"));
        }
        end = last;
    }
    if end != data.len() {
        return Err(format!("expected {end} bytes of values, those of its tensors, found {}", data.len()));
    }
    Ok((arrays, header.metadata.unwrap_or_default()))
}

/// Header and data.
fn split(bytes: &[u8]) -> Fallible<(Header, &[u8])> {
    let none = |reason: String| {
        format!("not a safetensors, .npz or .npy file: {}", recognize::described(bytes).unwrap_or(reason))
    };
    let Some((len, rest)) = bytes.split_first_chunk() else {
        return Err(none(format!("expected a header length of 8 bytes, found {} bytes in all", bytes.len())));
    };
    let len = u64::from_le_bytes(*len);
    let header = usize::try_from(len).ok().and_then(|len| rest.split_at_checked(len));
    let Some((header, data)) = header else {
        return Err(none(format!("expected a header of {len} bytes, found {} bytes", rest.len())));
    };
    let header = serde_json::from_slice(header).map_err(|error| none(format!("its header: {error}")))?;
    Ok((header, data))
}

/// The bytes of a file with these arrays.
pub fn write(arrays: &[Named<'_>], metadata: Option<HashMap<String, String>>) -> Vec<u8> {
    let bytes: Vec<Vec<u8>> = arrays.iter().map(|array| le_bytes(array.values)).collect();
    let views = arrays.iter().zip(&bytes).map(|(array, bytes)| {
        let view = TensorView::new(safetensors::Dtype::F32, array.shape.to_vec(), bytes);
        (array.name, view.expect("an array has as many values as its shape says"))
    });
    safetensors::serialize(views, metadata).expect("the arrays are few and their offsets contiguous")
}
