//! Forecasting: tables, forecasters, and what these are asked with. What frames are is `refrain.frames`' business.

mod columns;
mod fit;
mod options;
mod table;
mod trained;

pub use table::Table;
pub use trained::Trained;

use crate::error::to_python;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use refrain::Error;

/// An error in words of Python: flags of the command line are the arguments of their names.
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

/// A sentence that speaks of flags, such as --time-format, as one that speaks of arguments: time_format.
fn in_arguments(sentence: &str) -> String {
    let word = |word: &str| {
        let begin = word.len() - word.trim_start_matches('(').len();
        let Some(flag) = word[begin..].strip_prefix("--") else { return word.to_owned() };
        let end = flag.find(|letter: char| !(letter.is_ascii_lowercase() || letter == '-')).unwrap_or(flag.len());
        let name = match &flag[..end] {
            "except" | "from" => format!("{}_", &flag[..end]),
            name => name.replace('-', "_"),
        };
        [&word[..begin], &name, &flag[end..]].concat()
    };
    sentence.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
