//! Errors of the library as Python's exceptions, in the library's words.

use pyo3::PyErr;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use refrain::Error;

/// `ValueError` for what the caller can mend, `RuntimeError` for what the machine refused.
pub fn to_python(error: Error) -> PyErr {
    let words = error.to_string();
    match error {
        // A tape goes stale by what was done between two calls, not by an argument: PyTorch raises RuntimeError, too.
        Error::StaleTape
        | Error::NoAdapter { .. }
        | Error::Limit { .. }
        | Error::OutOfMemory { .. }
        | Error::Device { .. }
        | Error::Diverged { .. } => PyRuntimeError::new_err(words),
        _ => PyValueError::new_err(words),
    }
}
