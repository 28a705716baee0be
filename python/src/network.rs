//! A network on a device, as Python holds it.

use crate::arrays::{Array, array};
use crate::device::select;
use crate::error::to_python;
use crate::order::Order;
use crate::tape::Tape;
use bytemuck::cast_slice;
use numpy::{PyReadonlyArray1, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use refrain::data::Sequences;
use refrain::engine::{AnyEngine, Device, Engine, Gradients, Outputs};
use refrain::model::{CellKind, Dropout, Head, Layout, Model, NamedRange, Names, Readout, Spec, initial_parameters};
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
    given: Vec<f32>,
    /// Memory of the calls before, used again.
    sequences: Sequences,
    d_outputs: Outputs,
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
            inner: Mutex::new(Inner {
                engine,
                given: Vec::new(),
                sequences: Sequences::default(),
                d_outputs: Outputs::default(),
                stream: None,
            }),
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
    fn sees(&self, tensor: &NamedRange) -> bool {
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

impl Inner {
    /// Takes over parameters that Python holds, where they are not those that the engine has. They are compared by
    /// their bits: PyTorch's version counters do not tell of changes through `.data`.
    fn take(&mut self, network: &Network, parameters: &[&[f32]]) -> Result<()> {
        let layout = Layout::new(&network.spec);
        let tensors: Vec<&NamedRange> = layout.tensors().iter().filter(|tensor| network.sees(tensor)).collect();
        Error::check_len("parameters", &[("tensors", tensors.len())], parameters.len())?;
        let mut same = self.given.len() == layout.len();
        for (tensor, values) in tensors.iter().zip(parameters) {
            Error::check_len(&tensor.name, &[("values", tensor.range.len())], values.len())?;
            same = same && cast_slice::<_, u8>(&self.given[tensor.range.clone()]) == cast_slice::<_, u8>(values);
        }
        if same {
            return Ok(());
        }
        self.given.resize(layout.len(), 0.0);
        for (tensor, values) in tensors.iter().zip(parameters) {
            self.given[tensor.range.clone()].copy_from_slice(values);
        }
        self.engine.set_parameters(&self.given)
    }

    /// Puts the input of a pass in its place.
    fn fill(
        &mut self,
        network: &Network,
        shape: &Shape,
        x: &[f32],
        states: &[&[f32]],
        lengths: Option<Vec<u32>>,
    ) -> Result<()> {
        let &Shape { rows, steps, ref order } = shape;
        order.read(x, (rows, steps), &mut self.sequences.x);
        (self.sequences.rows, self.sequences.steps) = (rows, steps);
        self.sequences.lengths = lengths.or_else(|| order.lengths());
        self.sequences.states = network.join_states("states", rows, states)?;
        Ok(())
    }
}

impl Network {
    /// States [S, L*D, B, H] from one array for each of S; none where there are none.
    fn join_states(&self, what: &str, rows: usize, states: &[&[f32]]) -> Result<Option<Vec<f32>>> {
        if states.is_empty() {
            return Ok(None);
        }
        let joined = states.concat();
        self.spec.check_states(what, rows, joined.len())?;
        Ok(Some(joined))
    }

    /// One array for each of S from states [S, L*D, B, H].
    fn split_states<'py>(&self, py: Python<'py>, rows: usize, mut states: Vec<f32>) -> PyResult<Vec<Array<'py>>> {
        let shape = [self.spec.layers * self.spec.directions(), rows, self.spec.hidden];
        let second = states.split_off(shape.iter().product());
        // As long as it is: what `split_off` leaves has room for both.
        states.shrink_to_fit();
        let parts = if second.is_empty() { vec![states] } else { vec![states, second] };
        parts.into_iter().map(|part| array(py, &shape, part)).collect()
    }

    /// The shape of the outputs.
    fn output_shape(&self, shape: &Shape) -> Vec<usize> {
        let &Shape { rows, steps, ref order } = shape;
        match self.spec.readout() {
            Readout::Every => order.shape(rows, steps, self.spec.outputs()),
            Readout::Last | Readout::LastStep => vec![rows, self.spec.outputs()],
        }
    }

    /// The outputs in the order of the input.
    fn write_outputs(&self, shape: &Shape, y: Vec<f32>) -> Vec<f32> {
        if self.spec.readout() == Readout::Every { shape.order.write(y, (shape.rows, shape.steps)) } else { y }
    }
}

/// Slices of arrays that are contiguous.
fn slices<'a>(arrays: &'a [PyReadonlyArrayDyn<'_, f32>]) -> PyResult<Vec<&'a [f32]>> {
    arrays.iter().map(|array| Ok(array.as_slice()?)).collect()
}

/// The lengths of rows, as the engine counts.
pub(crate) fn lengths(lengths: Option<PyReadonlyArray1<'_, i64>>) -> PyResult<Option<Vec<u32>>> {
    // One that is not a length becomes 0, which is refused with its row.
    let count = |&length: &i64| u32::try_from(length).unwrap_or(0);
    lengths.map(|lengths| Ok(lengths.as_slice()?.iter().map(count).collect())).transpose()
}

type Passed<'py> = (Array<'py>, Vec<Array<'py>>);

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
        let spec = Spec { cell, input, hidden, layers, bidirectional, head };
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

    /// A forward pass: the outputs, and the final states. With `parameters`, one array a tensor, it goes by these.
    #[expect(clippy::too_many_arguments, reason = "Python's keywords")]
    #[pyo3(signature = (x, states, *, lengths=None, time_major=false, batch_sizes=None, parameters=None))]
    fn forward<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArrayDyn<'py, f32>,
        states: Vec<PyReadonlyArrayDyn<'py, f32>>,
        lengths: Option<PyReadonlyArray1<'py, i64>>,
        time_major: bool,
        batch_sizes: Option<PyReadonlyArray1<'py, i64>>,
        parameters: Option<Vec<PyReadonlyArrayDyn<'py, f32>>>,
    ) -> PyResult<Passed<'py>> {
        let shape = &self.shape(&x, time_major, batch_sizes)?;
        let (x, states, lengths) = (x.as_slice()?, slices(&states)?, self::lengths(lengths)?);
        let parameters = parameters.as_deref().map(slices).transpose()?;
        let Outputs { y, states } = self.run(py, |inner| {
            parameters.map_or(Ok(()), |parameters| inner.take(self, &parameters))?;
            inner.fill(self, shape, x, &states, lengths)?;
            let outputs = pollster::block_on(inner.engine.forward(&inner.sequences))?;
            Ok(Outputs { y: self.write_outputs(shape, outputs.y), ..outputs })
        })?;
        Ok((array(py, &self.output_shape(shape), y)?, self.split_states(py, shape.rows, states)?))
    }

    /// A forward pass with the tape of the way back, by `parameters`. Units between layers are dropped with probability
    /// `dropout`, by a mask that `seed` decides.
    #[expect(clippy::too_many_arguments, reason = "Python's keywords")]
    #[pyo3(signature = (x, states, *, time_major, batch_sizes, parameters, dropout, seed))]
    fn record<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArrayDyn<'py, f32>,
        states: Vec<PyReadonlyArrayDyn<'py, f32>>,
        time_major: bool,
        batch_sizes: Option<PyReadonlyArray1<'py, i64>>,
        parameters: Vec<PyReadonlyArrayDyn<'py, f32>>,
        dropout: f32,
        seed: u64,
    ) -> PyResult<(Array<'py>, Vec<Array<'py>>, Tape)> {
        let shape = self.shape(&x, time_major, batch_sizes)?;
        let (x, states, parameters) = (x.as_slice()?, slices(&states)?, slices(&parameters)?);
        let (Outputs { y, states }, tape) = self.run(py, |inner| {
            inner.take(self, &parameters)?;
            inner.fill(self, &shape, x, &states, None)?;
            let dropout = Dropout { p: dropout, seed, step: 0 };
            let (outputs, tape) = pollster::block_on(inner.engine.record(&inner.sequences, &dropout))?;
            Ok((Outputs { y: self.write_outputs(&shape, outputs.y), ..outputs }, tape))
        })?;
        let y = array(py, &self.output_shape(&shape), y)?;
        Ok((y, self.split_states(py, shape.rows, states)?, Tape::new(tape, shape)))
    }

    /// The gradients of whatever has the gradient `d_y` with respect to the outputs and `d_states` with respect to the
    /// final states of a recorded pass; none stands for zeros. Returns those of the parameters, which are one block, of
    /// x, if it is asked for, and of the initial states.
    #[pyo3(signature = (tape, d_y, d_states, *, with_x))]
    fn backward<'py>(
        &self,
        py: Python<'py>,
        tape: &Tape,
        d_y: Option<PyReadonlyArrayDyn<'py, f32>>,
        d_states: Vec<Option<PyReadonlyArrayDyn<'py, f32>>>,
        with_x: bool,
    ) -> PyResult<(Array<'py>, Option<Array<'py>>, Vec<Array<'py>>)> {
        let (tape, shape) = tape.take()?;
        let &Shape { rows, steps, ref order } = &shape;
        let d_y = d_y.as_ref().map(|d_y| d_y.as_slice()).transpose()?;
        let zeros =
            if d_states.iter().any(Option::is_some) { self.spec.state_len() / d_states.len() * rows } else { 0 };
        let zeros = vec![0.0; zeros];
        let d_states: Vec<&[f32]> = d_states
            .iter()
            .map(|d| Ok(if let Some(d) = d { d.as_slice()? } else { zeros.as_slice() }))
            .collect::<PyResult<_>>()?;
        let gradients = self.run(py, |inner| {
            match d_y {
                Some(d_y) => order.read(d_y, (rows, steps), &mut inner.d_outputs.y),
                None => inner.d_outputs.y.clear(),
            }
            inner.d_outputs.states = d_states.concat();
            let gradients = pollster::block_on(inner.engine.backward(tape, &inner.d_outputs, with_x))?;
            Ok(Gradients { x: order.write(gradients.x, (rows, steps)), ..gradients })
        })?;
        let x = with_x.then(|| array(py, &order.shape(rows, steps, self.spec.input), gradients.x)).transpose()?;
        let parameters = array(py, &[gradients.parameters.len()], gradients.parameters)?;
        Ok((parameters, x, self.split_states(py, rows, gradients.states)?))
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
