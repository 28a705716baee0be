//! A table made ready to be trained on.

use super::card::{Card, Trained};
use super::conformal::Intervals;
use super::panel;
use super::predict::{Origins, predict};
use super::scale::Scale;
use super::split::Split;
use super::stack::{Stack, Truths};
use super::table::{ReadOptions, Table};
use super::task::{Plan, Task};
use crate::data::Windows;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::loss::Loss;
use crate::model::{CellKind, Spec};
use crate::optim::{Clip, Optimizer, Schedule};
use crate::train::{Options, Run};
use std::collections::HashSet;
use std::ops::Range;

/// Most training windows of an epoch, by default: beyond that every n-th window is taken, since neighbours are nearly
/// the same.
const MOST_WINDOWS: usize = 1 << 16;
/// Optimiser steps of a run, likewise, and the fewest and most epochs that they may take.
const STEPS: usize = 4000;
const EPOCHS: (usize, usize) = (5, 200);
/// Training steps of an epoch that the batch aims at, and its bounds.
const STEPS_PER_EPOCH: usize = 100;
const BATCH: (usize, usize) = (16, 256);
/// The learning rate, by default.
pub const LEARNING_RATE: f64 = 2e-3;
/// The largest norm of a gradient, by default.
const CLIP: f64 = 1.0;

/// Windows to train and to validate on, and what the model will say of them.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What the model file will say; intervals come after training.
    pub card: Card,
    /// Training windows first, then those to validate on.
    pub windows: Windows,
    /// Which windows to train on.
    pub train: Vec<u32>,
    /// Which windows to validate on; none where no rows were held out for that.
    pub val: Vec<u32>,
    /// One window in so many is taken, to train and to validate on.
    pub stride: usize,
    /// The series of each window to validate on, and with independent channels the target; empty where there is one.
    val_groups: Vec<u32>,
    /// Which row each window is forecast from.
    origins: Origins,
    /// Of each series.
    splits: Vec<Split>,
}

impl Problem {
    /// Splits, scales and windows a table for a task. `options` are those that the table was read with, and `known` is
    /// the card of a model whose training goes on: its scales are kept.
    ///
    /// # Errors
    /// As [`Plan::of`] and [`Split::of`]; [`crate::Error::Table`] where a column has one value throughout.
    pub fn new(table: &Table, task: &Task, options: &ReadOptions, known: Option<&Card>) -> Result<Self> {
        known.map_or(Ok(()), |card| card.check_table(table))?;
        let plan = known.map_or_else(|| Plan::of(task, table), |card| Ok(card.plan.clone()))?;
        let split = |series| Split::of(table, series, [&task.val, &task.test], plan.window, plan.horizon);
        let splits: Vec<Split> = table.series.iter().map(split).collect::<Result<_>>()?;
        let scales = match known {
            Some(card) => {
                let rows: Vec<usize> = splits.iter().map(|split| split.train).collect();
                card.scales(table, &card.places(table), &rows)?
            }
            None => panel::fit(table, &plan, &splits)?,
        };
        let stack = Stack::new(table, &plan, &scales, &vec![0; splits.len()])?;
        let rows: usize = stack.segments.iter().map(|segment| splits[segment.series].train).sum();
        let stride = rows.div_ceil(MOST_WINDOWS).max(1);
        let truths = Truths::new(table, &plan)?;
        let starts_of = |name: &str, part: fn(&Split) -> Range<usize>| -> Result<Vec<u32>> {
            let (mut starts, mut all) = (Vec::new(), 0);
            for segment in &stack.segments {
                let of_segment = segment.starts(&plan, part(&splits[segment.series]), plan.horizon, stride)?;
                let whole = |start: &u32| {
                    let origin = segment.origin(plan.window, *start);
                    truths.count(segment, &plan, origin) == plan.horizon * plan.width()
                };
                starts.extend(of_segment.inspect(|_| all += 1).filter(|start| table.filled == 0 || whole(start)));
            }
            if starts.is_empty() && all > 0 {
                let message = format!(
                    "each of {all} windows to {name} is followed by targets that were filled in, which nothing can be \
                     learned from: take a smaller `Task::horizon`, a coarser `ReadOptions::frequency`, or \
                     `Task::channels` independent"
                );
                return Err(Error::Table { place: table.name.clone(), message });
            }
            Ok(starts)
        };
        let mut starts = starts_of("train on", |split| 0..split.train)?;
        let training = starts.len() as u32;
        starts.extend(starts_of("validate on", |split| split.train..split.val)?);
        let ids: Vec<u32> = (0..starts.len() as u32).collect();
        let (train, val) = ids.split_at(training as usize);
        let origins = Origins { segments: stack.segments.clone(), window: plan.window };
        let windows = stack.windows(&plan, starts, true)?;
        let group = |&id: &u32| origins.segment(&windows, id as usize) as u32;
        let val_groups = val.iter().filter(|_| origins.segments.len() > 1).map(group).collect();
        let card = Card {
            style: table.style.clone(),
            frequency: table.frequency,
            known: table.known.clone(),
            time: options.time.clone(),
            id: options.id.clone(),
            series: trained(table, &splits, scales)?,
            intervals: None,
            plan,
        };
        let (train, val) = (train.to_vec(), val.to_vec());
        Ok(Problem { card, windows, train, val, stride, val_groups, origins, splits })
    }

    /// The network for it.
    pub fn spec(&self, cell: CellKind, hidden: usize, layers: usize) -> Spec {
        Spec { layers, ..Spec::new(cell, self.card.plan.inputs(), hidden, self.card.plan.outputs()) }
    }

    /// How to train by default: Adam under a cosine that ends at 0 after about 4,000 steps, gradients clipped to
    /// norm 1, the mean squared error or the quantile loss. `batch` and `epochs` may be given.
    pub fn options(&self, batch: Option<usize>, epochs: Option<usize>, seed: u64) -> Options {
        let windows = self.train.len();
        let suggested = || (windows / STEPS_PER_EPOCH).next_power_of_two().clamp(BATCH.0, BATCH.1);
        let batch = batch.unwrap_or_else(suggested).min(windows);
        let per_epoch = windows.div_ceil(batch);
        let epochs = epochs.unwrap_or_else(|| (STEPS / per_epoch).clamp(EPOCHS.0, EPOCHS.1));
        let total = (epochs * per_epoch) as u64;
        Options {
            epochs,
            batch,
            loss: self.card.plan.quantiles.map_or(Loss::Mse, Loss::Quantile),
            optimizer: Optimizer::adam(LEARNING_RATE),
            clip: Some(Clip { max_norm: CLIP }),
            schedule: Schedule::Cosine { warm_up: 0, total, floor: 0.0 },
            seed,
            ..Options::default()
        }
    }

    /// Rows that are trained on, that validate, and that are held out, of all series.
    pub fn rows(&self) -> [usize; 3] {
        let sum = |rows: fn(&Split) -> usize| self.splits.iter().map(rows).sum();
        [sum(|split| split.train), sum(|split| split.val - split.train), sum(|split| split.rows - split.val)]
    }

    /// Origins that are trained on, each once however many targets are forecast from it.
    pub fn train_origins(&self) -> usize {
        let origin = |&id: &u32| {
            let (segment, origin) = self.origins.of(&self.windows, id as usize);
            (segment.series, origin)
        };
        self.train.iter().map(origin).collect::<HashSet<_>>().len()
    }

    /// Says so where not every window is taken.
    pub fn thinned(&self) -> Option<String> {
        (self.stride > 1).then(|| {
            format!(
                "one window in {} is taken, to train, to validate and to measure intervals: there is one for each of \
                 more than {MOST_WINDOWS} training rows, and neighbours are nearly the same",
                self.stride
            )
        })
    }

    /// A run of training for it, on its windows and rows.
    pub fn run(&self, spec: Spec, options: Options) -> Run<'_> {
        let Problem { windows, train, val, val_groups, .. } = self;
        Run { spec, options, windows, train, val, val_groups, patience: options.patience() }
    }

    /// What a model file says of the trained network, which `engine` holds with the windows loaded.
    ///
    /// # Errors
    /// As [`Engine::predict`].
    pub async fn finish<E: Engine>(&self, engine: &mut E) -> Result<Card> {
        Ok(Card { intervals: self.intervals(engine).await?, ..self.card.clone() })
    }

    /// The intervals; none of a network that forecasts quantiles, and where no rows validate.
    async fn intervals<E: Engine>(&self, engine: &mut E) -> Result<Option<Intervals>> {
        let plan = &self.card.plan;
        if self.val.is_empty() || plan.quantiles.is_some() {
            return Ok(None);
        }
        let (steps, all, width) = (plan.horizon, plan.targets.len(), plan.width());
        let mut errors = vec![f32::NAN; self.val.len() * steps * all];
        let mut series = vec![0; self.val.len()];
        predict(engine, plan, &self.windows, &self.val, |n, outputs| {
            let id = self.val[n] as usize;
            let (segment, _) = self.origins.of(&self.windows, id);
            series[n] = segment.series;
            let target = self.windows.target(id);
            for (place, (y, t)) in outputs.iter().zip(target.iter()).enumerate() {
                let (step, column) = (place / width, segment.target + place % width);
                errors[(n * steps + step) * all + column] = y - t;
            }
            Ok(())
        })
        .await?;
        Ok(Some(Intervals::calibrate(&errors, steps * all, &series)))
    }
}

/// What the card says of each series.
fn trained(table: &Table, splits: &[Split], scales: Vec<Vec<Scale>>) -> Result<Vec<Trained>> {
    let of = |((series, split), scales): ((&super::table::Series, &Split), _)| {
        let [val_from, test_from] = [table.stamp(series, split.train)?, table.stamp(series, split.val)?];
        Ok(Trained { id: series.id.clone(), scales, val_from, test_from })
    };
    table.series.iter().zip(splits).zip(scales).map(of).collect()
}
