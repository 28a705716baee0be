//! The training loop.

use super::draw::Draw;
use crate::engine::{DeviceInfo, Engine, Steps};
use crate::error::{Error, Result};
use crate::loss::{Loss, Objective};
use crate::model::Dropout;
use crate::optim::{Clip, Optimizer, Schedule};
use crate::rng::{Purpose, generator};
use rand::RngExt;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// Random words set aside for the permutation of one epoch: 2^36, of the 2^68 that a stream has.
const WORDS_PER_EPOCH: u32 = 36;

/// How to train.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Passes over the windows.
    pub epochs: usize,
    /// Windows of a step (B); the last step of an epoch takes what is left.
    pub batch: usize,
    /// What is minimised, and what is dropped between the layers.
    pub loss: Loss,
    /// The probability of dropout between the layers.
    pub dropout: f32,
    /// The optimiser.
    pub optimizer: Optimizer,
    /// The largest norm of a gradient, where there is one.
    pub clip: Option<Clip>,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// Seed of the order of the windows and of dropout.
    pub seed: u64,
    /// Which windows follow which.
    pub order: Order,
    /// Epochs from one report to the next. Losses are read from the device once per report.
    pub report: usize,
    /// Optimiser steps after which `watch` is called within an epoch, so that it can show progress and break off;
    /// losses are read there. By default it is called after whole epochs alone, and so it is under [`Order::Carried`].
    pub portion: usize,
}

/// In which order an epoch takes its windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// In a random order that depends on the seed, the epoch and the windows alone; or drawn with replacement, where these
    /// have weights ([`Run::weights`](super::Run::weights)).
    #[default]
    Shuffled,
    /// In the order given.
    Given,
    /// In the order given, with states carried from step to step (truncated BPTT): the windows are cut into B runs, and
    /// a batch row goes along one of them. What is left of N windows beyond a multiple of B is not trained on.
    Carried,
}

impl Default for Options {
    /// The exercise's recipe: 100 epochs, minibatches of 32, the mean squared error, Adam(1e-3), a report every 10
    /// epochs.
    fn default() -> Self {
        Options {
            epochs: 100,
            batch: 32,
            loss: Loss::Mse,
            dropout: 0.0,
            optimizer: Optimizer::default(),
            clip: None,
            schedule: Schedule::Constant,
            seed: 0,
            order: Order::Shuffled,
            report: 10,
            portion: usize::MAX,
        }
    }
}

impl Options {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`Error::Config`] where nothing could be learned under one of them.
    pub fn check(&self) -> Result<()> {
        for (name, count) in
            [("epochs", self.epochs), ("batch", self.batch), ("report", self.report), ("portion", self.portion)]
        {
            if count == 0 {
                return Err(Error::config(name, count, "at least 1"));
            }
        }
        if self.optimizer.lr() == 0.0 {
            return Err(Error::config("lr", 0, "a finite number above 0"));
        }
        self.optimizer.check()?;
        self.schedule.check()?;
        self.clip.map_or(Ok(()), |clip| clip.check())
    }

    /// Steps of an epoch of so many windows.
    pub fn steps(&self, windows: usize) -> usize {
        let batch = self.batch.min(windows).max(1);
        if self.order == Order::Carried { windows / batch } else { windows.div_ceil(batch) }
    }

    /// The patience ([`Run::patience`](super::Run::patience)) where nothing is said: a fifth of the epochs, 5 at least.
    pub fn patience(&self) -> usize {
        (self.epochs / 5).max(5)
    }

    /// The patience that was asked for, or [`Options::patience`].
    ///
    /// # Errors
    /// [`Error::Config`] where some was asked for and no rows validate.
    pub fn patience_of(&self, asked: Option<usize>, validates: bool) -> Result<usize> {
        match asked {
            Some(patience @ 1..) if !validates => {
                Err(Error::config("patience", patience, "0, or rows that validate, which decide when to stop"))
            }
            _ => Ok(asked.unwrap_or(self.patience())),
        }
    }

    /// The windows of an epoch (counted from 1), in the order of training. It depends on the epoch's number but not on
    /// the epochs before it, so that a run can be resumed in the middle.
    fn windows_of(&self, ids: &[u32], draw: Option<&Draw>, batch: usize, epoch: usize) -> Vec<u32> {
        match self.order {
            Order::Given => ids.to_vec(),
            Order::Shuffled => {
                let mut rng = generator(self.seed, Purpose::Shuffle);
                rng.set_word_pos((epoch as u128) << WORDS_PER_EPOCH);
                if let Some(draw) = draw {
                    return ids.iter().map(|_| ids[draw.at(rng.random())]).collect();
                }
                let mut order = ids.to_vec();
                order.shuffle(&mut rng);
                order
            }
            Order::Carried => {
                let steps = ids.len() / batch;
                (0..steps).flat_map(|step| (0..batch).map(move |row| ids[row * steps + step])).collect()
            }
        }
    }
}

/// The progress of a run: with the parameters and the moments, all that it depends on. A run that is resumed from here
/// ends with the same bits as one that was never interrupted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Epochs trained.
    pub epochs: usize,
    /// Optimiser steps taken.
    pub steps: u64,
    /// The mean loss of each of these epochs; of one that has not been read yet, nothing but its place is known.
    pub history: Vec<Option<f64>>,
    /// What was trained of the epoch after these, where it was broken off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<Partial>,
}

/// The part of an epoch that was trained before it was broken off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Partial {
    /// Steps taken.
    pub steps: usize,
    /// The sum of their losses, each weighted by its rows.
    pub sum: f64,
}

impl State {
    /// The losses for a [`Schedule`]: one that looks at them has every epoch read.
    fn losses(&self) -> Vec<f64> {
        self.history.iter().map(|loss| loss.unwrap_or(f64::NAN)).collect()
    }
}

/// Multiplications that a portion of an epoch takes, about: a fraction of a second of the CPU engine, or of a software
/// adapter; and of a GPU.
const PORTION: f64 = 5e8;
const GPU_PORTION: f64 = 2e10;

/// Steps after which a run can be stopped within an epoch, and shows its progress: so many that a fraction of a second
/// lies between, by a rough count of what a step computes in a network of `parameters` with windows of `steps` steps.
pub fn portion(device: &DeviceInfo, parameters: usize, steps: usize, batch: usize) -> usize {
    let step = 3.0 * parameters as f64 * steps as f64 * batch as f64;
    let most = if device.kind.ends_with("-gpu") { GPU_PORTION } else { PORTION };
    (most / step).max(1.0) as usize
}

/// The progress of training when an epoch, or a portion of one, has been queued.
#[derive(Clone, Debug)]
pub struct Progress<'a> {
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// Epochs in all.
    pub epochs: usize,
    /// Steps of this epoch that are queued: all of them, but within an epoch ([`Options::portion`]).
    pub step: usize,
    /// Steps of an epoch.
    pub steps: usize,
    /// What a run can be resumed from, with the engine's parameters and moments.
    pub state: &'a State,
    /// The losses, every [`Options::report`] epochs and after the last; `None` in between, where they stay on the
    /// device.
    pub report: Option<Report<'a>>,
}

/// Losses, as read from the device.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// Mean loss of the epoch: over its steps, each weighted by its rows. Every step is measured before its update.
    pub loss: f64,
    /// The loss of every step since the last report, in order.
    pub steps: &'a [f32],
}

/// How training ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Epochs trained, those before the run was resumed included.
    pub epochs: usize,
    /// Optimiser steps taken, likewise.
    pub steps: u64,
    /// Mean loss of the last epoch.
    pub loss: f64,
    /// Whether the callback broke off before the last epoch.
    pub stopped: bool,
}

/// Trains the network on the loaded windows `ids`, from `state` on. That is the default state for a network whose
/// parameters are freshly set ([`Engine::set_parameters`]), or a state that an earlier run reported, with its
/// parameters and moments set again.
///
/// `watch` is called after each epoch, with the engine, so that it can evaluate or keep the network; within epochs too
/// where [`Options::portion`] asks for that. Where it breaks, training stops there, and the losses of all steps taken
/// are read and checked.
///
/// # Errors
/// [`Error::Config`] where the options are not sound or there are no windows; [`Error::Diverged`] at the next report
/// where a loss is NaN or infinite; and what the engine or `watch` refuses.
pub async fn fit<E: Engine>(
    engine: &mut E,
    options: &Options,
    ids: &[u32],
    state: State,
    watch: impl AsyncFnMut(&mut E, &Progress<'_>) -> Result<ControlFlow<()>>,
) -> Result<Summary> {
    fit_drawn(engine, options, (ids, None), state, watch).await
}

/// As [`fit`], where an epoch draws as many windows as there are.
///
/// # Errors
/// As [`fit`]; [`Error::Config`] where they are not to be shuffled.
pub(super) async fn fit_drawn<E: Engine>(
    engine: &mut E,
    options: &Options,
    (ids, draw): (&[u32], Option<&Draw>),
    mut state: State,
    mut watch: impl AsyncFnMut(&mut E, &Progress<'_>) -> Result<ControlFlow<()>>,
) -> Result<Summary> {
    options.check()?;
    if draw.is_some() && options.order != Order::Shuffled {
        return Err(Error::config(
            "order",
            format!("{:?}", options.order),
            "Shuffled, where windows are drawn by weights",
        ));
    }
    if ids.is_empty() {
        return Err(Error::config("number of training windows", 0, "at least 1"));
    }
    let batch = options.batch.min(ids.len());
    let per_epoch = options.steps(ids.len());
    let windows = if options.order == Order::Carried { per_epoch * batch } else { ids.len() };
    let every = if matches!(options.schedule, Schedule::Plateau { .. }) { 1 } else { options.report };
    let begun = state.partial.unwrap_or_default();
    if begun.steps >= per_epoch {
        return Err(Error::config("steps of a broken epoch", begun.steps, format!("fewer than {per_epoch}")));
    }
    let read = Reading { epochs: state.epochs, partial: begun };
    let mut losses = Losses { batch, windows, read, steps: Vec::new() };
    engine.losses().await?; // those of steps that are not ours

    // The last step of an epoch may be smaller than the others, and then goes with the one before it: an adapter that
    // is given it alone prepares itself for batches of another size.
    let ends = |done: usize| match done.saturating_add(options.portion) {
        end if options.order == Order::Carried || end >= per_epoch - usize::from(windows % batch != 0) => per_epoch,
        end => end,
    };
    let mut stopped = false;
    let first = state.epochs + 1;
    'epochs: for epoch in first..=options.epochs {
        let order = options.windows_of(ids, draw, batch, epoch);
        let dropout = Dropout { p: options.dropout, seed: options.seed, step: 0 };
        let history = state.losses();
        let mut step = state.partial.take().unwrap_or_default().steps;
        loop {
            let end = ends(step);
            engine.train(&Steps {
                ids: &order[step * batch..windows.min(end * batch)],
                batch,
                objective: Objective { loss: options.loss, dropout },
                optimizer: options.optimizer,
                clip: options.clip,
                schedule: options.schedule,
                history: &history,
                taken: state.steps,
                carry: options.order == Order::Carried,
            })?;
            state.steps += (end - step) as u64;
            step = end;
            if step == per_epoch {
                break;
            }
            losses.read(engine, &mut state, step).await?;
            state.partial = Some(losses.read.partial);
            let progress =
                Progress { epoch, epochs: options.epochs, step, steps: per_epoch, state: &state, report: None };
            if watch(engine, &progress).await?.is_break() {
                stopped = true;
                break 'epochs;
            }
        }
        state.partial = None;
        state.epochs = epoch;
        state.history.push(None);

        let due = epoch % every == 0 || epoch == options.epochs;
        if due {
            losses.read(engine, &mut state, 0).await?;
        }
        let reported = due.then(|| Report { loss: last(&state), steps: &losses.steps });
        let report = reported.filter(|_| epoch % options.report == 0 || epoch == options.epochs);
        let is_reported = report.is_some();
        let progress =
            Progress { epoch, epochs: options.epochs, step: per_epoch, steps: per_epoch, state: &state, report };
        if watch(engine, &progress).await?.is_break() {
            stopped = epoch < options.epochs;
            if !due {
                losses.read(engine, &mut state, 0).await?;
            }
            break;
        }
        if is_reported {
            losses.steps.clear();
        }
    }
    Ok(Summary { epochs: state.epochs, steps: state.steps, loss: last(&state), stopped })
}

/// The mean loss of the last epoch.
fn last(state: &State) -> f64 {
    state.history.last().copied().flatten().unwrap_or(f64::NAN)
}

/// How far losses have been read.
struct Reading {
    /// Whole epochs.
    epochs: usize,
    /// Of the epoch after these.
    partial: Partial,
}

/// Losses on their way from the device.
struct Losses {
    batch: usize,
    windows: usize,
    read: Reading,
    /// Of the steps since the last report.
    steps: Vec<f32>,
}

impl Losses {
    /// Reads the losses of all steps taken, which end `steps` steps after the last whole epoch, and puts the mean of
    /// each epoch in its place.
    async fn read<E: Engine>(&mut self, engine: &mut E, state: &mut State, steps: usize) -> Result<()> {
        let Reading { epochs, partial } = &mut self.read;
        let losses = engine.losses().await?;
        for &loss in &losses {
            let step = partial.steps;
            if !loss.is_finite() {
                return Err(Error::Diverged { loss, epoch: *epochs + 1, step: step + 1 });
            }
            let rows = self.batch.min(self.windows - step * self.batch);
            partial.sum += f64::from(loss) * rows as f64;
            partial.steps += 1;
            if partial.steps == self.windows.div_ceil(self.batch) {
                state.history[*epochs] = Some(partial.sum / self.windows as f64);
                (*epochs, *partial) = (*epochs + 1, Partial::default());
            }
        }
        let expected = (state.epochs, steps);
        assert_eq!((*epochs, partial.steps), expected, "the engine gave other losses than those of the steps queued");
        self.steps.extend(losses);
        Ok(())
    }
}
