//! The engine: implements the trait `Engine` by passes over tiles.

use super::batch::Batch;
use super::choice::choose;
use super::inference::{Inference, Stream};
use super::network::Network;
use super::options::{Options, machine};
use super::pass::{Minimised, Task};
use super::recorded::{Recorder, Recording, Tape};
use super::results::Results;
use super::threads::{Machine, Workspaces, lock, unlock};
use super::tile::{Workspace, WorkspaceShape};
use super::training::{Groups, differentiate};
use super::units::{Back, Call, Units};
use super::way::Way;
use super::weights::{Weights, gradient};
use crate::data::{Sequences, Windows};
use crate::engine::stamp::Stamp;
use crate::engine::{self, DeviceInfo, Differentiated, Engine, Gradients, Moments, OutputGradients, Outputs, Steps};
use crate::error::{Error, Result};
use crate::loss::Objective;
use crate::model::{Dropout, Mask, Readout, Spec};
use std::ops::Range;
use std::sync::Mutex;

/// A network on the processor.
#[derive(Debug)]
pub struct CpuEngine {
    device: DeviceInfo,
    machine: Machine,
    /// Workspaces of training steps and of `differentiate`.
    training: Workspaces,
    /// The same by units.
    units: Option<Units>,
    inference: Inference,
    stream: Option<Stream>,
    network: Network,
    weights: Weights,
    windows: Option<Windows>,
    groups: Groups,
    recorder: Recorder,
    /// Of the weights as they are.
    stamp: Stamp,
    /// Losses of the steps since they were last asked for.
    losses: Vec<f32>,
}

impl CpuEngine {
    /// An engine with default [`Options`].
    ///
    /// # Errors
    /// As [`CpuEngine::with_options`].
    pub fn new(spec: Spec, parameters: &[f32]) -> Result<Self> {
        CpuEngine::with_options(spec, parameters, Options::default())
    }

    /// An engine for the network `spec` with the block `parameters`.
    ///
    /// # Errors
    /// [`Error::Config`] where the spec is not valid or there are to be no threads, [`Error::Length`] where the block
    /// does not have the length that the spec calls for.
    pub fn with_options(spec: Spec, parameters: &[f32], options: Options) -> Result<Self> {
        engine::check_steps(&spec)?;
        if let (true, Some(steps)) = (spec.bidirectional, options.recompute) {
            let expected = "none where layers run in both directions: the reverse one begins at the end";
            return Err(Error::config("recompute", steps, expected));
        }
        let (machine, blocks) = machine(options)?;
        let mut engine = CpuEngine {
            device: machine.device_info(),
            machine,
            training: Workspaces::default(),
            units: None,
            inference: Inference::default(),
            stream: None,
            network: Network::new(spec, blocks),
            weights: Weights::new(&[]),
            windows: None,
            groups: Groups::default(),
            recorder: Recorder::default(),
            stamp: Stamp::new(),
            losses: Vec::new(),
        };
        engine.set_parameters(parameters)?;
        Ok(engine)
    }

    /// What an engine with these options says of itself.
    ///
    /// # Errors
    /// As [`CpuEngine::with_options`].
    pub fn described(options: Options) -> Result<DeviceInfo> {
        Ok(machine(options)?.0.device_info())
    }

    fn spec(&self) -> &Spec {
        &self.network.spec
    }

    /// A forward pass over a batch; the outputs that the spec says, the final states only where `with_states`.
    fn run(&mut self, batch: &Batch<'_>, with_states: bool) -> Result<Outputs> {
        let readout = self.network.spec.readout();
        self.inference.run(&self.machine, &mut self.network, &self.weights.parameters, batch, readout, with_states)
    }
}

impl Engine for CpuEngine {
    type Tape = Tape;

    fn device(&self) -> &DeviceInfo {
        &self.device
    }

    async fn parameters(&mut self) -> Result<Vec<f32>> {
        Ok(self.weights.parameters.clone())
    }

    fn set_parameters(&mut self, parameters: &[f32]) -> Result<()> {
        Error::check_len("parameters", &[("block", self.network.layout.len())], parameters.len())?;
        self.weights = Weights::new(parameters);
        self.stamp = Stamp::new();
        self.network.forget();
        self.inference.forget();
        Ok(())
    }

    async fn moments(&mut self) -> Result<Moments> {
        Ok(self.weights.moments.clone())
    }

    fn set_moments(&mut self, moments: &Moments) -> Result<()> {
        for (name, values) in [("m", &moments.m), ("v", &moments.v)] {
            Error::check_len(name, &[("block", self.network.layout.len())], values.len())?;
        }
        self.weights.moments = moments.clone();
        Ok(())
    }

    fn load_data(&mut self, windows: &Windows) -> Result<()> {
        engine::check_windows(self.spec(), windows)?;
        self.windows = Some(windows.clone());
        Ok(())
    }

    fn train(&mut self, steps: &Steps) -> Result<()> {
        let &Steps { ids, batch, .. } = steps;
        let CpuEngine { machine, training, units, inference, network, weights, windows, groups, losses, stamp, .. } =
            self;
        let windows = windows.as_ref().ok_or_else(not_loaded)?;
        steps.check(&network.spec, windows)?;
        let way = choose(machine, &network.spec, batch, true);
        let workspaces = match way {
            Way::Tiles => {
                *units = None;
                let dropout = mask(&steps.objective.dropout).is_some();
                let shape = WorkspaceShape::with_tape(&network.spec, windows.steps(), dropout);
                Some(training.prepare(machine, network, shape)?)
            }
            Way::Units => None,
        };
        inference.forget();
        losses.reserve(ids.len().div_ceil(batch));
        // Truncated BPTT: the states that this step begins with, and those that it ends with.
        let mut before = None;
        let carried = if steps.carry { vec![0.0; network.spec.state_len() * batch] } else { Vec::new() };
        let outputs = Outputs { states: carried, ..Outputs::default() };
        let after = Mutex::new(Results { rows: batch, outputs, ..Results::default() });
        machine.threads.within(|| {
            for (k, ids) in ids.chunks(batch).enumerate() {
                let objective = steps.objective(k);
                let batch = Batch::windows(windows, ids, before.as_deref());
                let terms = batch.terms(objective.loss, &network.spec);
                let minimised = Minimised { batch: &batch, loss: objective.loss, terms };
                let mask = mask(&objective.dropout);
                let groups = match workspaces {
                    Some(workspaces) => {
                        network.refresh(&weights.parameters, false);
                        let groups = groups.of(ids.len(), machine.lanes, weights.parameters.len());
                        let network = &*network;
                        let task = Task { network, mask };
                        let seen = |rows: &Range<usize>, workspace: &Workspace| {
                            if steps.carry {
                                lock(&after).take_states(network, workspace, rows);
                            }
                        };
                        let of = (&*machine, workspaces);
                        losses.push(differentiate(of, &task, &minimised, false, groups, seen));
                        groups
                    }
                    None => {
                        let groups = groups.one(weights.parameters.len());
                        let call = Call::new(machine, network, &weights.parameters, (ids.len(), windows.steps()), mask);
                        let (slots, gradient) = (network.slots(), &mut groups[0].gradient);
                        let seen = |units: &Units, last: bool| {
                            if steps.carry && last {
                                units.take_states(&call, &mut lock(&after).outputs.states);
                            }
                        };
                        let to = Back::ToParameters;
                        losses.push(Units::differentiate(units, &call, &minimised, to, slots, gradient, seen)?);
                        groups
                    }
                };
                weights.step(machine, groups, steps.clip, steps.update(k));
                network.forget();
                *stamp = Stamp::new();
                if steps.carry {
                    let after = &mut lock(&after).outputs.states;
                    let before = before.get_or_insert_with(|| vec![0.0; after.len()]);
                    std::mem::swap(before, after);
                }
            }
            Ok(())
        })
    }

    async fn losses(&mut self) -> Result<Vec<f32>> {
        Ok(std::mem::take(&mut self.losses))
    }

    async fn predict(&mut self, ids: &[u32], batch: usize) -> Result<Vec<f32>> {
        let windows = self.windows.take().ok_or_else(not_loaded)?;
        let result = windows.check_ids(ids).and_then(|()| {
            if batch == 0 {
                return Err(Error::config("batch", batch, "at least 1"));
            }
            let mut y = Vec::new();
            for ids in ids.chunks(batch) {
                y.append(&mut self.run(&Batch::windows(&windows, ids, None), false)?.y);
            }
            Ok(y)
        });
        self.windows = Some(windows);
        result
    }

    async fn forward(&mut self, sequences: &Sequences<'_>) -> Result<Outputs> {
        engine::check_sequences(self.spec(), sequences)?;
        self.run(&Batch::sequences(sequences, &[]), true)
    }

    async fn record(&mut self, sequences: &Sequences<'_>, dropout: &Dropout) -> Result<(Outputs, Tape)> {
        engine::check_sequences(self.spec(), sequences)?;
        dropout.check()?;
        let CpuEngine { machine, training, network, weights, recorder, stamp, .. } = self;
        let of = Recording { machine, workspaces: training, network, parameters: &weights.parameters, stamp: *stamp };
        recorder.record(of, sequences, mask(dropout))
    }

    async fn backward(&mut self, tape: Tape, d_outputs: OutputGradients<'_>, with_x: bool) -> Result<Gradients> {
        let CpuEngine { machine, training, network, weights, recorder, groups, stamp, .. } = self;
        let of = Recording { machine, workspaces: training, network, parameters: &weights.parameters, stamp: *stamp };
        recorder.backward(of, groups, tape, d_outputs, with_x)
    }

    async fn differentiate(
        &mut self,
        sequences: &Sequences<'_>,
        targets: &[f32],
        objective: &Objective,
    ) -> Result<Differentiated> {
        engine::check_sequences(self.spec(), sequences)?;
        objective.check(self.spec())?;
        let &Sequences { rows, steps, ref x, .. } = sequences;
        let lengths: Vec<usize> = (0..rows).map(|row| sequences.length(row)).collect();
        objective.loss.check_targets(self.spec(), steps, &lengths, targets)?;
        let CpuEngine { machine, training, units, network, weights, groups, .. } = self;
        let spec = network.spec;
        let batch = Batch::sequences(sequences, targets);
        let outputs = Outputs::zeros(&spec, rows, steps);
        let states = outputs.states.clone();
        let gradients = Gradients { x: vec![0.0; x.len()], states, ..Gradients::default() };
        let mask = mask(&objective.dropout);
        let minimised = Minimised { batch: &batch, loss: objective.loss, terms: batch.terms(objective.loss, &spec) };
        if choose(machine, &spec, rows, true) == Way::Units {
            let groups = groups.one(weights.parameters.len());
            let call = Call::new(machine, network, &weights.parameters, (rows, steps), mask);
            let (slots, gradient) = (network.slots(), &mut groups[0].gradient);
            let mut results = Differentiated { outputs, gradients, ..Differentiated::default() };
            let seen = |units: &Units, last: bool| units.take_results(&call, last, &mut results);
            results.loss = Units::differentiate(units, &call, &minimised, Back::ToX, slots, gradient, seen)?;
            results.gradients.parameters.clone_from(gradient);
            return Ok(results);
        }
        // Training does not pack the weights that only the gradient of x needs.
        network.refresh(&weights.parameters, true);
        let network = &*network;
        let workspaces = training.prepare(machine, network, WorkspaceShape::with_tape(&spec, steps, mask.is_some()))?;
        let results = Mutex::new(Results { rows, outputs, gradients });
        let groups = groups.of(rows, machine.lanes, weights.parameters.len());
        let task = Task { network, mask };
        let of = (&*machine, workspaces);
        let loss = differentiate(of, &task, &minimised, true, groups, |rows, workspace| {
            let mut results = lock(&results);
            results.take_outputs(network, workspace, rows, 0);
            results.take_states(network, workspace, rows);
            results.take_gradients(network, workspace, rows);
        });
        let Results { outputs, mut gradients, .. } = unlock(results);
        gradients.parameters = gradient(groups);
        Ok(Differentiated { loss, outputs, gradients })
    }

    fn open_stream(&mut self, rows: usize, states: Option<&[f32]>) -> Result<()> {
        engine::check_stream(self.spec(), rows, states)?;
        let states = states.map_or_else(|| vec![0.0; self.spec().state_len() * rows], <[f32]>::to_vec);
        self.stream = Some(Stream { rows, states });
        Ok(())
    }

    async fn step_many(&mut self, x: &[f32], steps: usize) -> Result<Vec<f32>> {
        let CpuEngine { machine, inference, stream, network, weights, .. } = self;
        let Stream { rows, states } = stream.as_mut().ok_or_else(not_open)?;
        Error::check_len("x", &[("B", *rows), ("T", steps), ("I", network.spec.input)], x.len())?;
        if steps == 0 {
            return Ok(Vec::new());
        }
        let batch = Batch::stream(*rows, steps, x, states);
        let outputs = inference.run(machine, network, &weights.parameters, &batch, Readout::Every, true)?;
        *states = outputs.states;
        Ok(outputs.y)
    }

    async fn states(&mut self) -> Result<Vec<f32>> {
        self.stream.as_ref().map(|stream| stream.states.clone()).ok_or_else(not_open)
    }
}

/// What is dropped, if anything is.
fn mask(dropout: &Dropout) -> Option<Mask> {
    (dropout.p > 0.0).then(|| dropout.mask())
}

fn not_loaded() -> Error {
    Error::config("windows", "none", "windows that were loaded before")
}

fn not_open() -> Error {
    Error::config("stream", "none", "one that was opened before, with open_stream")
}
