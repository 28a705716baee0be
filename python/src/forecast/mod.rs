//! Forecasting: tables, forecasters, and what these are asked with. What frames are is `refrain.frames`' business.

mod columns;
mod contest;
mod fit;
mod options;
mod table;
mod trained;

pub use contest::{Contest, Measured, ranked};
pub use table::Table;
pub use trained::Trained;

use crate::error::to_python;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use refrain::Error;

/// An error in words of Python: options of the library are the arguments of their names.
fn refused(error: Error) -> PyErr {
    let told = to_python(error);
    Python::attach(|py| {
        let words = in_arguments(&told.value(py).to_string());
        if told.is_instance_of::<PyRuntimeError>(py) {
            PyRuntimeError::new_err(words)
        } else {
            PyValueError::new_err(words)
        }
    })
}

/// A sentence that speaks of options of the library, such as `ReadOptions::time_format`, as one that speaks of
/// arguments: time_format.
fn in_arguments(sentence: &str) -> String {
    // Every other part stands between two backticks.
    let part = |(n, part): (usize, &str)| match part.split_once("::") {
        Some(("ReadOptions" | "Task" | "BacktestOptions" | "LoadOptions", field)) if n % 2 == 1 => match field {
            "except" | "from" => format!("{field}_"),
            "frequency" => "freq".to_owned(),
            "scaling" => "scale".to_owned(),
            other => other.to_owned(),
        },
        Some(("Device", "Cpu")) => "device=\"cpu\"".to_owned(),
        Some(("Checkpoint", _)) => "checkpoint".to_owned(),
        _ if n % 2 == 1 => format!("`{part}`"),
        _ => part.to_owned(),
    };
    sentence.split('`').enumerate().map(part).collect()
}
