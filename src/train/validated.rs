//! Training with a validation set: early stopping, the best weights, and snapshots from which an interrupted run is
//! resumed.

use super::fit::{Options, Progress, State, fit};
use crate::data::Windows;
use crate::engine::{Engine, Moments};
use crate::error::{Error, Result};
use crate::loss::{Loss, counted};
use crate::model::Spec;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// Windows that are predicted at once.
const CHUNK: usize = 4096;

/// A run: what to train on, what to validate on, and when to stop.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The network.
    pub spec: Spec,
    /// How to train. Losses are read every epoch, whatever [`Options::report`] says.
    pub options: Options,
    /// The windows, which the engine has loaded.
    pub windows: &'a Windows,
    /// Those to train on.
    pub train: &'a [u32],
    /// Those to validate on; with none, every epoch is trained and the last weights are kept.
    pub val: &'a [u32],
    /// Epochs without a better validation loss after which training stops, and the best weights return; 0 trains every
    /// epoch and keeps the last weights.
    pub patience: usize,
}

/// The best validation loss so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The epoch that ended with it, counted from 1.
    pub epoch: usize,
    /// The loss.
    pub loss: f64,
}

/// All that the rest of a run depends on. A run that is resumed from here ends with the same bits as one that was never
/// interrupted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// How far the run has come.
    pub state: State,
    /// The parameters.
    pub parameters: Vec<f32>,
    /// The optimiser's moments.
    pub moments: Moments,
    /// The validation loss of each epoch.
    pub val: Vec<f64>,
    /// The best of them, and its weights.
    pub best: Option<(Best, Vec<f32>)>,
}

/// An epoch that has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// Epochs in all, if none stops the run before.
    pub epochs: usize,
    /// Mean loss of its training steps.
    pub loss: f64,
    /// Loss of the windows held out.
    pub val: Option<f64>,
    /// The best epoch so far.
    pub best: Option<Best>,
}

/// How a run goes on after an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// With the next epoch.
    Continue,
    /// With the next epoch, after a snapshot has been kept.
    Keep,
    /// Not at all, after a snapshot has been kept.
    Stop,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// Epochs trained, those before an interruption included.
    pub epochs: usize,
    /// Optimiser steps taken, likewise.
    pub steps: u64,
    /// Mean training loss of each epoch.
    pub history: Vec<f64>,
    /// Validation loss of each epoch; empty where nothing was held out.
    pub val: Vec<f64>,
    /// The epoch whose weights the engine now has, where they are not the last.
    pub best: Option<Best>,
    /// Whether `watch` broke it off.
    pub stopped: bool,
}

/// Trains from `from` on, or from the engine's parameters as freshly set. `watch` is told of every epoch and decides
/// how to go on; `keep` is given the snapshots that it asks for. At the end the engine has the weights of the best
/// epoch, unless `watch` has stopped the run.
///
/// # Errors
/// As [`fit`]; [`Error::Diverged`] also where a validation loss is not finite.
pub async fn fit_validated<E: Engine>(
    engine: &mut E,
    run: &Run<'_>,
    from: Option<Snapshot>,
    mut watch: impl FnMut(&Epoch) -> Next,
    mut keep: impl FnMut(&Snapshot) -> Result<()>,
) -> Result<Finished> {
    let mut past = match from {
        None => Snapshot::default(),
        Some(snapshot) => {
            engine.set_parameters(&snapshot.parameters)?;
            engine.set_moments(&snapshot.moments)?;
            snapshot
        }
    };
    let options = Options { report: 1, ..run.options };
    let mut stopped = false;
    let mut state = past.state.clone();
    if !run.exhausted(&past) {
        fit(engine, &options, run.train, past.state.clone(), async |engine: &mut E, progress: &Progress<'_>| {
            state = progress.state.clone();
            let epoch = run.validate(engine, progress, &mut past).await?;
            let next = watch(&epoch);
            if next != Next::Continue {
                past.state = state.clone();
                past.parameters = engine.parameters().await?;
                past.moments = engine.moments().await?;
                keep(&past)?;
            }
            stopped = next == Next::Stop;
            Ok(if stopped || run.exhausted(&past) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
        .await?;
    }
    let best = past.best.take();
    if let (Some((_, parameters)), false) = (&best, stopped) {
        engine.set_parameters(parameters)?;
    }
    let history = state.history.iter().map(|loss| loss.unwrap_or(f64::NAN)).collect();
    let best = best.map(|(best, _)| best);
    Ok(Finished { epochs: state.epochs, steps: state.steps, history, val: past.val, best, stopped })
}

impl Run<'_> {
    /// Whether the patience is at its end.
    fn exhausted(&self, past: &Snapshot) -> bool {
        let best = past.best.as_ref().map(|(best, _)| best.epoch);
        best.is_some_and(|best| past.val.len() >= best + self.patience)
    }

    /// Measures the epoch that has ended, and keeps its weights where they are the best.
    async fn validate<E: Engine>(&self, engine: &mut E, progress: &Progress<'_>, past: &mut Snapshot) -> Result<Epoch> {
        let &Progress { epoch, epochs, .. } = progress;
        let loss = progress.report.as_ref().map_or(f64::NAN, |report| report.loss);
        if self.val.is_empty() {
            return Ok(Epoch { epoch, epochs, loss, val: None, best: None });
        }
        let val = mean_loss(engine, &self.spec, self.windows, self.val, self.options.loss).await?;
        if !val.is_finite() {
            let step = self.train.len().div_ceil(self.options.batch);
            return Err(Error::Diverged { loss: val as f32, epoch, step });
        }
        past.val.push(val);
        if self.patience > 0 && past.best.as_ref().is_none_or(|(best, _)| val < best.loss) {
            past.best = Some((Best { epoch, loss: val }, engine.parameters().await?));
        }
        Ok(Epoch { epoch, epochs, loss, val: Some(val), best: past.best.as_ref().map(|(best, _)| *best) })
    }
}

/// The loss of the windows `ids`: the mean of its terms over all their positions that count.
///
/// # Errors
/// [`Error::Index`] where an id is not a window; else as [`Engine::predict`].
pub async fn mean_loss<E: Engine>(
    engine: &mut E,
    spec: &Spec,
    windows: &Windows,
    ids: &[u32],
    loss: Loss,
) -> Result<f64> {
    windows.check_ids(ids)?;
    let widen = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<f64>>();
    let (mut sum, mut terms) = (0.0, 0);
    for ids in ids.chunks(CHUNK) {
        let outputs = engine.predict(ids, CHUNK).await?;
        let per_window = spec.read_steps(windows.steps()) * spec.outputs();
        for (&id, outputs) in ids.iter().zip(outputs.chunks_exact(per_window)) {
            let (target, length) = (widen(&windows.target(id as usize)), windows.length(id as usize));
            let width = loss.target_width(spec.outputs());
            let positions = outputs.chunks_exact(spec.outputs()).zip(target.chunks_exact(width));
            sum += positions
                .take(counted(spec.readout(), length))
                .map(|(y, target)| loss.value(&widen(y), target))
                .sum::<f64>();
            terms += loss.terms(spec, &[length]);
        }
    }
    Ok(sum / terms as f64)
}
