//! A network on a device, as Python holds it.

use crate::arrays::{Array, array};
use crate::device::select;
use crate::error::to_python;
use crate::order::Order;
use crate::passes::slices;
use numpy::{PyReadonlyArray1, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use refrain::engine::{AnyEngine, Device, Engine};
use refrain::model::{CellKind, Head, Layout, Model, NamedRange, Names, Spec, initial_parameters};
use refrain::{Error, Result};
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// A network on a device. Shapes and orders are checked here; what arrays may be is `refrain.layers`' or
/// `refrain.torch`'s business.
#[pyclass(frozen, module = "refrain._refrain")]
pub struct Network {
    pub(crate) spec: Spec,
    /// Whether the recurrent layers have biases; without, theirs are zero.
    pub(crate) bias: bool,
    pub(crate) names: Names,
    device: Device,
    /// The process that the engine's threads are of.
    process: AtomicU32,
    inner: Mutex<Inner>,
}

/// What a call changes.
pub(crate) struct Inner {
    pub engine: AnyEngine,
    /// The parameters that were last given from outside, to tell whether they have changed.
    pub given: Vec<f32>,
    /// Memory of the calls before, used again.
    pub reordered: Vec<f32>,
    /// Rows of the stream, where one is open.
    pub stream: Option<usize>,
}

/// Where the arrays of a call hold what, and how much of it there is.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub rows: usize,
    pub steps: usize,
    pub order: Order,
}

impl Network {
    /// A network with these parameters.
    pub(crate) fn with_model(py: Python<'_>, model: &Model, bias: bool, device: &str) -> PyResult<Self> {
        let Model { spec, parameters, names, .. } = model;
        let made = py.detach(|| {
            let device = select(device)?;
            Ok((device.engine(*spec, parameters)?, device))
        });
        let (engine, device) = made.map_err(to_python)?;
        Ok(Network {
            spec: *spec,
            bias,
            names: names.clone(),
            device,
            process: AtomicU32::new(std::process::id()),
            inner: Mutex::new(Inner { engine, given: Vec::new(), reordered: Vec::new(), stream: None }),
        })
    }

    /// Runs `work` without holding the interpreter, in this process: one that was forked has none of the threads that
    /// an engine was made with, and gets an engine of its own.
    pub(crate) fn run<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Inner) -> Result<T> + Send,
    ) -> PyResult<T> {
        let process = std::process::id();
        let forked = self.process.load(Ordering::Relaxed) != process;
        if forked && !matches!(self.device, Device::Cpu(_)) {
            let words = "a forked process cannot use the GPU of the one that it was forked from: start it with `spawn`";
            return Err(PyRuntimeError::new_err(words));
        }
        py.detach(|| {
            let mut inner = self.lock(forked)?;
            if forked {
                self.remake(&mut inner)?;
                self.process.store(process, Ordering::Relaxed);
            }
            work(&mut inner)
        })
        .map_err(to_python)
    }

    /// Waits until no other call runs; not in a forked process, where the thread that ran it does not exist.
    fn lock(&self, forked: bool) -> Result<MutexGuard<'_, Inner>> {
        if !forked {
            return Ok(self.inner.lock().unwrap_or_else(PoisonError::into_inner));
        }
        match self.inner.try_lock() {
            Ok(inner) => Ok(inner),
            Err(TryLockError::Poisoned(inner)) => Ok(inner.into_inner()),
            Err(TryLockError::WouldBlock) => Err(Error::Device {
                adapter: "the CPU engine".into(),
                message: "the process was forked while another thread was running this network".into(),
            }),
        }
    }

    /// An engine for a forked process, with the parameters and the stream of the one before.
    fn remake(&self, inner: &mut Inner) -> Result<()> {
        let parameters = pollster::block_on(inner.engine.parameters())?;
        let mut engine = self.device.engine(self.spec, &parameters)?;
        if let Some(rows) = inner.stream {
            let states = pollster::block_on(inner.engine.states())?;
            engine.open_stream(rows, Some(&states))?;
        }
        // To drop it would be to wait for threads that do not exist.
        std::mem::forget(std::mem::replace(&mut inner.engine, engine));
        Ok(())
    }

    /// Whether Python sees a tensor: biases that a network does not have are zeros of which it knows nothing.
    pub(crate) fn sees(&self, tensor: &NamedRange) -> bool {
        self.bias || !tensor.name.starts_with("rnn.bias")
    }

    /// Where the block is zero, and stays it.
    pub(crate) fn zeros(&self) -> Vec<Range<usize>> {
        let layout = Layout::new(&self.spec);
        layout.tensors().iter().filter(|tensor| !self.sees(tensor)).map(|tensor| tensor.range.clone()).collect()
    }

    /// Values in the block.
    pub(crate) fn block_len(&self) -> usize {
        Layout::new(&self.spec).len()
    }

    /// Checks the shape of x.
    pub(crate) fn shape(
        &self,
        x: &PyReadonlyArrayDyn<'_, f32>,
        time_major: bool,
        batch_sizes: Option<PyReadonlyArray1<'_, i64>>,
    ) -> PyResult<Shape> {
        let order = match batch_sizes {
            Some(sizes) => Order::packed(sizes.as_slice()?).map_err(to_python)?,
            None if time_major => Order::Time,
            None => Order::Batch,
        };
        let shape = x.shape();
        let (rows, steps) = match (&order, shape) {
            (Order::Packed(sizes), &[_, _]) => (sizes[0], sizes.len()),
            (Order::Time, &[steps, rows, _]) | (Order::Batch, &[rows, steps, _]) => (rows, steps),
            _ => return Err(PyValueError::new_err(format!("x has the shape {shape:?}, expected three dimensions"))),
        };
        let expected = order.shape(rows, steps, self.spec.input);
        if shape != expected {
            let input = self.spec.input;
            return Err(PyValueError::new_err(format!(
                "x has the shape {shape:?}, expected {expected:?}: this network has {input} inputs"
            )));
        }
        Ok(Shape { rows, steps, order })
    }
}

#[pymethods]
impl Network {
    /// A network with initial weights.
    #[new]
    #[expect(clippy::too_many_arguments, reason = "Python's keywords")]
    #[pyo3(signature = (*, cell, input, hidden, layers, bidirectional, bias, head, readout, device, seed))]
    fn new(
        py: Python<'_>,
        cell: &str,
        input: usize,
        hidden: usize,
        layers: usize,
        bidirectional: bool,
        bias: bool,
        head: Option<usize>,
        readout: &str,
        device: &str,
        seed: u64,
    ) -> PyResult<Self> {
        let cell = CellKind::ALL.into_iter().find(|kind| kind.name() == cell);
        let cell = cell.ok_or_else(|| PyValueError::new_err("cell is one of rnn_tanh, rnn_relu, lstm and gru"))?;
        let readout = crate::file::readout(readout)?;
        let head = head.map(|outputs| Head { outputs, readout });
        let spec = Spec { cell, input, hidden, layers, bidirectional, head, segments: None };
        spec.validate().map_err(to_python)?;
        let mut model = Model::new(spec, initial_parameters(&spec, seed));
        if head.is_none() {
            // The state_dict of a torch.nn module.
            model.names.rnn = String::new();
        }
        if !bias {
            for layer in Layout::new(&spec).layers() {
                model.parameters[layer.bias_ih.start..layer.bias_hh.end].fill(0.0);
            }
        }
        Network::with_model(py, &model, bias, device)
    }

    /// Of every tensor, in order: name, shape, first and last place in the block, and whether Python sees it.
    fn places(&self) -> Vec<(String, Vec<usize>, usize, usize, bool)> {
        let place = |tensor: &NamedRange| {
            let NamedRange { name, shape, range } = tensor;
            (self.python_name(name), shape.clone(), range.start, range.end, self.sees(tensor))
        };
        Layout::new(&self.spec).tensors().iter().map(place).collect()
    }

    /// The block of parameters.
    fn parameters<'py>(&self, py: Python<'py>) -> PyResult<Array<'py>> {
        let block = self.run(py, |inner| pollster::block_on(inner.engine.parameters()))?;
        array(py, &[block.len()], block)
    }

    /// Replaces the parameters: one array a tensor, in the order of `places`.
    fn set_parameters<'py>(&self, py: Python<'py>, parameters: Vec<PyReadonlyArrayDyn<'py, f32>>) -> PyResult<()> {
        let parameters = slices(&parameters)?;
        self.run(py, |inner| {
            // Training may have changed what was given before.
            inner.given.clear();
            inner.take(self, &parameters)
        })
    }

    /// The device in words.
    #[getter]
    fn device(&self) -> String {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let info = inner.engine.device();
        format!("{} ({})", info.name, info.backend)
    }
}
