//! A network with its weights, from and to a file.

use super::checksum;
use super::contents::{Contents, Lacking};
use super::foreign;
use super::names::{Names, means};
use super::options::{LoadOptions, Nonlinearity};
use super::stored::Stored;
use crate::arrays::{Arrays, Dtype, Named, write_with_metadata};
use crate::error::{Error, Result};
use crate::model::params::{Layout, NamedRange};
use crate::model::spec::{Head, Readout, Segments, Spec};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The one key of ours in `__metadata__`.
pub(super) const KEY: &str = "refrain";
/// How the text under it begins.
const OURS: &str = "{\"format\":";
/// How the names of a checkpoint's tensors begin that are not the model's.
pub const CHECKPOINT: &str = "checkpoint.";
/// Version of what stands under [`KEY`].
const FORMAT: u32 = 2;
/// The version before: [`Readout::Last`] then was what [`Readout::LastStep`] is.
const FORMAT_LAST_STEP: u32 = 1;

/// A network with its weights, as a file holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// What the network is.
    pub spec: Spec,
    /// The parameter block, in the order of [`Layout`].
    pub parameters: Vec<f32>,
    /// What its parts are called in the PyTorch module that the weights belong to.
    pub names: Names,
    /// Where the weights come from: program, data, recipe, device; free in form.
    pub provenance: Map<String, Value>,
}

/// A model read from a file.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The model.
    pub model: Model,
    /// What the file did not say and was assumed, and what was converted: a sentence each. None of a file of ours.
    pub notes: Vec<String>,
    /// What the file holds that is not part of the model, in a sentence: a reader should hear of it.
    pub ignored: Option<String>,
}

/// What stands in `__metadata__` under [`KEY`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Card {
    format: u32,
    spec: Spec,
    #[serde(default)]
    names: Names,
    #[serde(default)]
    provenance: Map<String, Value>,
    /// Of all that stands before it, and of the tensors; see [`checksum`].
    #[serde(default, rename = "checksum", skip_serializing)]
    _checksum: Option<String>,
}

impl Model {
    /// A model without provenance, under the names `rnn` and `fc`.
    pub fn new(spec: Spec, parameters: Vec<f32>) -> Self {
        Model { spec, parameters, names: Names::default(), provenance: Map::new() }
    }

    /// The file's bytes, the same for the same model.
    ///
    /// # Errors
    /// [`Error::File`] where a weight is not finite; [`Error::Config`] or [`Error::Length`] where spec and parameters
    /// do not fit together.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.to_bytes_with(&[])
    }

    /// The bytes of a file with these arrays beside the model, the names of which begin with [`CHECKPOINT`].
    pub(crate) fn to_bytes_with(&self, beside: &[Named<'_>]) -> Result<Vec<u8>> {
        self.spec.validate()?;
        let layout = Layout::new(&self.spec);
        Error::check_len("parameters", &[("block", layout.len())], self.parameters.len())?;
        let names: Vec<String> = layout.tensors().iter().map(|tensor| self.names.of(&tensor.name)).collect();
        let mut tensors = Vec::with_capacity(names.len());
        for (NamedRange { shape, range, .. }, name) in layout.tensors().iter().zip(&names) {
            let values = &self.parameters[range.clone()];
            if let Some(message) = not_finite(name, values) {
                return Err(Error::File { path: "model".into(), message });
            }
            tensors.push(Named { name, shape, values });
        }
        tensors.extend_from_slice(beside);
        let Model { spec, names, provenance, .. } = self.clone();
        let card = serde_json::to_string(&Card { format: FORMAT, spec, names, provenance, _checksum: None });
        let card = checksum::with_checksum(&card.expect("a card has string keys only"), &tensors);
        Ok(write_with_metadata(&tensors, KEY, card))
    }

    /// A model from the bytes of a file. Nothing in them is trusted: no size is believed before the bytes that it
    /// speaks of have been seen. `path` is what errors call the file.
    ///
    /// # Errors
    /// [`Error::File`] where the bytes are damaged, hold no model, or contradict `options`.
    pub fn read(path: &str, bytes: &[u8], options: &LoadOptions) -> Result<Loaded> {
        let arrays = Arrays::from_bytes(path, bytes)?;
        read(&arrays, options).map_err(|message| arrays.fault(message))
    }

    /// As [`Model::read`] without options. The notes are dropped.
    ///
    /// # Errors
    /// As [`Model::read`].
    pub fn from_bytes(path: &str, bytes: &[u8]) -> Result<Self> {
        Ok(Model::read(path, bytes, &LoadOptions::default())?.model)
    }

    /// As [`Model::read`], from a file.
    ///
    /// # Errors
    /// As [`Model::read`]; and [`Error::File`] where the file cannot be read.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn open(path: &std::path::Path, options: &LoadOptions) -> Result<Loaded> {
        Model::read(&path.display().to_string(), &crate::disk::read(path)?, options)
    }

    /// As [`Model::from_bytes`], from a file.
    ///
    /// # Errors
    /// As [`Model::open`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn load(path: &std::path::Path) -> Result<Self> {
        Ok(Model::open(path, &LoadOptions::default())?.model)
    }

    /// Writes a model file, whole or not at all.
    ///
    /// # Errors
    /// As [`Model::to_bytes`]; and [`Error::File`] where the file cannot be written.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn save(&self, path: &std::path::Path) -> Result<()> {
        crate::disk::write_whole(&[(path, &self.to_bytes()?)])
    }
}

fn read(arrays: &Arrays<'_>, options: &LoadOptions) -> std::result::Result<Loaded, String> {
    let Contents { mut spec, names, provenance, mut notes, ignored, lacks } = match arrays.metadata(KEY) {
        Some(card) => ours(card, arrays, options)?,
        None if arrays.has_metadata_like(OURS) => {
            return Err(format!("it is damaged: `{KEY}` is missing in its `__metadata__`; take another copy"));
        }
        None => foreign::contents(arrays, options)?,
    };
    if let (Some(head), Some(readout)) = (&mut spec.head, options.readout) {
        head.readout = readout;
    }

    let layout = Layout::new(&spec);
    // Every shape is compared before memory is taken for the weights: the file is then as long as they are.
    let mut found = Vec::with_capacity(layout.tensors().len());
    for tensor in layout.tensors() {
        let name = names.of(&tensor.name);
        let stored = Stored::find(arrays, &name);
        let fits = match stored {
            Some(Stored { array, .. }) => array.shape() == tensor.shape && array.dtype().is_float(),
            None => lacks.includes(tensor),
        };
        if !fits {
            let expected = format!("F32 {:?}", tensor.shape);
            return Err(match stored {
                Some(Stored { array, .. }) => {
                    format!("tensor `{name}`: expected {expected}, found {} {:?}", array.dtype(), array.shape())
                }
                None => foreign::absent(arrays, &name, &expected),
            });
        }
        found.push((name, stored));
    }
    let mut parameters = Vec::with_capacity(layout.len());
    let (mut lacking, mut converted, mut normed) = (Vec::new(), None, None);
    for ((name, stored), tensor) in found.iter().zip(layout.tensors()) {
        let Some(stored) = stored else {
            lacking.push(format!("`{name}`"));
            parameters.resize(tensor.range.end, 0.0);
            continue;
        };
        let values = stored.values().map_err(|fault| format!("tensor `{name}`: {fault}"))?;
        if let Some(fault) = not_finite(name, &values) {
            return Err(fault);
        }
        converted = converted.or(Some(stored.array.dtype()).filter(|&dtype| dtype != Dtype::F32));
        normed = normed.or(stored.normed().then_some(name));
        parameters.extend(values);
    }
    if let Some(name) = normed {
        notes.push(format!("`{name}` is under weight_norm: computed, and written as a plain weight when it is saved"));
    }
    if let Some(dtype) = converted {
        notes.push(format!("its weights are {dtype}: converted to F32"));
    }
    if let [first, rest @ ..] = lacking.as_slice() {
        let others = if rest.is_empty() { String::new() } else { format!(" and {} others", rest.len()) };
        notes.push(format!("it has no {first}{others}: taken for zeros, and written when it is saved"));
    }
    if let Some(card) = arrays.metadata(KEY) {
        checksum::check(card, arrays)?;
    }
    Ok(Loaded { model: Model { spec, parameters, names, provenance }, notes, ignored })
}

/// The contents of a file that this program wrote.
fn ours(card: &str, arrays: &Arrays<'_>, options: &LoadOptions) -> std::result::Result<Contents, String> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let unreadable = |error| format!("`{KEY}` in its `__metadata__`: {error}");
    let Version { format } = serde_json::from_str(card).map_err(unreadable)?;
    if ![FORMAT, FORMAT_LAST_STEP].contains(&format) {
        return Err(format!(
            "expected format {FORMAT_LAST_STEP} or {FORMAT}, found {format}: it was saved by another version of refrain"
        ));
    }
    let Card { mut spec, names, provenance, .. } = serde_json::from_str(card).map_err(unreadable)?;
    spec.validate().map_err(|error| format!("the spec in its `__metadata__`: {error}"))?;
    if let (FORMAT_LAST_STEP, true, Some(head @ Head { readout: Readout::Last, .. })) =
        (format, spec.bidirectional, &mut spec.head)
    {
        head.readout = Readout::LastStep;
    }
    let asked = options.nonlinearity.map(Nonlinearity::cell);
    if let Some(asked) = asked.filter(|&asked| asked != spec.cell) {
        return Err(format!("its `__metadata__` says {}, asked for was {asked}", spec.cell));
    }
    let head = spec.head.map(|_| names.head.as_str());
    let chosen = [
        ("`LoadOptions::module`", &options.module, Some(names.rnn.as_str())),
        ("`LoadOptions::head_module`", &options.head_module, head),
    ];
    for (flag, asked, name) in chosen {
        let Some(asked) = asked else { continue };
        match name {
            Some(name) if means(asked, name) => {}
            Some(name) => {
                return Err(format!("{flag} {asked}: its `__metadata__` says that it holds one model, here `{name}`"));
            }
            None => return Err(format!("{flag} {asked}: its `__metadata__` says that its model has no head")),
        }
    }
    // The number of tensors that are there bounds what Layout names.
    let found = arrays.names().filter(|name| !name.starts_with(CHECKPOINT)).count();
    let of_segments = |segments: Segments| if segments.statics == 0 { 3 } else { 4 };
    let beside = if spec.head.is_some() { 2 } else { 0 } + spec.segments.map_or(0, of_segments);
    let expected = spec.layers * spec.directions() * 4 + beside;
    if found != expected {
        return Err(format!("expected the {expected} tensors of its spec, found {found}"));
    }
    Ok(Contents { spec, names, provenance, notes: Vec::new(), ignored: None, lacks: Lacking::default() })
}

fn not_finite(name: &str, values: &[f32]) -> Option<String> {
    let index = values.iter().position(|value| !value.is_finite())?;
    Some(format!("tensor `{name}`: expected finite weights, found {} at index {index}", values[index]))
}
