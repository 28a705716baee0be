//! Training with a validation set: early stopping, the best weights, and snapshots from which an interrupted run is
//! resumed.

use super::draw::Draw;
use super::fit::{Options, Progress, State, fit_drawn};
use super::validation::{CHUNK, even_mean, mean, mean_mae, measure};
use crate::data::Windows;
use crate::engine::{Engine, Moments};
use crate::error::{Error, Result};
use crate::loss::Loss;
use crate::model::Spec;
use crate::words::significant;
use serde::{Deserialize, Serialize};
use std::fmt::{Display, Formatter};
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
    /// Weights of these: an epoch draws as many windows as there are, with replacement, in proportion to them. Empty where
    /// it takes each once.
    pub weights: &'a [f64],
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
    /// Whether it has ended: all steps are taken, and what validates is measured.
    pub ended: bool,
    /// Mean loss of its training steps; NaN before all are taken.
    pub loss: f64,
    /// Loss of the windows held out.
    pub val: Option<f64>,
    /// Their mean absolute error, which is in one unit whatever the loss; of quantiles that of the level nearest the
    /// middle, and none of classes.
    pub val_mae: Option<f64>,
    /// The best epoch so far.
    pub best: Option<Best>,
}

/// How a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It does.
    Continue,
    /// It does, after a snapshot has been kept; of an epoch that is being measured none is.
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
/// epochs and their validation where [`Options::portion`] asks for that, and decides how to go on; `keep` is given the
/// snapshots that it asks for. At the end the engine has the weights of the best epoch, unless `watch` has stopped the
/// run. One that was stopped while an epoch was measured measures that epoch anew when it is taken up.
///
/// # Errors
/// As [`fit`](super::fit()) and [`Draw::new`]; [`Error::Diverged`] also where a validation loss is not finite.
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
    let draw = run.draw()?;
    let mut stopped = false;
    let mut state = past.state.clone();
    if run.lacks_validation(&past) {
        let steps = options.steps(run.train.len());
        let loss = state.history.last().copied().flatten().unwrap_or(f64::NAN);
        let epoch = Epoch::trained(state.epochs, options.epochs, [steps, steps], loss, &past);
        stopped = run.after(engine, epoch, &state, &mut past, &mut watch, &mut keep).await? == Next::Stop;
    }
    if !stopped && !run.exhausted(&past) {
        let drawn = (run.train, draw.as_ref());
        fit_drawn(engine, &options, drawn, past.state.clone(), async |engine: &mut E, progress: &Progress<'_>| {
            state = progress.state.clone();
            let &Progress { epoch, epochs, step, steps, .. } = progress;
            let loss = progress.report.as_ref().map_or(f64::NAN, |report| report.loss);
            let epoch = Epoch::trained(epoch, epochs, [step, steps], loss, &past);
            stopped = run.after(engine, epoch, &state, &mut past, &mut watch, &mut keep).await? == Next::Stop;
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
    /// What an epoch draws from, where windows have weights.
    fn draw(&self) -> Result<Option<Draw>> {
        if !self.weights.is_empty() && self.weights.len() != self.train.len() {
            let expected = format!("{}, one of each window to train on", self.train.len());
            return Err(Error::config("number of weights", self.weights.len(), expected));
        }
        (!self.weights.is_empty()).then(|| Draw::new(self.weights)).transpose()
    }

    /// Whether the patience is at its end.
    fn exhausted(&self, past: &Snapshot) -> bool {
        let best = past.best.as_ref().map(|(best, _)| best.epoch);
        best.is_some_and(|best| past.val.len().saturating_sub(best) >= self.patience)
    }

    /// Whether the run was stopped while its last epoch was measured.
    fn lacks_validation(&self, past: &Snapshot) -> bool {
        !self.val.is_empty() && past.state.partial.is_none() && past.val.len() + 1 == past.state.epochs
    }

    /// Measures the epoch if all its steps are taken, asks `watch` how to go on, and keeps a snapshot if it wants one.
    async fn after<E: Engine>(
        &self,
        engine: &mut E,
        epoch: Epoch,
        state: &State,
        past: &mut Snapshot,
        watch: &mut impl FnMut(&Epoch) -> Next,
        keep: &mut impl FnMut(&Snapshot) -> Result<()>,
    ) -> Result<Next> {
        let next = match self.validate(engine, epoch, past, watch).await? {
            Some(epoch) => watch(&epoch),
            None => Next::Stop,
        };
        if next != Next::Continue {
            past.state = state.clone();
            past.parameters = engine.parameters().await?;
            past.moments = engine.moments().await?;
            keep(past)?;
        }
        Ok(next)
    }

    /// Measures an epoch all whose steps are taken, and keeps its weights where they are the best. `None` where `watch`
    /// has stopped that.
    async fn validate<E: Engine>(
        &self,
        engine: &mut E,
        epoch: Epoch,
        past: &mut Snapshot,
        watch: &mut impl FnMut(&Epoch) -> Next,
    ) -> Result<Option<Epoch>> {
        let taken = epoch.step == epoch.steps;
        if self.val.is_empty() || !taken {
            return Ok(Some(Epoch { ended: taken, ..epoch }));
        }
        // A forward pass does a third of a training step's products, of which a portion takes a fraction of a second.
        let chunk = self.options.portion.saturating_mul(3 * self.options.batch).min(CHUNK);
        let go_on = || if watch(&epoch) == Next::Stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let loss = self.options.loss;
        // A likelihood has no 0 that a group's could be a part of.
        let grouped = !self.val_groups.is_empty() && !matches!(loss, Loss::Likelihood(_));
        let found = measure(engine, &self.spec, self.windows, self.val, loss, grouped, (chunk, go_on)).await?;
        let Some(found) = found else { return Ok(None) };
        let val_mae = mean_mae(&found);
        let val = if grouped { even_mean(&found, self.val_groups) } else { mean(&found) };
        if !val.is_finite() {
            return Err(Error::Diverged { loss: val as f32, epoch: epoch.epoch, step: epoch.step });
        }
        past.val.push(val);
        if self.patience > 0 && past.best.as_ref().is_none_or(|(best, _)| val < best.loss) {
            let best = Best { epoch: epoch.epoch, loss: val, mae: val_mae };
            past.best = Some((best, engine.parameters().await?));
        }
        let best = past.best.as_ref().map(|(best, _)| *best);
        Ok(Some(Epoch { ended: true, val: Some(val), val_mae, best, ..epoch }))
    }
}

impl Epoch {
    /// Epoch `epoch` of `epochs`, `step` of whose `steps` are taken, before it is measured.
    fn trained(epoch: usize, epochs: usize, [step, steps]: [usize; 2], loss: f64, past: &Snapshot) -> Self {
        let best = past.best.as_ref().map(|(best, _)| *best);
        Epoch { epoch, epochs, step, steps, ended: false, loss, val: None, val_mae: None, best }
    }
}

impl Display for Epoch {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "Epoch [{}/{}], Loss: {}", self.epoch, self.epochs, significant(self.loss))?;
        if let Some(val) = self.val {
            write!(f, ", validation: {}", significant(val))?;
            self.val_mae.map_or(Ok(()), |mae| write!(f, " (MAE {})", significant(mae)))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CellKind;
    use crate::train::fake::Fake;

    #[test]
    fn any_patience_is_counted_from_the_best_epoch() {
        let windows = Windows::from_sequences(vec![0.0; 2], 1, 2, vec![0.0], 1).unwrap();
        let run = |patience| Run {
            spec: Spec::new(CellKind::Gru, 1, 1, 1),
            options: Options::default(),
            windows: &windows,
            train: &[0],
            weights: &[],
            val: &[0],
            patience,
            val_groups: &[],
        };
        let best = Some((Best { epoch: 1, loss: 1.0, mae: None }, Vec::new()));
        let past = Snapshot { val: vec![1.0, 2.0, 3.0], best, ..Snapshot::default() };
        assert!(run(1).exhausted(&past) && run(2).exhausted(&past));
        assert!(!run(3).exhausted(&past) && !run(usize::MAX).exhausted(&past));
    }

    #[test]
    fn a_run_stopped_while_an_epoch_is_measured_goes_on_as_if_it_had_not_been() {
        let targets = (0..21).map(|n| n as f32 / 3.0).collect();
        let windows = Windows::from_sequences(vec![0.0; 21], 1, 1, targets, 1).unwrap();
        let run = Run {
            spec: Spec::new(CellKind::Gru, 1, 1, 1),
            options: Options { epochs: 3, batch: 2, portion: 1, ..Options::default() },
            windows: &windows,
            train: &[0, 1, 2],
            weights: &[],
            val: &(3..21).collect::<Vec<_>>(),
            patience: 5,
            val_groups: &[],
        };
        let trained = |from, stop_at: Option<(usize, usize)>| {
            let mut engine = Fake::new(|step| 1.0 / (step + 1) as f32, |_| 0.0);
            let (mut calls, mut kept) = (0, None);
            let watch = |epoch: &Epoch| {
                calls = if epoch.step == epoch.steps && !epoch.ended { calls + 1 } else { 0 };
                if stop_at == Some((epoch.epoch, calls)) { Next::Stop } else { Next::Continue }
            };
            let keep = |snapshot: &Snapshot| {
                kept = Some(snapshot.clone());
                Ok(())
            };
            let finished = pollster::block_on(fit_validated(&mut engine, &run, from, watch, keep)).unwrap();
            (finished, kept)
        };
        let (whole, _) = trained(None, None);
        assert_eq!(whole.val.len(), 3);
        // Of three chunks, after the first or the second; in the last epoch too.
        for stop_at in [(1, 1), (2, 2), (3, 1)] {
            let (stopped, kept) = trained(None, Some(stop_at));
            let kept = kept.unwrap();
            assert!(stopped.stopped && stopped.epochs == stop_at.0 && kept.val.len() == stop_at.0 - 1);
            let (finished, _) = trained(Some(kept), None);
            assert_eq!((finished.val, finished.epochs, finished.best), (whole.val.clone(), 3, whole.best));
        }
    }
}
