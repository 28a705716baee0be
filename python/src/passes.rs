//! Passes through a network: forward, recorded, and back.

use crate::arrays::{Array, array};
use crate::network::{Inner, Network, Shape};
use crate::tape::Tape;
use bytemuck::cast_slice;
use numpy::{PyReadonlyArray1, PyReadonlyArrayDyn};
use pyo3::prelude::*;
use refrain::data::Sequences;
use refrain::engine::{Engine, Gradients, OutputGradients, Outputs};
use refrain::model::{Dropout, Layout, NamedRange, Readout};
use refrain::{Error, Result};

impl Inner {
    /// Takes over parameters that Python holds, where they are not those that the engine has. They are compared by
    /// their bits: PyTorch's version counters do not tell of changes through `.data`.
    pub fn take(&mut self, network: &Network, parameters: &[&[f32]]) -> Result<()> {
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
}

impl Network {
    /// The input of a pass, where x lies or in `memory`.
    fn sequences<'a>(
        &self,
        shape: &Shape,
        x: &'a [f32],
        states: &[&[f32]],
        lengths: Option<Vec<u32>>,
        memory: &'a mut Vec<f32>,
    ) -> Result<Sequences<'a>> {
        let &Shape { rows, steps, ref order } = shape;
        let states = self.join_states("states", rows, states)?;
        let lengths = lengths.or_else(|| order.lengths());
        Ok(Sequences { states, lengths, ..Sequences::new(rows, steps, order.read(x, (rows, steps), memory)) })
    }

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
pub fn slices<'a>(arrays: &'a [PyReadonlyArrayDyn<'_, f32>]) -> PyResult<Vec<&'a [f32]>> {
    arrays.iter().map(|array| Ok(array.as_slice()?)).collect()
}

/// The lengths of rows, as the engine counts.
pub fn lengths(lengths: Option<PyReadonlyArray1<'_, i64>>) -> PyResult<Option<Vec<u32>>> {
    // One that is not a length becomes 0, which is refused with its row.
    let count = |&length: &i64| u32::try_from(length).unwrap_or(0);
    lengths.map(|lengths| Ok(lengths.as_slice()?.iter().map(count).collect())).transpose()
}

type Passed<'py> = (Array<'py>, Vec<Array<'py>>);

#[pymethods]
impl Network {
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
            let sequences = self.sequences(shape, x, &states, lengths, &mut inner.reordered)?;
            let outputs = pollster::block_on(inner.engine.forward(&sequences))?;
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
            let sequences = self.sequences(&shape, x, &states, None, &mut inner.reordered)?;
            let dropout = Dropout { p: dropout, seed, step: 0 };
            let (outputs, tape) = pollster::block_on(inner.engine.record(&sequences, &dropout))?;
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
            let y = d_y.map(|d_y| order.read(d_y, (rows, steps), &mut inner.reordered)).unwrap_or_default();
            let d_outputs = OutputGradients { y, states: &d_states.concat() };
            let gradients = pollster::block_on(inner.engine.backward(tape, d_outputs, with_x))?;
            Ok(Gradients { x: order.write(gradients.x, (rows, steps)), ..gradients })
        })?;
        let x = with_x.then(|| array(py, &order.shape(rows, steps, self.spec.input), gradients.x)).transpose()?;
        let parameters = array(py, &[gradients.parameters.len()], gradients.parameters)?;
        Ok((parameters, x, self.split_states(py, rows, gradients.states)?))
    }
}
