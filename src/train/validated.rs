//! Training with a validation set: early stopping, the best weights, and snapshots from which an interrupted run is
//! resumed.

use super::fit::{Options, Progress, State, fit};
use super::validation::{even_mean, mean, mean_mae, measure};
use crate::data::Windows;
use crate::engine::{Engine, Moments};
use crate::error::{Error, Result};
use crate::model::Spec;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

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
    /// The group of each of these, counted from 0, where they are of several series: all groups weigh evenly in the
    /// validation loss, whatever their number of windows and the size of their changes. Empty where there is one.
    pub val_groups: &'a [u32],
    /// Epochs without a better validation loss after which training stops, and the best weights return; 0 trains every
    /// epoch and keeps the last weights.
    pub patience: usize,
}

/// The best validation loss so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The epoch that ended with it, counted from 1.
    pub epoch: usize,
    /// The validation loss.
    pub loss: f64,
    /// The mean absolute error there, as [`Epoch::val_mae`].
    #[serde(default)]
    pub mae: Option<f64>,
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

/// An epoch that has ended, or a portion of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// Epochs in all, if none stops the run before.
    pub epochs: usize,
    /// Steps of this epoch taken: all of them, but within an epoch ([`Options::portion`]).
    pub step: usize,
    /// Steps of an epoch.
    pub steps: usize,
    /// Mean loss of its training steps; NaN while the epoch runs.
    pub loss: f64,
    /// Loss of the windows held out.
    pub val: Option<f64>,
    /// Their mean absolute error, which is in one unit whatever the loss; of quantiles that of the level nearest the
    /// middle, and none of classes.
    pub val_mae: Option<f64>,
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

/// Trains from `from` on, or from the engine's parameters as freshly set. `watch` is told of every epoch, and within
/// epochs where [`Options::portion`] asks for that, and decides
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
        best.is_some_and(|best| past.val.len().saturating_sub(best) >= self.patience)
    }

    /// Measures an epoch that has ended, and keeps its weights where they are the best.
    async fn validate<E: Engine>(&self, engine: &mut E, progress: &Progress<'_>, past: &mut Snapshot) -> Result<Epoch> {
        let &Progress { epoch, epochs, step, steps, .. } = progress;
        let best = past.best.as_ref().map(|(best, _)| *best);
        let loss = progress.report.as_ref().map_or(f64::NAN, |report| report.loss);
        if self.val.is_empty() || step < steps {
            return Ok(Epoch { epoch, epochs, step, steps, loss, val: None, val_mae: None, best });
        }
        let grouped = !self.val_groups.is_empty();
        let found = measure(engine, &self.spec, self.windows, self.val, self.options.loss, grouped).await?;
        let val_mae = mean_mae(&found);
        let val = if grouped { even_mean(&found, self.val_groups) } else { mean(&found) };
        if !val.is_finite() {
            return Err(Error::Diverged { loss: val as f32, epoch, step });
        }
        past.val.push(val);
        if self.patience > 0 && past.best.as_ref().is_none_or(|(best, _)| val < best.loss) {
            past.best = Some((Best { epoch, loss: val, mae: val_mae }, engine.parameters().await?));
        }
        Ok(Epoch {
            epoch,
            epochs,
            step,
            steps,
            loss,
            val: Some(val),
            val_mae,
            best: past.best.as_ref().map(|(best, _)| *best),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CellKind;

    #[test]
    fn any_patience_is_counted_from_the_best_epoch() {
        let windows = Windows::from_sequences(vec![0.0; 2], 1, 2, vec![0.0], 1).unwrap();
        let run = |patience| Run {
            spec: Spec::new(CellKind::Gru, 1, 1, 1),
            options: Options::default(),
            windows: &windows,
            train: &[0],
            val: &[0],
            patience,
            val_groups: &[],
        };
        let best = Some((Best { epoch: 1, loss: 1.0, mae: None }, Vec::new()));
        let past = Snapshot { val: vec![1.0, 2.0, 3.0], best, ..Snapshot::default() };
        assert!(run(1).exhausted(&past) && run(2).exhausted(&past));
        assert!(!run(3).exhausted(&past) && !run(usize::MAX).exhausted(&past));
    }
}
