//! The engine itself: what the trait asks for, in terms of passes over tiles.

use super::Level;
use super::batch::Batch;
use super::forward::Forward;
use super::network::Network;
use super::results::Results;
use super::threads::{Threads, Workspaces};
use super::training::{Groups, Weights, differentiate, gradient};
use crate::data::{Sequences, Windows};
use crate::engine::{self, DeviceInfo, Engine, Gradients, Moments, Outputs, Steps};
use crate::error::{Error, Result};
use crate::loss::Objective;
use crate::model::Spec;
use pulp::{Simd, WithSimd};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// How a [`CpuEngine`] is to run; by default on all processors, with the widest SIMD instructions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Threads, or as many as there are processors.
    pub threads: Option<usize>,
    /// SIMD instructions.
    pub level: Level,
}

/// A network on the processor.
#[derive(Debug)]
pub struct CpuEngine {
    device: DeviceInfo,
    level: Level,
    /// Rows of a tile: the lanes of a vector.
    lanes: usize,
    threads: Threads,
    /// What training and differentiating need, and what a forward pass alone does.
    training: Workspaces,
    inference: Workspaces,
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
    /// [`Error::Config`] where the spec is not valid or there are to be no threads, [`Error::Length`] where the block does not
    /// have the length that the spec calls for.
    pub fn with_options(spec: Spec, parameters: &[f32], options: Options) -> Result<Self> {
        spec.validate()?;
        let available = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let count = options.threads.unwrap_or_else(available);
        if count == 0 {
            return Err(Error::config("threads", count, "at least 1"));
        }
        let (lanes, registers) = options.level.dispatch(Registers);
        let mut engine = CpuEngine {
            device: device_info(options.level, count),
            level: options.level,
            lanes,
            threads: Threads::new(count)?,
            training: Workspaces::default(),
            inference: Workspaces::default(),
            network: Network::new(spec, registers),
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

    /// A forward pass over a batch; the final states only where `with_states`.
    fn run(&mut self, batch: &Batch<'_>, with_states: bool) -> Outputs {
        let CpuEngine { level, lanes, threads, inference, network, .. } = self;
        let workspaces = inference.prepare(threads, network, *lanes, batch, false);
        let rows = batch.rows();
        let states = if with_states { network.spec.state_len() * rows } else { 0 };
        let y = network.spec.read_steps(batch.steps()) * network.spec.outputs() * rows;
        let outputs = Outputs { y: vec![0.0; y], states: vec![0.0; states] };
        let results = Mutex::new(Results { rows, gradients: Gradients { outputs, ..Gradients::default() } });
        let mut tiles: Vec<Range<usize>> =
            (0..rows).step_by(*lanes).map(|first| first..rows.min(first + *lanes)).collect();
        threads.each(workspaces, &mut tiles, |rows, workspace| {
            level.dispatch(Forward { network, batch, rows: rows.clone(), workspace });
            results.lock().unwrap_or_else(PoisonError::into_inner).take(network, workspace, rows);
        });
        results.into_inner().unwrap_or_else(PoisonError::into_inner).gradients.outputs
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
        self.network.pack(parameters, true);
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

    fn load(&mut self, windows: &Windows) -> Result<()> {
        windows.check(self.spec())?;
        self.windows = Some(windows.clone());
        Ok(())
    }

    fn train(&mut self, steps: &Steps) -> Result<()> {
        let &Steps { ids, batch, .. } = steps;
        let CpuEngine { level, lanes, threads, training, network, weights, windows, groups, losses, .. } = self;
        let windows = windows.as_ref().ok_or_else(not_loaded)?;
        steps.check(&network.spec, windows)?;
        engine::refuse_options(steps, windows)?;
        let workspaces = training.prepare(threads, network, *lanes, &Batch::Windows(windows, ids), true);
        let threads = (&*threads, workspaces);
        losses.reserve(ids.len().div_ceil(batch));
        threads.0.within(|| {
            for (k, ids) in ids.chunks(batch).enumerate() {
                let batch = Batch::Windows(windows, ids);
                let groups = groups.of(ids.len(), *lanes, weights.parameters.len());
                losses.push(differentiate(*level, threads, network, &batch, groups, false, |_, _| ()));
                weights.update(*level, groups, steps.update(k));
                network.pack(&weights.parameters, false);
            }
        });
        Ok(())
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
            Ok(ids.chunks(batch).flat_map(|ids| self.run(&Batch::Windows(&windows, ids), false).y).collect())
        });
        self.windows = Some(windows);
        result
    }

    async fn forward(&mut self, sequences: &Sequences) -> Result<Outputs> {
        sequences.check(self.spec())?;
        Ok(self.run(&Batch::Sequences(sequences, &[]), true))
    }

    async fn differentiate(
        &mut self,
        sequences: &Sequences,
        targets: &[f32],
        objective: &Objective,
    ) -> Result<Gradients> {
        engine::refuse_objective(objective)?;
        sequences.check(self.spec())?;
        let &Sequences { rows, steps, ref x, .. } = sequences;
        let (read, outputs) = (self.spec().read_steps(steps), self.spec().outputs());
        Error::check_len("targets", &[("B", rows), ("read steps", read), ("O", outputs)], targets.len())?;
        let CpuEngine { level, lanes, threads, training, network, weights, groups, .. } = self;
        // Training leaves out the weights that only the gradient of x needs.
        network.pack(&weights.parameters, true);
        let batch = Batch::Sequences(sequences, targets);
        let workspaces = training.prepare(threads, network, *lanes, &batch, true);
        let states = vec![0.0; network.spec.state_len() * rows];
        let results = Mutex::new(Results {
            rows,
            gradients: Gradients {
                outputs: Outputs { y: vec![0.0; targets.len()], states: states.clone() },
                x: vec![0.0; x.len()],
                states,
                ..Gradients::default()
            },
        });
        let groups = groups.of(rows, *lanes, weights.parameters.len());
        let loss = differentiate(*level, (threads, workspaces), network, &batch, groups, true, |rows, workspace| {
            results.lock().unwrap_or_else(PoisonError::into_inner).take(network, workspace, rows);
        });
        let gradients = results.into_inner().unwrap_or_else(PoisonError::into_inner).gradients;
        Ok(Gradients { loss, parameters: gradient(groups), ..gradients })
    }

    fn open_stream(&mut self, rows: usize, states: Option<&[f32]>) -> Result<()> {
        engine::check_stream(self.spec(), rows, states)?;
        Err(Error::config("rows of a stream", rows, "none: this engine has no streams yet"))
    }

    async fn step_many(&mut self, _: &[f32], steps: usize) -> Result<Vec<f32>> {
        Err(Error::config("steps of a stream", steps, "none: this engine has no streams yet"))
    }

    async fn states(&mut self) -> Result<Vec<f32>> {
        Err(Error::config("states", "none", "those of a stream: this engine has none yet"))
    }
}

/// The lanes and registers of a SIMD level.
struct Registers;

impl WithSimd for Registers {
    type Output = (usize, usize);

    fn with_simd<S: Simd>(self, _: S) -> (usize, usize) {
        (S::F32_LANES, S::REGISTER_COUNT)
    }
}

fn not_loaded() -> Error {
    Error::config("windows", "none", "windows that were loaded before")
}

fn device_info(level: Level, threads: usize) -> DeviceInfo {
    DeviceInfo {
        name: processor_name().unwrap_or_else(|| format!("{} processor", std::env::consts::ARCH)),
        backend: "native".into(),
        driver: format!("{}, {threads} thread{}", level.name(), if threads == 1 { "" } else { "s" }),
        kind: "cpu".into(),
    }
}

/// The processor's own name, where the operating system tells it.
fn processor_name() -> Option<String> {
    let table = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let (_, name) = table.lines().find(|line| line.starts_with("model name"))?.split_once(':')?;
    Some(name.trim().to_owned())
}
