//! The training loop.

use crate::engine::{Adam, Engine, Steps};
use crate::error::{Error, Result};
use crate::model::{Stream, stream};
use rand::seq::SliceRandom;
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
    /// The optimiser.
    pub adam: Adam,
    /// Seed of the order of the windows.
    pub seed: u64,
    /// Epochs from one report to the next. Losses are read from the device once per report.
    pub report: usize,
}

impl Default for Options {
    /// The exercise's recipe: 100 epochs, minibatches of 32, Adam(1e-3), a report every 10 epochs.
    fn default() -> Self {
        Options { epochs: 100, batch: 32, adam: Adam::default(), seed: 0, report: 10 }
    }
}

impl Options {
    /// Refuses numbers under which nothing could be learned.
    pub fn check(&self) -> Result<()> {
        for (name, count) in [("epochs", self.epochs), ("batch", self.batch), ("report", self.report)] {
            if count == 0 {
                return Err(Error::config(name, count, "at least 1"));
            }
        }
        let Adam { lr, beta1, beta2, eps } = self.adam;
        if !(lr > 0.0 && lr.is_finite()) {
            return Err(Error::config("lr", lr, "a finite number above 0"));
        }
        for (name, beta) in [("beta1", beta1), ("beta2", beta2)] {
            if !(0.0..1.0).contains(&beta) {
                return Err(Error::config(name, beta, "a number from 0 up to, but not including, 1"));
            }
        }
        if !(eps > 0.0 && eps.is_finite()) {
            return Err(Error::config("eps", eps, "a finite number above 0"));
        }
        Ok(())
    }
}

/// Where training stands when an epoch has been queued.
#[derive(Clone, Debug)]
pub struct Progress<'a> {
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// Epochs in all.
    pub epochs: usize,
    /// The losses, every [`Options::report`] epochs and after the last; `None` in between, where they stay on the device.
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
    /// Epochs trained.
    pub epochs: usize,
    /// Optimiser steps taken.
    pub steps: u64,
    /// Mean loss of the last epoch.
    pub loss: f64,
    /// Whether the callback broke off before the last epoch.
    pub stopped: bool,
}

/// Trains the network on the loaded windows `ids`, which must be freshly set ([`Engine::set_parameters`]) for Adam's bias
/// correction to be right.
///
/// Each epoch visits every window once, in an order that depends on the seed, the epoch and `ids` alone. `watch` is called
/// after each epoch; where it breaks, training stops there, with the losses of all steps taken read and checked. A loss
/// that is NaN or infinite is [`Error::Diverged`] at the next report.
pub async fn fit<E: Engine>(
    engine: &mut E,
    options: &Options,
    ids: &[u32],
    mut watch: impl FnMut(&Progress<'_>) -> ControlFlow<()>,
) -> Result<Summary> {
    options.check()?;
    if ids.is_empty() {
        return Err(Error::config("number of training windows", 0, "at least 1"));
    }
    let epochs = options.epochs;
    let mut losses = Losses { batch: options.batch.min(ids.len()), windows: ids.len(), epochs: 0, steps: Vec::new() };
    let per_epoch = losses.per_epoch() as u64;
    engine.losses().await?; // those of steps that are not ours

    let mut summary = Summary { epochs: 0, steps: 0, loss: f64::NAN, stopped: false };
    for epoch in 1..=epochs {
        let order = order(ids, options.seed, epoch);
        let Options { adam, .. } = *options;
        engine.train(&Steps { ids: &order, batch: losses.batch, adam, taken: summary.steps })?;
        summary.epochs = epoch;
        summary.steps += per_epoch;

        let due = epoch % options.report == 0 || epoch == epochs;
        let report = if due {
            summary.loss = losses.read(engine, epoch).await?;
            Some(Report { loss: summary.loss, steps: &losses.steps })
        } else {
            None
        };
        if watch(&Progress { epoch, epochs, report }).is_break() {
            if !due {
                summary.loss = losses.read(engine, epoch).await?;
            }
            summary.stopped = epoch < epochs;
            break;
        }
    }
    Ok(summary)
}

/// The windows in the order of one epoch. It depends on the epoch's number but not on the epochs before it, so that a run
/// can be taken up in the middle.
fn order(ids: &[u32], seed: u64, epoch: usize) -> Vec<u32> {
    let mut rng = stream(seed, Stream::Shuffle);
    rng.set_word_pos((epoch as u128) << WORDS_PER_EPOCH);
    let mut order = ids.to_vec();
    order.shuffle(&mut rng);
    order
}

/// The losses read last.
struct Losses {
    batch: usize,
    windows: usize,
    /// Epochs whose losses have been read.
    epochs: usize,
    /// Of the epochs of the last reading.
    steps: Vec<f32>,
}

impl Losses {
    fn per_epoch(&self) -> usize {
        self.windows.div_ceil(self.batch)
    }

    /// Reads the losses of the epochs up to `epoch` and gives the mean of its own.
    async fn read<E: Engine>(&mut self, engine: &mut E, epoch: usize) -> Result<f64> {
        let per_epoch = self.per_epoch();
        self.steps = engine.losses().await?;
        let queued = (epoch - self.epochs) * per_epoch;
        assert_eq!(self.steps.len(), queued, "the engine gave another number of losses than steps were queued");
        if let Some(step) = self.steps.iter().position(|loss| !loss.is_finite()) {
            let epoch = self.epochs + 1 + step / per_epoch;
            return Err(Error::Diverged { loss: self.steps[step], epoch, step: 1 + step % per_epoch });
        }
        self.epochs = epoch;
        let own = &self.steps[queued - per_epoch..];
        let rows = |step: usize| self.batch.min(self.windows - step * self.batch) as f64;
        let sum: f64 = own.iter().enumerate().map(|(step, &loss)| f64::from(loss) * rows(step)).sum();
        Ok(sum / self.windows as f64)
    }
}
