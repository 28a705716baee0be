//! Reads the golden files that `tests/golden/generate.py` writes.

use safetensors::{Dtype, SafeTensors};
use serde::de::DeserializeOwned;

/// The bytes of `tests/golden/<name>.safetensors`.
pub fn read(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/golden/{name}.safetensors", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The tensors of a file, and the document under the key `golden` of its metadata.
pub fn parse<D: DeserializeOwned>(bytes: &[u8]) -> (SafeTensors<'_>, D) {
    let (_, metadata) = SafeTensors::read_metadata(bytes).expect("a safetensors header");
    let json = metadata.metadata().as_ref().and_then(|pairs| pairs.get("golden")).expect("the key `golden`");
    let document = serde_json::from_str(json).expect("the document that generate.py writes");
    (SafeTensors::deserialize(bytes).expect("a safetensors file"), document)
}

/// One tensor, flat.
pub fn tensor(tensors: &SafeTensors, name: &str) -> Vec<f64> {
    let tensor = tensors.tensor(name).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(tensor.dtype(), Dtype::F64, "{name}");
    tensor.data().as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect()
}
