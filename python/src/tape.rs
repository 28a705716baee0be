//! What a recorded pass left for the way back, as Python holds it.

use crate::network::Shape;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use refrain::engine::AnyTape;
use std::sync::{Mutex, PoisonError};

/// A recorded pass, until it is gone back over.
#[pyclass(frozen, module = "refrain._refrain")]
pub struct Tape {
    tape: Mutex<Option<AnyTape>>,
    shape: Shape,
}

impl Tape {
    pub(crate) fn new(tape: AnyTape, shape: Shape) -> Self {
        Tape { tape: Mutex::new(Some(tape)), shape }
    }

    /// The tape and the shape of its pass.
    ///
    /// # Errors
    /// `RuntimeError` where it was taken before.
    pub(crate) fn take(&self) -> PyResult<(AnyTape, Shape)> {
        let tape = self.tape.lock().unwrap_or_else(PoisonError::into_inner).take();
        let tape = tape.ok_or_else(|| PyRuntimeError::new_err("this pass was already gone back over"))?;
        Ok((tape, self.shape.clone()))
    }
}
