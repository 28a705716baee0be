//! Which modules a state_dict has, told from the names of its tensors.

use crate::arrays::Arrays;
use std::collections::{BTreeMap, BTreeSet};

/// A tensor of a recurrent module by the last part of its name, such as `weight_ih_l1_reverse`; of a cell, `weight_ih`.
struct Recurrent {
    projection: bool,
    bias: bool,
    cell: bool,
    layer: usize,
    reverse: bool,
}

impl Recurrent {
    fn parse(name: &str) -> Option<Self> {
        let known = |stem: &str| ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"].contains(&stem);
        let (forward, reverse) = name.strip_suffix("_reverse").map_or((name, false), |forward| (forward, true));
        let (stem, layer, cell) = match forward.rsplit_once("_l") {
            Some((stem, layer)) if layer.bytes().all(|byte| byte.is_ascii_digit()) => {
                (stem, layer.parse().ok()?, false)
            }
            _ => (name, 0, true),
        };
        let bias = stem.starts_with("bias");
        known(stem).then_some(Recurrent { projection: stem == "weight_hr", bias, cell, layer, reverse })
    }
}

/// A recurrent module.
#[derive(Default)]
pub struct RecurrentModule<'a> {
    /// Its tensors as the file calls them.
    pub tensors: Vec<&'a str>,
    pub layers: BTreeSet<usize>,
    pub reverse: bool,
    pub biases: bool,
    /// Whether its names are those of a cell, without `_l0`.
    pub cell: bool,
    /// A projection's weight, if it has one.
    pub projection: Option<&'a str>,
}

/// A module with a `weight` or a `bias`: a Linear, or any other kind of layer.
#[derive(Default)]
pub struct Layer<'a> {
    pub tensors: Vec<&'a str>,
    pub bias: bool,
}

/// What is in a state_dict, by the names of the modules.
#[derive(Default)]
pub struct Survey<'a> {
    pub recurrent: BTreeMap<&'a str, RecurrentModule<'a>>,
    pub layers: BTreeMap<&'a str, Layer<'a>>,
    /// Buffers, and parameters of another kind.
    pub others: Vec<&'a str>,
}

impl<'a> Survey<'a> {
    /// Sorts the tensors of a file by their modules.
    pub fn of(arrays: &'a Arrays<'_>) -> Self {
        let mut survey = Survey::default();
        arrays.names().for_each(|name| survey.add(name));
        survey
    }

    fn add(&mut self, name: &'a str) {
        let (module, tensor) = module_and_tensor(name);
        if let Some(found) = Recurrent::parse(tensor) {
            let known = self.recurrent.entry(module).or_default();
            known.tensors.push(name);
            known.layers.insert(found.layer);
            known.reverse |= found.reverse;
            known.biases |= found.bias;
            known.cell |= found.cell;
            known.projection = known.projection.or(found.projection.then_some(name));
        } else if tensor.ends_with("weight") || tensor.ends_with("bias") {
            let layer = self.layers.entry(module).or_default();
            layer.tensors.push(name);
            layer.bias |= tensor == "bias";
        } else {
            self.others.push(name);
        }
    }
}

/// How the names end of what a weight is computed from, where it is not stored itself.
pub const DERIVED: [&str; 7] = ["_g", "_v", "_u", "_orig", "_mask", "_raw", "_bar"];

/// The module of a tensor, and the tensor's name in it. A weight that a parametrisation keeps under other names, such
/// as `parametrizations.weight.original0` or `weight_g`, has the name of the weight.
fn module_and_tensor(name: &str) -> (&str, &str) {
    if let Some(at) = name.find("parametrizations.").filter(|&at| at == 0 || name[..at].ends_with('.')) {
        let tensor = &name[at + "parametrizations.".len()..];
        return (name[..at].trim_end_matches('.'), tensor.split('.').next().unwrap_or(tensor));
    }
    let (module, tensor) = name.rsplit_once('.').unwrap_or(("", name));
    let plain = DERIVED.iter().find_map(|suffix| tensor.strip_suffix(suffix));
    let plain = plain.filter(|plain| Recurrent::parse(plain).is_some() || ["weight", "bias"].contains(plain));
    (module, plain.unwrap_or(tensor))
}
