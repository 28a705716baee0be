//! A model as one safetensors file: the weights under PyTorch's names, and what they are the weights of as JSON in
//! `__metadata__`. Format: <https://github.com/huggingface/safetensors#format>.

use super::{Layout, NamedRange, Spec};
use crate::error::{Error, Result};
use safetensors::tensor::{Dtype, TensorInfo, TensorView};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

/// The one key of ours in `__metadata__`. One, because safetensors writes the keys in no fixed order, and the same model
/// shall give the same bytes.
const KEY: &str = "refrain";
/// Version of what stands under [`KEY`].
const FORMAT: u32 = 1;

/// A network with its weights, as a file holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// What the network is.
    pub spec: Spec,
    /// The parameter block, in the order of [`Layout`].
    pub parameters: Vec<f32>,
    /// Where the weights come from: program, data, recipe, device; free in form.
    pub provenance: Map<String, Value>,
}

/// What stands in `__metadata__` under [`KEY`].
#[derive(Serialize, Deserialize)]
struct Card {
    format: u32,
    spec: Spec,
    #[serde(default)]
    provenance: Map<String, Value>,
}

/// The header of a safetensors file.
#[derive(Deserialize)]
struct Header {
    #[serde(rename = "__metadata__", default)]
    metadata: HashMap<String, String>,
    #[serde(flatten)]
    tensors: BTreeMap<String, TensorInfo>,
}

impl Model {
    /// The file's bytes, the same for the same model. Weights that are not finite are refused.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.spec.validate()?;
        let layout = Layout::new(&self.spec);
        Error::check_len("parameters", &[("block", layout.len())], self.parameters.len())?;
        for NamedRange { name, range, .. } in layout.tensors() {
            if let Some(fault) = not_finite(name, &self.parameters[range.clone()]) {
                return Err(Error::File { path: "model".into(), message: fault });
            }
        }
        let bytes: Vec<u8> = self.parameters.iter().flat_map(|value| value.to_le_bytes()).collect();
        let tensors = layout.tensors().iter().map(|NamedRange { name, shape, range }| {
            let view = TensorView::new(Dtype::F32, shape.clone(), &bytes[4 * range.start..4 * range.end]);
            (name, view.expect("a tensor's range is as long as the product of its shape"))
        });
        let card = Card { format: FORMAT, spec: self.spec, provenance: self.provenance.clone() };
        let card = serde_json::to_string(&card).expect("a card has string keys only");
        let file = safetensors::serialize(tensors, Some(HashMap::from([(KEY.to_owned(), card)])));
        Ok(file.expect("the names of a layout are few and its offsets contiguous"))
    }

    /// A model from the bytes of a file, which are trusted in nothing: no size is believed before the bytes that it
    /// speaks of have been seen. `path` is what errors call the file.
    pub fn from_bytes(path: &str, bytes: &[u8]) -> Result<Self> {
        read(bytes).map_err(|message| Error::File { path: path.to_owned(), message })
    }

    /// Reads a model file.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn load(path: &std::path::Path) -> Result<Self> {
        Model::from_bytes(&path.display().to_string(), &crate::disk::read(path)?)
    }

    /// Writes a model file, whole or not at all.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn save(&self, path: &std::path::Path) -> Result<()> {
        crate::disk::write_whole(&[(path, &self.to_bytes()?)])
    }
}

fn read(bytes: &[u8]) -> std::result::Result<Model, String> {
    let (header, data) = split(bytes)?;
    let card = header.metadata.get(KEY).ok_or_else(|| {
        format!("no `{KEY}` in its `__metadata__`: expected a model that refrain has saved, found other tensors")
    })?;
    let card = parse_card(card)?;
    let spec = card.spec;
    spec.validate().map_err(|error| format!("the spec in its `__metadata__`: {error}"))?;

    // Before Layout names the tensors of a spec, and memory is taken for them, the file's own length bounds both.
    let found = header.tensors.len();
    let expected = spec.layers * spec.directions() * 4 + if spec.head.is_some() { 2 } else { 0 };
    if found != expected {
        return Err(format!("expected the {expected} tensors of its spec, found {found}"));
    }
    let layout = Layout::new(&spec);
    if layout.len().checked_mul(4) != Some(data.len()) {
        return Err(format!("expected the {} weights of its spec, found {} bytes", layout.len(), data.len()));
    }
    let mut parameters = Vec::with_capacity(layout.len());
    for tensor in layout.tensors() {
        let info = header.tensors.get(&tensor.name);
        let values = info.map_or_else(|| Err("none".to_owned()), |info| tensor_bytes(tensor, info, data));
        let values = values
            .map_err(|found| format!("tensor `{}`: expected F32 {:?}, found {found}", tensor.name, tensor.shape))?;
        parameters.extend(values.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)));
        if let Some(fault) = not_finite(&tensor.name, &parameters[tensor.range.clone()]) {
            return Err(fault);
        }
    }
    Ok(Model { spec, parameters, provenance: card.provenance })
}

/// Header and data. The crate's own reader adds up offsets unchecked, which panics in a debug build where they come to
/// more than 2^64, and does not say which tensor is at fault.
fn split(bytes: &[u8]) -> std::result::Result<(Header, &[u8]), String> {
    let not_ours = |reason: String| format!("not a safetensors file: {reason}");
    let Some((len, rest)) = bytes.split_first_chunk() else {
        return Err(not_ours(format!("expected a header length of 8 bytes, found {} bytes in all", bytes.len())));
    };
    let len = u64::from_le_bytes(*len);
    let header = usize::try_from(len).ok().and_then(|len| rest.split_at_checked(len));
    let Some((header, data)) = header else {
        return Err(not_ours(format!("expected a header of {len} bytes, found {} bytes", rest.len())));
    };
    let header = serde_json::from_slice(header).map_err(|error| not_ours(format!("its header: {error}")))?;
    Ok((header, data))
}

fn parse_card(card: &str) -> std::result::Result<Card, String> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let unreadable = |error| format!("`{KEY}` in its `__metadata__`: {error}");
    let Version { format } = serde_json::from_str(card).map_err(unreadable)?;
    if format != FORMAT {
        return Err(format!("expected format {FORMAT}, found {format}: it was saved by another version of refrain"));
    }
    serde_json::from_str(card).map_err(unreadable)
}

/// The bytes of a tensor, or what was found in their place.
fn tensor_bytes<'a>(tensor: &NamedRange, info: &TensorInfo, data: &'a [u8]) -> std::result::Result<&'a [u8], String> {
    if info.dtype != Dtype::F32 || info.shape != tensor.shape {
        return Err(format!("{} {:?}", info.dtype, info.shape));
    }
    let (first, end) = info.data_offsets;
    match data.get(first..end) {
        Some(bytes) if bytes.len() == 4 * tensor.range.len() => Ok(bytes),
        _ => Err(format!("bytes {first} to {end} of {}", data.len())),
    }
}

fn not_finite(name: &str, values: &[f32]) -> Option<String> {
    let index = values.iter().position(|value| !value.is_finite())?;
    Some(format!("tensor `{name}`: expected finite weights, found {} at index {index}", values[index]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CellKind, initial_parameters};
    use proptest::prelude::*;
    use serde_json::json;

    fn model() -> Model {
        let spec = Spec { layers: 2, bidirectional: true, ..Spec::new(CellKind::Gru, 3, 5, 2) };
        let provenance = json!({ "data": "sine", "seed": 7 }).as_object().cloned().unwrap();
        Model { spec, parameters: initial_parameters(&spec, 7), provenance }
    }

    /// The file with its header changed, and its length mended.
    fn with_header(change: impl FnOnce(&mut Value)) -> Vec<u8> {
        let file = model().to_bytes().unwrap();
        let (len, rest) = file.split_first_chunk().unwrap();
        let (header, data) = rest.split_at(u64::from_le_bytes(*len) as usize);
        let mut header: Value = serde_json::from_slice(header).unwrap();
        change(&mut header);
        let header = header.to_string().into_bytes();
        [(header.len() as u64).to_le_bytes().as_slice(), &header, data].concat()
    }

    /// The file with its spec changed.
    fn with_spec(field: &str, value: Value) -> Vec<u8> {
        with_header(|header| {
            let mut card: Value = serde_json::from_str(header["__metadata__"][KEY].as_str().unwrap()).unwrap();
            card["spec"][field] = value;
            header["__metadata__"][KEY] = card.to_string().into();
        })
    }

    #[test]
    fn what_is_saved_loads_back_and_the_same_model_gives_the_same_bytes() {
        for cell in CellKind::ALL {
            let spec = Spec { cell, ..model().spec };
            let model = Model { spec, parameters: initial_parameters(&spec, 1), ..model() };
            let bytes = model.to_bytes().unwrap();
            assert_eq!(Model::from_bytes("m", &bytes).unwrap(), model);
            assert_eq!(model.to_bytes().unwrap(), bytes);
        }
    }

    #[test]
    fn other_readers_of_safetensors_find_pytorchs_names() {
        let model = model();
        let bytes = model.to_bytes().unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let tensor = file.tensor("rnn.weight_hh_l1_reverse").unwrap();
        assert_eq!((tensor.dtype(), tensor.shape()), (Dtype::F32, [15, 5].as_slice()));
        let layout = Layout::new(&model.spec);
        let range = layout.layers()[3].weight_hh.clone();
        let expected: Vec<u8> = model.parameters[range].iter().flat_map(|w| w.to_le_bytes()).collect();
        assert_eq!(tensor.data(), expected);
        assert_eq!(file.len(), layout.tensors().len());
    }

    #[test]
    fn every_fault_is_refused_with_its_place() {
        let name = "rnn.bias_ih_l0";
        let big = u64::MAX - 60;
        let faults: [(Vec<u8>, &str); 15] = [
            (vec![1, 2], "expected a header length of 8 bytes, found 2"),
            (u64::MAX.to_le_bytes().to_vec(), "expected a header of 18446744073709551615 bytes, found 0"),
            (b"\x02\0\0\0\0\0\0\0[]".to_vec(), "not a safetensors file: its header"),
            (with_header(|h| h["__metadata__"] = json!({})), "no `refrain` in its `__metadata__`"),
            (with_header(|h| h["__metadata__"][KEY] = r#"{"format":2}"#.into()), "expected format 1, found 2"),
            (with_header(|h| h["__metadata__"][KEY] = "{}".into()), "missing field `format`"),
            (with_spec("hidden", json!(0)), "hidden is 0"),
            (with_spec("hidden", json!(1 << 20)), "the number of parameters is"),
            (with_spec("hidden", json!(6)), "expected the 1142 weights of its spec, found 3328 bytes"),
            (with_spec("layers", json!(1 << 20)), "expected the 8388610 tensors of its spec, found 18"),
            (with_header(|h| h[name]["dtype"] = "I32".into()), "`rnn.bias_ih_l0`: expected F32 [15], found I32 [15]"),
            (
                with_header(|h| h[name]["shape"] = json!([3, 5])),
                "`rnn.bias_ih_l0`: expected F32 [15], found F32 [3, 5]",
            ),
            (
                with_header(|h| h[name]["data_offsets"] = json!([big, big + 60])),
                "`rnn.bias_ih_l0`: expected F32 [15], found bytes",
            ),
            (with_header(|h| h[name]["data_offsets"] = json!([60, 0])), "found bytes 60 to 0"),
            (
                with_header(|h| {
                    let info = h.as_object_mut().unwrap().remove(name).unwrap();
                    h["elsewhere"] = info;
                }),
                "`rnn.bias_ih_l0`: expected F32 [15], found none",
            ),
        ];
        for (bytes, expected) in faults {
            let message = Model::from_bytes("some.file", &bytes).unwrap_err().to_string();
            assert!(message.starts_with("some.file: ") && message.contains(expected), "{message}, not {expected}");
        }
        let whole = model().to_bytes().unwrap();
        let cut = Model::from_bytes("cut", &whole[..whole.len() - 1]).unwrap_err().to_string();
        assert!(cut.contains("weights of its spec, found"), "{cut}");
    }

    #[test]
    fn weights_that_are_not_finite_are_neither_saved_nor_loaded() {
        let layout = Layout::new(&model().spec);
        let index = layout.head_weight().start + 3;
        let mut bad = model();
        bad.parameters[index] = f32::INFINITY;
        let expected = "tensor `fc.weight`: expected finite weights, found inf at index 3";
        let message = bad.to_bytes().unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");

        // safetensors writes the tensors sorted by name: `fc.bias` (2 values) lies before `fc.weight`.
        let mut file = model().to_bytes().unwrap();
        let place = file.len() - 4 * layout.len() + 4 * (2 + 3);
        file[place..place + 4].copy_from_slice(&f32::INFINITY.to_le_bytes());
        let message = Model::from_bytes("m", &file).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn damaged_bytes_are_an_error_or_a_finite_model(at in 0usize..3000, with: [u8; 3], cut in 0usize..4000) {
            let mut file = model().to_bytes().unwrap();
            for (byte, with) in file[at..].iter_mut().zip(with) {
                *byte = with;
            }
            file.truncate(file.len().saturating_sub(cut.saturating_sub(2000)));
            if let Ok(model) = Model::from_bytes("damaged", &file) {
                prop_assert!(model.parameters.iter().all(|weight| weight.is_finite()));
            }
        }
    }
}
