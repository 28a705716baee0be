//! A table made ready to be trained on.

use super::card::{Card, Trained};
use super::conformal::Intervals;
use super::look::Look;
use super::origins::Origins;
use super::panel;
use super::plan::Plan;
use super::predict::{Reading, predict};
use super::scale::Scale;
use super::split::Split;
use super::stack::{Stack, Truths};
use super::table::{ReadOptions, Table};
use super::task::Task;
use super::weights::weights;
use super::yardstick::{Validation, Yardstick};
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
/// Most values of windows that are copies: half a gigabyte.
const MOST_COPIED: usize = 1 << 27;
/// Most windows that a network is compared with naive forecasts on.
const MOST_MEASURED: usize = 4096;
/// Optimiser steps of a run, likewise, and the fewest and most epochs that they may take.
const STEPS: usize = 4000;
const EPOCHS: (usize, usize) = (5, 200);
/// Training steps of an epoch that the batch aims at, and its bounds.
const STEPS_PER_EPOCH: usize = 100;
const BATCH: (usize, usize) = (16, 256);
/// The learning rate, by default.
pub const LEARNING_RATE: f64 = 1e-3;
/// Where the default loss turns from a parabola into lines, in mean errors of the naive forecast that windows are
/// centred by: large errors count by their size and not by its square, whatever the size of the changes.
const TURN: f64 = 0.25;
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
    /// How often each of these is drawn, as [`Run::weights`] has it.
    pub weights: Vec<f64>,
    /// Which windows to validate on; none where no rows were held out for that.
    pub val: Vec<u32>,
    /// One window in so many is taken, to train and to validate on.
    pub stride: usize,
    /// The most training windows that there may be.
    most: usize,
    /// The mean error of the naive forecast that windows are centred by, within the training rows, on their scale.
    spread: f64,
    /// What the forecasts of the validation rows are compared by.
    yardstick: Yardstick,
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
    /// As [`Plan::of`]; [`crate::Error::Table`] where a part has no horizon, too few rows are left to train on, or a column has
    /// one value throughout.
    pub fn new(table: &Table, task: &Task, options: &ReadOptions, known: Option<&Card>) -> Result<Self> {
        known.map_or(Ok(()), |card| card.check_table(table))?;
        let plan = known.map_or_else(|| Plan::of(task, table), |card| Ok(card.plan.clone()))?;
        let splits = Split::of_all(table, [&task.val, &task.test], plan.least()..=plan.window, plan.horizon)?;
        let scales = match known {
            Some(card) => {
                let rows: Vec<usize> = splits.iter().map(|split| split.train).collect();
                card.scales(table, &card.places(table), &rows)?
            }
            None => panel::fit(table, &plan, &splits)?,
        };
        Problem::with_scales(table, plan, splits, scales, options)
    }

    /// As [`Problem::new`], of a plan that is settled and of parts that are given: scales are fitted to their training
    /// rows.
    pub(super) fn of_splits(table: &Table, plan: Plan, splits: Vec<Split>, options: &ReadOptions) -> Result<Self> {
        let scales = panel::fit(table, &plan, &splits)?;
        Problem::with_scales(table, plan, splits, scales, options)
    }

    fn with_scales(
        table: &Table,
        plan: Plan,
        splits: Vec<Split>,
        scales: Vec<Vec<Scale>>,
        options: &ReadOptions,
    ) -> Result<Self> {
        let stack = Stack::new(table, &plan, &scales, &vec![0; splits.len()])?;
        let rows: usize = stack.segments.iter().map(|segment| splits[segment.series].train).sum();
        let most = match plan.view() {
            Some(_) => MOST_WINDOWS,
            None => MOST_WINDOWS.min(MOST_COPIED / (plan.window * plan.inputs())).max(1),
        };
        let stride = rows.div_ceil(most).max(1);
        let truths = Truths::new(table, &plan)?;
        let ends_of = |name: &str, part: fn(&Split) -> Range<usize>| -> Result<Vec<u32>> {
            let (mut ends, mut all) = (Vec::new(), 0);
            for segment in &stack.segments {
                let of_segment = segment.ends(&plan, part(&splits[segment.series]), plan.horizon, stride)?;
                let whole = |end: &u32| {
                    let origin = segment.origin(*end);
                    truths.count(segment, &plan, origin) == plan.horizon * plan.width()
                };
                ends.extend(of_segment.inspect(|_| all += 1).filter(|end| table.filled == 0 || whole(end)));
            }
            if ends.is_empty() && all > 0 {
                let message = format!(
                    "each of {all} windows to {name} is followed by targets that were filled in, which nothing can be \
                     learned from: take a smaller `Task::horizon`, a coarser `ReadOptions::frequency`, or \
                     `Task::channels` independent"
                );
                return Err(Error::Table { place: table.name.clone(), message });
            }
            Ok(ends)
        };
        let mut ends = ends_of("train on", |split| 0..split.train)?;
        let training = ends.len() as u32;
        ends.extend(ends_of("validate on", |split| split.train..split.val)?);
        let ids: Vec<u32> = (0..ends.len() as u32).collect();
        let (train, val) = ids.split_at(training as usize);
        let (windows, origins) = stack.windows(&plan, &scales, ends, true)?;
        let weights = weights(table, &plan, &origins, train.len())?;
        let group = |&id: &u32| origins.place(id as usize) as u32;
        let val_groups = val.iter().filter(|_| origins.segments.len() > 1).map(group).collect();
        let rows: Vec<usize> = splits.iter().map(|split| split.train).collect();
        let spread = Look::at(table, &table.places(&plan.targets)?, &rows).spread(&plan);
        let yardstick = Yardstick::new(table, &plan, &splits)?;
        let card = Card {
            style: table.style.clone(),
            frequency: table.frequency,
            known: table.known.clone(),
            time: options.time.clone(),
            id: options.id.clone(),
            series: trained(table, &splits, scales)?,
            intervals: None,
            validation: None,
            search: Vec::new(),
            members: Vec::new(),
            plan,
        };
        let (train, val) = (train.to_vec(), val.to_vec());
        Ok(Problem { card, windows, train, weights, val, stride, most, spread, yardstick, val_groups, origins, splits })
    }

    /// The network for it.
    pub fn spec(&self, cell: CellKind, hidden: usize, layers: usize) -> Spec {
        Spec { layers, ..Spec::new(cell, self.card.plan.inputs(), hidden, self.card.plan.outputs()) }
    }

    /// How to train by default: Adam under a cosine that ends at 0 after about 4,000 steps, gradients clipped to
    /// norm 1, Huber's loss or that of quantiles. `batch` and `epochs` may be given.
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
            loss: self.loss(),
            optimizer: Optimizer::adam(LEARNING_RATE),
            clip: Some(Clip { max_norm: CLIP }),
            schedule: Schedule::Cosine { warm_up: 0, total, floor: 0.0 },
            seed,
            ..Options::default()
        }
    }

    /// What training minimises by default: the loss of levels or a distribution, else Huber's.
    pub fn loss(&self) -> Loss {
        let delta = (TURN * self.spread) as f32;
        let huber = if delta > 0.0 && delta.is_finite() { Loss::Huber { delta } } else { Loss::Mae };
        self.card.plan.loss().unwrap_or(huber)
    }

    /// Rows that are trained on, that validate, and that are held out, of all series.
    pub fn rows(&self) -> [usize; 3] {
        let sum = |rows: fn(&Split) -> usize| self.splits.iter().map(rows).sum();
        [sum(|split| split.train), sum(|split| split.val - split.train), sum(|split| split.rows - split.val)]
    }

    /// Origins that are trained on, each once however many targets are forecast from it.
    pub fn train_origins(&self) -> usize {
        let origin = |&id: &u32| {
            let (segment, origin) = self.origins.of(id as usize);
            (segment.series, origin)
        };
        self.train.iter().map(origin).collect::<HashSet<_>>().len()
    }

    /// Plain sentences on rows and series that are not made use of.
    pub fn notes(&self) -> Vec<String> {
        let thinned = (self.stride > 1).then(|| {
            format!(
                "one window in {} is taken, to train, to validate and to measure intervals: there is one for each of \
                 more than {} training rows, and neighbours are nearly the same",
                self.stride, self.most
            )
        });
        let (plan, all) = (&self.card.plan, self.splits.len());
        let count = |is: &dyn Fn(&Split) -> bool| self.splits.iter().filter(|split| is(split)).count();
        let [_, val, test] = self.rows();
        let parts = [
            (count(&|split| split.train < plan.least() + plan.horizon), "be trained on"),
            (if val > 0 { count(&|split| split.val == split.train) } else { 0 }, "validate"),
            (if test > 0 { count(&|split| split.rows == split.val) } else { 0 }, "be held out"),
        ];
        let short = parts.iter().filter(|(count, _)| *count > 0);
        let short: Vec<String> = short.map(|(count, what)| format!("{count} of {all} to {what}")).collect();
        let short = (!short.is_empty()).then(|| {
            format!("some series are too short for a window and a horizon of {}: {}", plan.horizon, short.join(", "))
        });
        thinned.into_iter().chain(short).collect()
    }

    /// A run of training for it, on its windows and rows.
    pub fn run(&self, spec: Spec, options: Options) -> Run<'_> {
        let Problem { windows, train, weights, val, val_groups, .. } = self;
        Run { spec, options, windows, train, weights, val, val_groups, patience: options.patience() }
    }

    /// What a model file says of the trained network, which `engine` holds with the windows loaded.
    ///
    /// # Errors
    /// As [`Engine::predict`].
    pub async fn finish<E: Engine>(&self, engine: &mut E) -> Result<Card> {
        self.finish_members(engine, Vec::new()).await
    }

    /// As [`Problem::finish`], of an ensemble of networks with these weights; of none, of the one that `engine` holds.
    ///
    /// # Errors
    /// As [`Engine::predict`] and [`Engine::set_parameters`].
    pub async fn finish_members<E: Engine>(&self, engine: &mut E, members: Vec<Vec<f32>>) -> Result<Card> {
        let mut card = Card { members, ..self.card.clone() };
        card.intervals = self.intervals(engine, &card).await?;
        card.validation = self.measured(engine, &card).await?;
        Ok(card)
    }

    /// The errors of the network that `engine` holds, with the windows loaded, on the rows that validate, beside those
    /// of the best naive forecast: on some of the windows, evenly chosen, where there are many. None where no rows do.
    ///
    /// # Errors
    /// As [`Engine::predict`].
    pub async fn validate<E: Engine>(&self, engine: &mut E) -> Result<Option<Validation>> {
        self.measured(engine, &self.card).await
    }

    async fn measured<E: Engine>(&self, engine: &mut E, card: &Card) -> Result<Option<Validation>> {
        let plan = &card.plan;
        let ids: Vec<u32> = self.val.iter().copied().step_by(self.val.len().div_ceil(MOST_MEASURED).max(1)).collect();
        let places: Vec<Option<usize>> = (0..self.card.series.len()).map(Some).collect();
        let reading = Reading::of(&self.card, &places, None)?;
        let scales: Vec<Vec<Scale>> = self.card.series.iter().map(|trained| trained.scales.clone()).collect();
        let mut comparison = self.yardstick.comparison();
        predict(engine, card, &self.windows, &ids, |n, outputs| {
            let id = ids[n] as usize;
            let (segment, origin) = self.origins.of(id);
            let values = reading.restore((&self.windows, &self.origins), id, &scales, outputs, 0);
            for (place, values) in values.chunks_exact(reading.levels.len()).enumerate() {
                let (step, target) = (place / plan.width(), segment.target + place % plan.width());
                comparison.add([segment.series, target], origin, step, values[reading.middle]);
            }
            Ok(())
        })
        .await?;
        Ok(comparison.result())
    }

    /// How many windows to validate on there would be if none had rows in common with another of its series.
    pub fn independent(&self) -> f64 {
        let mut windows = vec![0.0; self.origins.segments.len()];
        self.val.iter().for_each(|&id| windows[self.origins.place(id as usize)] += self.stride as f64);
        windows
            .iter()
            .filter(|&&count| count > 0.0)
            .map(|count| f64::max(1.0, count / self.card.plan.horizon as f64))
            .sum()
    }

    /// The intervals; none of a network that forecasts quantiles, and where no rows validate.
    async fn intervals<E: Engine>(&self, engine: &mut E, card: &Card) -> Result<Option<Intervals>> {
        let plan = &card.plan;
        if self.val.is_empty() || plan.quantiles.is_some() {
            return Ok(None);
        }
        let (steps, all, width) = (plan.horizon, plan.targets.len(), plan.width());
        let mut errors = vec![f32::NAN; self.val.len() * steps * all];
        let mut series = vec![0; self.val.len()];
        predict(engine, card, &self.windows, &self.val, |n, outputs| {
            let id = self.val[n] as usize;
            let segment = self.origins.segment(id);
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
