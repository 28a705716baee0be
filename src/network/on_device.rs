//! A network on a device.

use super::{Dataset, Fit, Predictions, Stream, on_engine};
use crate::data::Sequences;
use crate::engine::{
    AnyEngine, AnyTape, Device, DeviceInfo, Engine, Gradients, Moments, OutputGradients, Outputs, Precision,
};
use crate::error::{Error, Result};
use crate::loss::{Loss, Objective};
use crate::model::{Dropout, LoadOptions, Model, Spec};
use crate::optim::Optimizer;
use crate::train::{Finished, Measures};
use pollster::block_on;
use std::path::Path;

/// A recurrent network with its weights, on a device. Every call waits until it is done.
///
/// ```
/// use refrain::{Dataset, Fit, Network, Rnn};
///
/// let x = (0..40).map(|n| n as f32 / 40.0);
/// let data = Dataset::new(x.clone(), [40, 1, 1])?.targets(x.map(|x| 1.0 - x))?;
/// let mut network = Rnn::builder(1, 4).head(1).build()?;
/// let before = network.evaluate(&data)?;
/// let report = network.fit(&data, Fit::default().epochs(10).adam(1e-2))?;
/// assert_eq!(report.epochs, 10);
/// assert!(network.evaluate(&data)?.loss < before.loss);
/// let y = network.predict(&data)?;
/// assert_eq!([y.rows(), y.steps(), y.outputs()], [40, 1, 1]);
/// # Ok::<(), refrain::Error>(())
/// ```
///
/// An own training loop is made of [`Network::forward`], [`Network::loss`], [`Network::backward`] and
/// [`Network::update`].
#[derive(Debug)]
pub struct Network {
    /// With the parameters that the engine has.
    model: Model,
    engine: AnyEngine,
    /// The optimiser's moments and steps in an own training loop; the engine keeps those of [`Network::fit`].
    moments: Moments,
    taken: u64,
    notes: Vec<String>,
}

impl Network {
    pub(super) fn new(model: Model, engine: AnyEngine) -> Self {
        Network { model, engine, moments: Moments::default(), taken: 0, notes: Vec::new() }
    }

    /// The network of a model file, on the CPU engine: one that was saved here, or a state_dict that PyTorch wrote as
    /// safetensors.
    ///
    /// # Errors
    /// [`Error::File`] where the file cannot be read or holds no model.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Network::open_with(path, &LoadOptions::default(), &Device::cpu())
    }

    /// As [`Network::open`], on another device, with what a file of PyTorch does not say.
    ///
    /// # Errors
    /// As [`Network::open`]; [`Error::File`] too where the file contradicts the options; and as [`Device::engine`].
    pub fn open_with(path: impl AsRef<Path>, options: &LoadOptions, device: &Device) -> Result<Self> {
        let loaded = Model::open(path.as_ref(), options)?;
        let engine = device.engine(loaded.model.spec, &loaded.model.parameters)?;
        let notes = loaded.notes.into_iter().chain(loaded.ignored).collect();
        Ok(Network { notes, ..Network::new(loaded.model, engine) })
    }

    /// Writes the weights, what they are the weights of and the loss that they were trained for, whole or not at all.
    ///
    /// # Errors
    /// [`Error::File`] where the file cannot be written, or a weight is not finite.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.model.save(path.as_ref())
    }

    /// The same network on another device.
    ///
    /// # Errors
    /// As [`Device::engine_with`].
    pub fn to(self, device: &Device, precision: Precision) -> Result<Self> {
        let engine = device.engine_with(self.model.spec, &self.model.parameters, precision)?;
        Ok(Network { engine, ..self })
    }

    /// What the network is.
    pub fn spec(&self) -> &Spec {
        &self.model.spec
    }

    /// Where the network is.
    pub fn device(&self) -> &DeviceInfo {
        self.engine.device()
    }

    /// What the file of the network did not say and was assumed, what was converted and what was left: a sentence each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// All weights in one block, whose parts [`Layout`](crate::model::Layout) names.
    pub fn parameters(&self) -> &[f32] {
        &self.model.parameters
    }

    /// Replaces all weights.
    ///
    /// # Errors
    /// [`Error::Length`] where the block has another length.
    pub fn set_parameters(&mut self, parameters: &[f32]) -> Result<()> {
        self.engine.set_parameters(parameters)?;
        self.model.parameters.copy_from_slice(parameters);
        self.forget();
        Ok(())
    }

    /// Fits the network to data, from the weights that it has and with a fresh optimiser. Where rows validate, it ends
    /// with the weights of the best epoch, even if the callback has stopped it. Where it fails, the network is as it was
    /// before.
    ///
    /// # Errors
    /// [`Error::Config`] or [`Error::Length`] where data, network and options do not fit together, or a number is not
    /// finite; [`Error::Diverged`] where a loss becomes infinite or NaN; [`Error::Limit`] or [`Error::OutOfMemory`]
    /// where it does not fit the device.
    pub fn fit(&mut self, data: &Dataset, mut fit: Fit<'_>) -> Result<Finished> {
        self.forget();
        block_on(on_engine::fit(&mut self.model, &mut self.engine, data, &mut fit))
    }

    /// The outputs for every row.
    ///
    /// # Errors
    /// [`Error::Config`] where the rows have another number of features than the network has inputs, or a value is not
    /// finite; [`Error::Limit`] or [`Error::OutOfMemory`] where it does not fit the device.
    pub fn predict(&mut self, data: &Dataset) -> Result<Predictions> {
        block_on(on_engine::predict(&self.model.spec, &mut self.engine, data))
    }

    /// What the outputs for the data are worth, by the loss that the network was fitted for; of a network that was not,
    /// by the one that the targets call for.
    ///
    /// # Errors
    /// As [`Network::predict`]; and [`Error::Config`] or [`Error::Length`] where there are no targets, or others than
    /// the loss calls for.
    pub fn evaluate(&mut self, data: &Dataset) -> Result<Measures> {
        block_on(on_engine::evaluate(&self.model, &mut self.engine, data))
    }

    /// Begins a stream of `rows` sequences, whose states are zero.
    ///
    /// # Errors
    /// [`Error::Config`] where the network has both directions, or there are no rows.
    pub fn stream(&mut self, rows: usize) -> Result<Stream<'_>> {
        Stream::open(&mut self.engine, rows, None)
    }

    /// Begins a stream of `rows` sequences with these states, [S, L, rows, H] (h, then c).
    ///
    /// # Errors
    /// As [`Network::stream`]; and [`Error::Length`] where the states have another shape.
    pub fn stream_from(&mut self, rows: usize, states: &[f32]) -> Result<Stream<'_>> {
        Stream::open(&mut self.engine, rows, Some(states))
    }

    /// A forward pass: outputs and final states, and the tape of the way back. Nothing is dropped.
    ///
    /// # Errors
    /// [`Error::Config`] or [`Error::Length`] where the sequences do not have the shapes that the network calls for.
    pub fn forward(&mut self, sequences: &Sequences<'_>) -> Result<(Outputs, AnyTape)> {
        self.forward_with(sequences, &Dropout::default())
    }

    /// As [`Network::forward`], with dropout between the layers.
    ///
    /// # Errors
    /// As [`Network::forward`]; and [`Error::Config`] where the probability is out of range.
    pub fn forward_with(&mut self, sequences: &Sequences<'_>, dropout: &Dropout) -> Result<(Outputs, AnyTape)> {
        block_on(self.engine.record(sequences, dropout))
    }

    /// The loss of outputs against targets, and the gradient that a way back begins with: of the outputs, and none of
    /// the final states.
    ///
    /// # Errors
    /// [`Error::Length`] or [`Error::Config`] where sequences, outputs and targets do not fit together.
    pub fn loss(
        &self,
        loss: Loss,
        sequences: &Sequences<'_>,
        outputs: &Outputs,
        targets: &[f32],
    ) -> Result<(f64, Outputs)> {
        let (spec, &Sequences { rows, steps, .. }) = (self.spec(), sequences);
        Objective { loss, ..Objective::default() }.check(spec)?;
        crate::engine::check_sequences(spec, sequences)?;
        let shape = [("rows", rows), ("steps with an output", spec.read_steps(steps)), ("outputs", spec.outputs())];
        Error::check_len("y", &shape, outputs.y.len())?;
        let lengths: Vec<usize> = (0..rows).map(|row| sequences.length(row)).collect();
        loss.check_targets(spec, steps, &lengths, targets)?;
        let (mean, y) = loss.mean_of(spec, &lengths, &outputs.y, targets);
        Ok((mean, Outputs { y, states: Vec::new() }))
    }

    /// The way back over a recorded pass: the gradients of the parameters and of the initial states, from those of the
    /// outputs and final states.
    ///
    /// # Errors
    /// [`Error::StaleTape`] where the weights have changed since the pass, or it is another network's; [`Error::Length`]
    /// where a gradient has another shape than what it is of.
    pub fn backward<'a>(&mut self, tape: AnyTape, d_outputs: impl Into<OutputGradients<'a>>) -> Result<Gradients> {
        block_on(self.engine.backward(tape, d_outputs.into(), false))
    }

    /// As [`Network::backward`], and with the gradient of the input.
    ///
    /// # Errors
    /// As [`Network::backward`].
    pub fn backward_to_x<'a>(&mut self, tape: AnyTape, d_outputs: impl Into<OutputGradients<'a>>) -> Result<Gradients> {
        block_on(self.engine.backward(tape, d_outputs.into(), true))
    }

    /// Takes one step of an optimiser along gradients of the parameters. Its moments are the network's own, and begin
    /// anew after [`Network::fit`] and [`Network::set_parameters`].
    ///
    /// # Errors
    /// [`Error::Length`] where there are not as many gradients as parameters; [`Error::Config`] where the optimiser's
    /// numbers make no sense.
    pub fn update(&mut self, gradients: &[f32], optimizer: &Optimizer) -> Result<()> {
        optimizer.check()?;
        let Network { model: Model { parameters, .. }, moments: Moments { m, v }, taken, engine, .. } = self;
        Error::check_len("gradients", &[("parameters", parameters.len())], gradients.len())?;
        m.resize(parameters.len(), 0.0);
        v.resize(parameters.len(), 0.0);
        *taken += 1;
        optimizer.at(*taken).apply_all(gradients, parameters, m, v);
        engine.set_parameters(parameters)
    }

    /// The optimiser of an own training loop begins anew.
    fn forget(&mut self) {
        (self.moments, self.taken) = (Moments::default(), 0);
    }
}
