//! The engine: implements the trait `Engine` by passes over tiles.

use super::batch::Batch;
use super::choice::choose;
use super::inference::{Inference, Stream};
use super::network::Network;
use super::options::{Options, machine};
use super::pass::{BackwardOptions, Task};
use super::results::Results;
use super::threads::{Machine, Workspaces, lock, unlock};
use super::tile::WorkspaceShape;
use super::training::{Groups, differentiate};
use super::units::{Call, Units};
use super::way::Way;
use super::weights::{Weights, gradient};
use crate::data::{Sequences, Windows};
use crate::engine::{self, DeviceInfo, Engine, Gradients, Moments, Outputs, Steps};
use crate::error::{Error, Result};
use crate::loss::Objective;
use crate::model::{Dropout, Mask, Readout, Spec};
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
        spec.validate()?;
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
            losses: Vec::new(),
        };
        engine.set_parameters(parameters)?;
        Ok(engine)
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
    fn device(&self) -> &DeviceInfo {
        &self.device
    }

    async fn parameters(&mut self) -> Result<Vec<f32>> {
        Ok(self.weights.parameters.clone())
    }

    fn set_parameters(&mut self, parameters: &[f32]) -> Result<()> {
        Error::check_len("parameters", &[("block", self.network.layout.len())], parameters.len())?;
        self.weights = Weights::new(parameters);
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
        let CpuEngine { machine, training, units, inference, network, weights, windows, groups, losses, .. } = self;
        let windows = windows.as_ref().ok_or_else(not_loaded)?;
        steps.check(&network.spec, windows)?;
        let way = choose(machine, &network.spec, batch, true);
        let workspaces = match way {
            Way::Tiles => {
                *units = None;
                Some(training.prepare(
                    machine,
                    network,
                    shape(&network.spec, windows.steps(), &steps.objective.dropout),
                )?)
            }
            Way::Units => None,
        };
        inference.forget();
        losses.reserve(ids.len().div_ceil(batch));
        // Truncated BPTT: the states that this step begins with, and those that it ends with.
        let mut before = None;
        let carried = if steps.carry { vec![0.0; network.spec.state_len() * batch] } else { Vec::new() };
        let outputs = Outputs { states: carried, ..Outputs::default() };
        let after = Mutex::new(Results { rows: batch, gradients: Gradients { outputs, ..Gradients::default() } });
        machine.threads.within(|| {
            for (k, ids) in ids.chunks(batch).enumerate() {
                let objective = steps.objective(k);
                let batch = Batch::windows(windows, ids, before.as_deref());
                let terms = batch.terms(objective.loss, &network.spec);
                let options = BackwardOptions { loss: objective.loss, terms, with_d_x: false };
                let mask = mask(&objective.dropout);
                let groups = match workspaces {
                    Some(workspaces) => {
                        network.refresh(&weights.parameters, false);
                        let groups = groups.of(ids.len(), machine.lanes, weights.parameters.len());
                        let network = &*network;
                        let task = Task { network, batch: &batch, mask };
                        losses.push(differentiate(
                            (machine, workspaces),
                            &task,
                            &options,
                            groups,
                            |rows, workspace| {
                                if steps.carry {
                                    lock(&after).take_states(network, workspace, rows);
                                }
                            },
                        ));
                        groups
                    }
                    None => {
                        let groups = groups.one(weights.parameters.len());
                        let call = call(machine, network, &weights.parameters, &batch, mask);
                        let slots = (&*network.input_slots, &*network.hidden_slots);
                        let gradient = &mut groups[0].gradient;
                        losses.push(Units::differentiate(units, &call, &options, slots, gradient, |units, last| {
                            if steps.carry && last {
                                units.take_states(&call, &mut lock(&after).gradients.outputs.states);
                            }
                        })?);
                        groups
                    }
                };
                weights.step(machine, groups, steps.clip, steps.update(k));
                network.forget();
                if steps.carry {
                    let after = &mut lock(&after).gradients.outputs.states;
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

    async fn forward(&mut self, sequences: &Sequences) -> Result<Outputs> {
        engine::check_sequences(self.spec(), sequences)?;
        self.run(&Batch::sequences(sequences, &[]), true)
    }

    async fn differentiate(
        &mut self,
        sequences: &Sequences,
        targets: &[f32],
        objective: &Objective,
    ) -> Result<Gradients> {
        engine::check_sequences(self.spec(), sequences)?;
        objective.check(self.spec())?;
        let &Sequences { rows, steps, ref x, .. } = sequences;
        let lengths: Vec<usize> = (0..rows).map(|row| sequences.length(row)).collect();
        objective.loss.check_targets(self.spec(), steps, &lengths, targets)?;
        let CpuEngine { machine, training, units, network, weights, groups, .. } = self;
        let spec = network.spec;
        let batch = Batch::sequences(sequences, targets);
        let y = vec![0.0; rows * spec.read_steps(steps) * spec.outputs()];
        let states = vec![0.0; spec.state_len() * rows];
        let mut results = Results {
            rows,
            gradients: Gradients {
                outputs: Outputs { y, states: states.clone() },
                x: vec![0.0; x.len()],
                states,
                ..Gradients::default()
            },
        };
        let mask = mask(&objective.dropout);
        let options =
            BackwardOptions { loss: objective.loss, terms: batch.terms(objective.loss, &spec), with_d_x: true };
        if choose(machine, &spec, rows, true) == Way::Units {
            let groups = groups.one(weights.parameters.len());
            let call = call(machine, network, &weights.parameters, &batch, mask);
            let slots = (&*network.input_slots, &*network.hidden_slots);
            let gradient = &mut groups[0].gradient;
            let loss = Units::differentiate(units, &call, &options, slots, gradient, |units, last| {
                units.take_results(&call, last, &mut results.gradients);
            })?;
            return Ok(Gradients { loss, parameters: gradient.clone(), ..results.gradients });
        }
        // Training does not pack the weights that only the gradient of x needs.
        network.refresh(&weights.parameters, true);
        let network = &*network;
        let workspaces = training.prepare(machine, network, shape(&spec, steps, &objective.dropout))?;
        let results = Mutex::new(results);
        let groups = groups.of(rows, machine.lanes, weights.parameters.len());
        let task = Task { network, batch: &batch, mask };
        let loss = differentiate((machine, workspaces), &task, &options, groups, |rows, workspace| {
            let mut results = lock(&results);
            results.take_outputs(network, workspace, rows, 0);
            results.take_states(network, workspace, rows);
            results.take_gradients(network, workspace, rows);
        });
        let gradients = unlock(results).gradients;
        Ok(Gradients { loss, parameters: gradient(groups), ..gradients })
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

/// The workspaces that training on sequences of `steps` steps needs.
fn shape(spec: &Spec, steps: usize, dropout: &Dropout) -> WorkspaceShape {
    WorkspaceShape { steps, readout: spec.readout(), keep_tape: true, dropout: mask(dropout).is_some() }
}

/// What the way by units is to run.
fn call<'a>(
    machine: &'a Machine,
    network: &'a Network,
    parameters: &'a [f32],
    batch: &'a Batch<'a>,
    mask: Option<Mask>,
) -> Call<'a> {
    let Network { spec, layout, .. } = network;
    Call { machine, spec, layout, parameters, batch, readout: spec.readout(), mask }
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
