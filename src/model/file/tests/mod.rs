//! Model files, ours and PyTorch's, whole and damaged.

mod damaged;
mod foreign;
mod modules;
mod ours;

use super::model::KEY;
use super::*;
use crate::arrays::Named;
use crate::model::{CellKind, Head, Layout, Readout, Spec, initial_parameters};
use serde_json::{Value, json};

fn model() -> Model {
    let spec = Spec { layers: 2, bidirectional: true, ..Spec::new(CellKind::Gru, 3, 5, 2) };
    let provenance = json!({ "data": "sine", "seed": 7 }).as_object().cloned().unwrap();
    Model { provenance, ..Model::new(spec, initial_parameters(&spec, 7)) }
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

/// A file as PyTorch writes it: these tensors in F32, each filled with its own number from 1 on.
fn foreign(tensors: &[(&str, &[usize])]) -> Vec<u8> {
    let values: Vec<Vec<f32>> =
        tensors.iter().enumerate().map(|(n, (_, shape))| vec![n as f32 + 1.0; shape.iter().product()]).collect();
    let named: Vec<Named> =
        tensors.iter().zip(&values).map(|(&(name, shape), values)| Named { name, shape, values }).collect();
    crate::arrays::Format::Safetensors.write(&named)
}

/// The tensors of a recurrent module of G gates, H hidden units and I inputs under `prefix`.
fn module(
    prefix: &str,
    [gates, hidden, input]: [usize; 3],
    layers: usize,
    directions: usize,
) -> Vec<(String, Vec<usize>)> {
    let mut tensors = Vec::new();
    for layer in 0..layers {
        for reverse in ["", "_reverse"].into_iter().take(directions) {
            let features = if layer == 0 { input } else { directions * hidden };
            let mut push = |stem: &str, shape: &[usize]| {
                tensors.push((format!("{prefix}{stem}_l{layer}{reverse}"), shape.to_vec()));
            };
            push("weight_ih", &[gates * hidden, features]);
            push("weight_hh", &[gates * hidden, hidden]);
            push("bias_ih", &[gates * hidden]);
            push("bias_hh", &[gates * hidden]);
        }
    }
    tensors
}

fn written(tensors: &[(String, Vec<usize>)]) -> Vec<u8> {
    let borrowed: Vec<(&str, &[usize])> =
        tensors.iter().map(|(name, shape)| (name.as_str(), shape.as_slice())).collect();
    foreign(&borrowed)
}

fn linear(prefix: &str, outputs: usize, inputs: usize) -> [(String, Vec<usize>); 2] {
    [(format!("{prefix}weight"), vec![outputs, inputs]), (format!("{prefix}bias"), vec![outputs])]
}
