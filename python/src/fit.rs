//! Training, and what a trained network is worth.

use crate::error::to_python;
use crate::network::Network;
use crate::passes::lengths;
use crate::unbiased::Unbiased;
use numpy::{PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArrayDyn};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};
use refrain::data::Windows;
use refrain::engine::Engine;
use refrain::loss::{Loss, Quantiles};
use refrain::optim::{Clip, Optimizer};
use refrain::train::{Epoch, Finished, Measures, Next, Options, Order, Run, fit_validated};
use refrain::{Error, Result};

/// Multiplications between two looks at the signals, about: a fraction of a second of the CPU engine.
const PORTION: f64 = 5e8;

/// A loss by its name and numbers.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct NamedLoss {
    name: String,
    delta: f32,
    quantiles: Vec<f32>,
}

/// How to train, in Python's words.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Recipe {
    epochs: usize,
    batch_size: usize,
    loss: NamedLoss,
    optimizer: String,
    lr: f64,
    momentum: f64,
    weight_decay: Option<f64>,
    clip: Option<f64>,
    dropout: f32,
    shuffle: bool,
    patience: Option<usize>,
    seed: u64,
}

/// What a name is not.
fn unknown(what: &str, name: &str, known: &str) -> PyErr {
    PyValueError::new_err(format!("{what} is {name:?}, expected one of {known}"))
}

impl NamedLoss {
    fn loss(&self) -> PyResult<Loss> {
        Ok(match self.name.as_str() {
            "mse" => Loss::Mse,
            "mae" => Loss::Mae,
            "huber" => Loss::Huber { delta: self.delta },
            "cross_entropy" => Loss::CrossEntropy,
            "binary_cross_entropy" => Loss::BinaryCrossEntropy,
            "quantile" => Loss::Quantile(Quantiles::new(&self.quantiles).map_err(to_python)?),
            name => {
                let known = "mse, mae, huber, cross_entropy, binary_cross_entropy and quantile";
                return Err(unknown("loss", name, known));
            }
        })
    }
}

impl Recipe {
    fn optimizer(&self) -> PyResult<Optimizer> {
        let momentum = (self.momentum != 0.0 || self.optimizer == "sgd").then_some(self.momentum);
        Optimizer::named(&self.optimizer, self.lr, momentum, self.weight_decay).map_err(to_python)
    }

    /// The options, for windows of `steps` steps and a network of so many parameters.
    fn options(&self, parameters: usize, steps: usize) -> PyResult<Options> {
        let step = 3.0 * parameters as f64 * steps as f64 * self.batch_size as f64;
        Ok(Options {
            epochs: self.epochs,
            batch: self.batch_size,
            loss: self.loss.loss()?,
            dropout: self.dropout,
            optimizer: self.optimizer()?,
            clip: self.clip.map(|max_norm| Clip { max_norm }),
            seed: self.seed,
            order: if self.shuffle { Order::Shuffled } else { Order::Given },
            portion: (PORTION / step).max(1.0) as usize,
            ..Options::default()
        })
    }
}

/// The windows x [N, T, I] with targets [N, ..].
fn windows(
    network: &Network,
    x: &PyReadonlyArrayDyn<'_, f32>,
    y: &PyReadonlyArray2<'_, f32>,
    lengths: Option<Vec<u32>>,
    time_major: bool,
) -> PyResult<Windows> {
    let shape = network.shape(x, time_major, None)?;
    let (rows, steps, values, y) = (shape.rows, shape.steps, x.as_slice()?, y.as_slice()?);
    let mut reordered = Vec::new();
    let x = shape.order.read(values, (rows, steps), &mut reordered).to_vec();
    let windows = Windows::from_sequences(x, network.spec.input, steps, y.to_vec(), y.len() / rows.max(1));
    let windows = windows.and_then(|windows| match lengths {
        Some(lengths) => windows.with_lengths(lengths),
        None => Ok(windows),
    });
    windows.map_err(to_python)
}

/// What a callback is told of an epoch.
fn report<'py>(py: Python<'py>, epoch: &Epoch) -> PyResult<Bound<'py, PyDict>> {
    let of = PyDict::new(py);
    of.set_item("epoch", epoch.epoch)?;
    of.set_item("epochs", epoch.epochs)?;
    of.set_item("loss", epoch.loss)?;
    of.set_item("val_loss", epoch.val)?;
    of.set_item("best_epoch", epoch.best.map(|best| best.epoch))?;
    Ok(of)
}

/// Who looks on while a network is trained: Python's signals, and a callback.
pub struct Watch {
    callback: Option<Py<PyAny>>,
    /// Whether the callback is told of parts of an epoch too, and where these end.
    parts: bool,
    raised: Option<PyErr>,
}

impl Watch {
    pub fn new(callback: Option<Py<PyAny>>, parts: bool) -> Self {
        Watch { callback, parts, raised: None }
    }

    /// Looks at the signals, and tells the callback. Training stops where that returns False, or either raises.
    pub fn look(&mut self, epoch: &Epoch) -> Next {
        if self.raised.is_some() {
            return Next::Stop;
        }
        let look = Python::attach(|py| -> PyResult<bool> {
            py.check_signals()?;
            let Some(callback) = self.callback.as_ref().filter(|_| epoch.ended || self.parts) else { return Ok(true) };
            let of = report(py, epoch)?;
            if self.parts {
                of.set_item("step", epoch.step)?;
                of.set_item("steps", epoch.steps)?;
                of.set_item("ended", epoch.ended)?;
            }
            Ok(!callback.bind(py).call1((of,))?.is(PyBool::new(py, false)))
        });
        match look {
            Ok(true) => Next::Continue,
            Ok(false) => Next::Stop,
            Err(error) => {
                self.raised = Some(error);
                Next::Stop
            }
        }
    }

    /// Looks at the signals alone.
    pub fn signals(&mut self, _: &Epoch) -> Next {
        match Python::attach(|py| py.check_signals()) {
            Ok(()) => Next::Continue,
            Err(error) => {
                self.raised = Some(error);
                Next::Stop
            }
        }
    }

    /// What was raised.
    pub fn raised(self) -> PyResult<()> {
        self.raised.map_or(Ok(()), Err)
    }
}

/// What is told of a run.
pub fn summary<'py>(py: Python<'py>, finished: Finished) -> PyResult<Bound<'py, PyDict>> {
    let of = PyDict::new(py);
    of.set_item("loss", finished.history)?;
    of.set_item("val_loss", finished.val)?;
    of.set_item("best_epoch", finished.best.map(|best| best.epoch))?;
    of.set_item("steps", finished.steps)?;
    of.set_item("stopped", finished.stopped)?;
    Ok(of)
}

#[pymethods]
impl Network {
    /// Trains on the rows `train` of x, and validates on the rows `val`. Between steps Python's signals are looked at;
    /// after each epoch `callback` is called, and training stops where it returns False.
    #[expect(clippy::too_many_arguments, reason = "Python's keywords")]
    #[pyo3(signature = (x, y, *, lengths, time_major, train, val, recipe, callback))]
    fn fit<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArrayDyn<'py, f32>,
        y: PyReadonlyArray2<'py, f32>,
        lengths: Option<PyReadonlyArray1<'py, i64>>,
        time_major: bool,
        train: Vec<u32>,
        val: Vec<u32>,
        recipe: Recipe,
        callback: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let windows = &windows(self, &x, &y, self::lengths(lengths)?, time_major)?;
        let zeros = self.zeros();
        let options = recipe.options(self.block_len(), windows.steps())?;
        if let (false, Some(norm)) = (self.bias, recipe.clip) {
            let words = format!("clip is {norm}, expected None without biases, whose gradients the norm would count");
            return Err(PyValueError::new_err(words));
        }
        let patience = options.patience_of(recipe.patience, !val.is_empty()).map_err(to_python)?;
        let (train, val) = (&train[..], &val[..]);
        let run = Run { spec: self.spec, options, windows, train, weights: &[], val, val_groups: &[], patience };
        let run = &run;
        let mut watch = Watch::new(callback, false);
        let finished = self.run(py, |inner| {
            inner.engine.load_data(windows)?;
            let keep = |_: &_| Ok(());
            let ended = |epoch: &Epoch| watch.look(epoch);
            if zeros.is_empty() {
                return pollster::block_on(fit_validated(&mut inner.engine, run, None, ended, keep));
            }
            let mut engine = Unbiased { engine: &mut inner.engine, zeros };
            pollster::block_on(fit_validated(&mut engine, run, None, ended, keep))
        });
        watch.raised()?;
        summary(py, finished?)
    }

    /// What the outputs for x are worth against y, as JSON.
    #[expect(clippy::too_many_arguments, reason = "Python's keywords")]
    #[pyo3(signature = (x, y, *, lengths, time_major, loss, batch_size))]
    fn evaluate<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArrayDyn<'py, f32>,
        y: PyReadonlyArray2<'py, f32>,
        lengths: Option<PyReadonlyArray1<'py, i64>>,
        time_major: bool,
        loss: NamedLoss,
        batch_size: usize,
    ) -> PyResult<String> {
        let loss = loss.loss()?;
        let windows = windows(self, &x, &y, self::lengths(lengths)?, time_major)?;
        let measures = self.run(py, |inner| {
            let lengths: Vec<usize> = (0..windows.count()).map(|row| windows.length(row)).collect();
            if let refrain::data::Targets::Given { values, .. } = windows.targets() {
                loss.check_targets(&self.spec, windows.steps(), &lengths, values)?;
            }
            inner.engine.load_data(&windows)?;
            let ids: Vec<u32> = (0..windows.count() as u32).collect();
            let outputs = pollster::block_on(inner.engine.predict(&ids, batch_size))?;
            Measures::of(&self.spec, loss, &windows, &ids, &outputs)
        })?;
        serde_json::to_string(&measures).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// The number of target values that a position has under a loss.
    fn target_width(&self, loss: NamedLoss) -> PyResult<usize> {
        Ok(loss.loss()?.target_width(self.spec.outputs()))
    }

    /// One step of the stream, which begins with zeros: x [B, I] to [B, O].
    fn step<'py>(&self, py: Python<'py>, x: PyReadonlyArray2<'py, f32>) -> PyResult<crate::arrays::Array<'py>> {
        let rows = x.as_array().nrows();
        let x = x.as_slice()?;
        let y = self.run(py, |inner| {
            match inner.stream {
                Some(open) if open != rows => {
                    let expected = format!("{open}, those of the stream: reset it to begin another one");
                    return Err(Error::config("rows", rows, expected));
                }
                Some(_) => {}
                None => {
                    Error::check_len("x", &[("B", rows), ("I", self.spec.input)], x.len())?;
                    inner.engine.open_stream(rows, None)?;
                    inner.stream = Some(rows);
                }
            }
            pollster::block_on(inner.engine.step(x))
        })?;
        crate::arrays::array(py, &[rows, self.spec.outputs()], y)
    }

    /// Ends the stream.
    fn reset(&self, py: Python<'_>) -> PyResult<()> {
        self.run(py, |inner| -> Result<()> {
            inner.stream = None;
            Ok(())
        })
    }
}
