//! What a file holds that PyTorch wrote, told from the names and shapes of its tensors: the state_dict of a
//! `torch.nn.{RNN, LSTM, GRU}` under any module's name, and of a `torch.nn.Linear` on it under another, or of no such
//! head.

use super::contents::{Contents, Lacking};
use super::names::Names;
use super::options::{LoadOptions, Nonlinearity};
use crate::arrays::Arrays;
use crate::model::kind::CellKind;
use crate::model::spec::{Head, Readout, Spec};
use serde_json::Map;
use std::collections::BTreeSet;

type Fallible<T> = std::result::Result<T, String>;

/// A tensor of a recurrent module by the last part of its name, such as `weight_ih_l1_reverse`.
struct Recurrent {
    projection: bool,
    bias: bool,
    layer: usize,
    reverse: bool,
}

impl Recurrent {
    fn parse(name: &str) -> Option<Self> {
        let (forward, reverse) = name.strip_suffix("_reverse").map_or((name, false), |forward| (forward, true));
        let (stem, layer) = forward.rsplit_once("_l")?;
        let known = ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"].contains(&stem);
        let digits = layer.bytes().all(|byte| byte.is_ascii_digit());
        let layer = layer.parse().ok().filter(|_| known && digits)?;
        Some(Recurrent { projection: stem == "weight_hr", bias: stem.starts_with("bias"), layer, reverse })
    }
}

/// What the names say.
#[derive(Default)]
struct Found<'a> {
    /// The recurrent module, and its first tensor in the order of names.
    rnn: Option<(&'a str, &'a str)>,
    /// The head, likewise.
    head: Option<(&'a str, &'a str)>,
    layers: BTreeSet<usize>,
    reverse: bool,
    biases: bool,
    head_bias: bool,
}

impl<'a> Found<'a> {
    fn note(&mut self, name: &'a str) -> Fallible<()> {
        let (module, tensor) = name.rsplit_once('.').unwrap_or(("", name));
        let recurrent = Recurrent::parse(tensor);
        let (known, what) = match &recurrent {
            Some(Recurrent { projection: true, .. }) => {
                return Err(format!("tensor `{name}`: projections (proj_size) are not there; train without them"));
            }
            Some(_) => (&mut self.rnn, "recurrent module"),
            None if matches!(tensor, "weight" | "bias") => (&mut self.head, "linear head"),
            None => {
                return Err(format!(
                    "tensor `{name}`: expected those of a torch.nn RNN, LSTM or GRU (such as `weight_ih_l0`) and of a \
                     Linear (`weight`, `bias`), found another"
                ));
            }
        };
        let &mut (first_module, first) = known.get_or_insert((module, name));
        if first_module != module {
            return Err(format!("expected one {what}, found two: `{first}` and `{name}`"));
        }
        match recurrent {
            Some(Recurrent { bias, layer, reverse, .. }) => {
                self.layers.insert(layer);
                self.reverse |= reverse;
                self.biases |= bias;
            }
            None => self.head_bias |= tensor == "bias",
        }
        Ok(())
    }
}

/// Finds out what a file without metadata of ours holds. Shapes that say nothing of the spec are not checked here.
///
/// # Errors
/// What was expected and what was found, where the tensors are not those of one recurrent module and at most one head.
pub fn contents(arrays: &Arrays<'_>, options: &LoadOptions) -> Fallible<Contents> {
    let mut found = Found::default();
    arrays.names().try_for_each(|name| found.note(name))?;
    let Some((rnn, first)) = found.rnn else {
        return Err(
            "expected the weights of a torch.nn RNN, LSTM or GRU (such as `weight_ih_l0`), found none".to_owned()
        );
    };
    if let Some((gap, layer)) = found.layers.iter().enumerate().find(|&(n, &layer)| n != layer) {
        return Err(format!(
            "expected the weights of layer {gap}, found none beside those of layer {layer} (`{first}`)"
        ));
    }
    let names =
        Names { rnn: rnn.to_owned(), head: found.head.map_or(Names::default().head, |(head, _)| head.to_owned()) };

    let matrix = |name: &str, expected: &str| {
        let shape = arrays.get(name).map(|array| (array, array.shape()));
        match shape {
            Some((_, &[rows, columns])) => Ok((rows, columns)),
            Some((array, shape)) => {
                Err(format!("tensor `{name}`: expected {expected}, found {} {shape:?}", array.dtype()))
            }
            None => Err(format!("tensor `{name}`: expected {expected}, found none")),
        }
    };
    let expected = "[G*H, H] with G 1 (RNN), 3 (GRU) or 4 (LSTM)";
    let recurrent = names.of("rnn.weight_hh_l0");
    let (rows, hidden) = matrix(&recurrent, expected)?;
    let gates = rows.checked_div(hidden).filter(|gates| gates * hidden == rows);
    let cell = match (gates, options.nonlinearity) {
        (Some(1), nonlinearity) => nonlinearity.unwrap_or(Nonlinearity::Tanh).cell(),
        (Some(3 | 4), Some(_)) => {
            return Err("expected an RNN whose nonlinearity can be chosen, found gates".to_owned());
        }
        (Some(3), None) => CellKind::Gru,
        (Some(4), None) => CellKind::Lstm,
        _ => return Err(format!("tensor `{recurrent}`: expected {expected}, found [{rows}, {hidden}]")),
    };
    let (_, input) = matrix(&names.of("rnn.weight_ih_l0"), "[G*H, I]")?;
    let head = match found.head {
        None => None,
        Some(_) => {
            let (outputs, _) = matrix(&names.of("fc.weight"), "[O, D*H]")?;
            Some(Head { outputs, readout: options.readout.unwrap_or(Readout::Last) })
        }
    };
    let spec = Spec { cell, input, hidden, layers: found.layers.len(), bidirectional: found.reverse, head };
    spec.validate().map_err(|error| format!("the shapes of its tensors: {error}"))?;
    let lacks = Lacking { rnn: !found.biases, head: !found.head_bias };
    Ok(Contents { spec, names, provenance: Map::new(), notes: notes(&spec, options), lacks })
}

/// What was told from shapes, and what they do not tell.
fn notes(spec: &Spec, options: &LoadOptions) -> Vec<String> {
    let Spec { cell, input, hidden, layers, bidirectional, head } = spec;
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let parts = [
        counted(*layers, "layer"),
        if *bidirectional { "both directions".to_owned() } else { "one direction".to_owned() },
        counted(*input, "input"),
        counted(*hidden, "hidden unit"),
        head.map_or("no head".to_owned(), |head| format!("a head of {}", counted(head.outputs, "output"))),
    ];
    let mut notes = vec![format!("it says nothing of its network: from its tensors, {cell}, {}", parts.join(", "))];
    if *cell == CellKind::RnnTanh && options.nonlinearity.is_none() {
        notes.push("it does not say whether its RNN has tanh or relu: taken for tanh".to_owned());
    }
    if head.is_some() && options.readout.is_none() {
        notes.push("it does not say which steps its head reads: taken for the last".to_owned());
    }
    notes
}
