//! NumPy arrays from the engine's vectors.

use numpy::ndarray::{ArrayD, IxDyn};
use numpy::{IntoPyArray, PyArrayDyn};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// An array that owns its memory.
pub type Array<'py> = Bound<'py, PyArrayDyn<f32>>;

/// An array of this shape that takes over the vector's memory.
pub fn array<'py>(py: Python<'py>, shape: &[usize], values: Vec<f32>) -> PyResult<Array<'py>> {
    let shaped = ArrayD::from_shape_vec(IxDyn(shape), values);
    Ok(shaped.map_err(|error| PyRuntimeError::new_err(error.to_string()))?.into_pyarray(py))
}
