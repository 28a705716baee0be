//! Model files.

use crate::error::to_python;
use crate::network::Network;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use refrain::disk;
use refrain::engine::Engine;
use refrain::model::{LoadOptions, Model, Nonlinearity, Readout};
use std::path::PathBuf;

/// The steps that a word names.
pub fn readout(word: &str) -> PyResult<Readout> {
    match word {
        "last" => Ok(Readout::Last),
        "last_step" => Ok(Readout::LastStep),
        "all" => Ok(Readout::Every),
        _ => Err(PyValueError::new_err(format!("readout is {word:?}, expected \"last\", \"last_step\" or \"all\""))),
    }
}

/// The word for steps.
fn word(readout: Readout) -> &'static str {
    match readout {
        Readout::Last => "last",
        Readout::LastStep => "last_step",
        Readout::Every => "all",
    }
}

/// What a file says of its network: the arguments of a layer.
type Description = (String, usize, usize, usize, bool, Option<usize>, &'static str);

#[pymethods]
impl Network {
    /// A network from a file, what that says beside it as JSON, and what had to be assumed.
    #[staticmethod]
    fn load(
        py: Python<'_>,
        path: PathBuf,
        device: &str,
        nonlinearity: Option<&str>,
        readout: Option<&str>,
    ) -> PyResult<(Self, String, Vec<String>)> {
        let nonlinearity = match nonlinearity {
            None => None,
            Some("tanh") => Some(Nonlinearity::Tanh),
            Some("relu") => Some(Nonlinearity::Relu),
            Some(word) => {
                let words = format!("nonlinearity is {word:?}, expected \"tanh\" or \"relu\"");
                return Err(PyValueError::new_err(words));
            }
        };
        let readout = readout.map(self::readout).transpose()?;
        let options = LoadOptions { nonlinearity, readout, ..LoadOptions::default() };
        let loaded = py.detach(|| Model::open(&path, &options)).map_err(to_python)?;
        let provenance = serde_json::to_string(&loaded.model.provenance)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        let bias = loaded.model.provenance.get("bias").and_then(serde_json::Value::as_bool).unwrap_or(true);
        let notes = loaded.notes.into_iter().chain(loaded.ignored).collect();
        Ok((Network::with_model(py, &loaded.model, bias, device)?, provenance, notes))
    }

    /// Writes a model file that says this beside its network, an object of JSON.
    fn save(&self, py: Python<'_>, path: PathBuf, provenance: &str) -> PyResult<()> {
        let provenance = serde_json::from_str(provenance).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let bytes = self.run(py, |inner| {
            let parameters = pollster::block_on(inner.engine.parameters())?;
            Model { spec: self.spec, parameters, names: self.names.clone(), provenance }.to_bytes()
        })?;
        let written = py.detach(|| disk::write_whole(&[(&path, &bytes)]));
        written.map_err(|error| PyOSError::new_err(error.to_string()))
    }

    /// Cell, inputs, hidden units, layers, both directions, outputs of the head, and the steps that it reads.
    fn description(&self) -> Description {
        let spec = &self.spec;
        let cell = spec.cell.name().to_owned();
        let outputs = spec.head.map(|head| head.outputs);
        (cell, spec.input, spec.hidden, spec.layers, spec.bidirectional, outputs, word(spec.readout()))
    }

    /// Whether the recurrent layers have biases.
    #[getter]
    fn bias(&self) -> bool {
        self.bias
    }
}

impl Network {
    /// What Python calls a tensor that [`Layout`](refrain::model::Layout) calls `name`.
    pub(crate) fn python_name(&self, name: &str) -> String {
        let (part, tensor) = name.split_once('.').expect("a layout's names have one dot");
        let module = if part == "rnn" { &self.names.rnn } else { &self.names.head };
        if module.is_empty() { tensor.to_owned() } else { format!("{module}.{tensor}") }
    }
}
