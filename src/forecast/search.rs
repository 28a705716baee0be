//! Which of a few tasks and networks forecasts the validation rows best, after a short training of each: what the table
//! alone suggests, and from there one change after the other, each of which stays where it makes errors smaller.
//!
//! The budget is counted in work and not by the clock, so that a run comes out the same on every machine: seconds of a
//! nominal one, which the formula of `Search::plan` makes training steps of.

use super::normalize::{Center, Divide};
use super::plan::Plan;
use super::problem::{LEARNING_RATE, Problem};
use super::recipe::{Architecture, HIDDEN, Recipe};
use super::settle::is_positive;
use super::table::{ReadOptions, Table};
use super::task::{Channels, Task};
use super::tried::{Change, Tried};
use super::yardstick::Validation;
use crate::engine::{Device, Engine};
use crate::error::Result;
use crate::optim::{Optimizer, Schedule};
use crate::train::{Epoch, Next, Options, Run, fit_validated, portion};

/// Operations a second of the nominal machine, two cores: what the CPU engine does at a forecaster's sizes.
const SPEED: f64 = 5e10;
/// Operations for each weight, window and row of a training step: a product and a sum forwards, and twice that back.
const OPERATIONS: f64 = 6.0;
/// Training steps of a candidate: fewer say too little, and more change little.
const STEPS: (usize, usize) = (100, 600);
/// Windows of such a step.
const BATCH: usize = 64;
/// How much better a candidate must be, as part of the error: so much, and so much for a single independent forecast.
const MARGIN: (f64, f64) = (0.005, 0.1);

/// What a search has found.
#[derive(Clone, Debug)]
pub struct Search {
    /// The task, with all that was searched settled.
    pub task: Task,
    /// The network and its training, likewise.
    pub recipe: Recipe,
    /// The candidates, in order; none where the budget allows no two, or no rows validate.
    pub tried: Vec<Tried>,
    /// Training steps of each.
    pub steps: usize,
    /// Plain sentences: covariates that were left out.
    pub notes: Vec<String>,
    /// Whether `watch` broke it off.
    pub stopped: bool,
}

impl Search {
    /// Searches on a table, that was read with the options `read`, within the recipe's budget. What task and recipe say
    /// stays as it is. `watch` may break it off.
    ///
    /// # Errors
    /// As [`Problem::new`], [`Recipe::network`], [`Device::engine_with`] and [`fit_validated`].
    pub async fn run(
        device: &Device,
        table: &Table,
        task: &Task,
        read: &ReadOptions,
        recipe: &Recipe,
        mut watch: impl FnMut(&Epoch) -> Next,
    ) -> Result<Self> {
        let (task, recipe) = (task.clone(), recipe.clone());
        let mut found = Search { task, recipe, tried: Vec::new(), steps: 0, notes: Vec::new(), stopped: false };
        if found.recipe.budget == 0.0 {
            return Ok(found);
        }
        let problem = Problem::new(table, &found.task, read, None)?;
        let changes = found.changes(table, &problem)?;
        let Some((steps, changes)) = found.plan(&problem, changes)? else { return Ok(found) };
        found.task.settle(&problem.card.plan);
        let margin = MARGIN.0 + MARGIN.1 / problem.independent().max(1.0).sqrt();
        drop(problem);
        found.steps = steps;
        for change in [Change::Nothing].into_iter().chain(changes) {
            let (mut task, mut recipe) = (found.task.clone(), found.recipe.clone());
            change.apply(&mut task, &mut recipe);
            let watch = |epoch: &Epoch| {
                let next = watch(epoch);
                found.stopped |= next == Next::Stop;
                next
            };
            let validation = attempt(device, table, (&task, read, &recipe), steps, watch).await?;
            let Some(validation) = validation.filter(|_| !found.stopped) else { break };
            let best = found.tried.iter().rev().find(|tried| tried.taken).map(|tried| tried.validation.ratio());
            let needed = best.map(|best| if change.is_less() { best } else { best * (1.0 - margin) });
            let taken = needed.is_none_or(|needed| validation.ratio() <= needed);
            if taken {
                found.notes.extend(change.note(&found.task));
                (found.task, found.recipe) = (task, recipe);
            }
            found.tried.push(Tried { change, validation, taken });
        }
        Ok(found)
    }

    /// What may be changed, in the order in which it is tried.
    fn changes(&self, table: &Table, problem: &Problem) -> Result<Vec<Change>> {
        let (Search { task, recipe, .. }, plan) = (self, &problem.card.plan);
        let mut changes = Vec::new();
        let mut open = |is_open: bool, change: Change| changes.extend(is_open.then_some(change));
        open(!plan.past.is_empty(), Change::WithoutPast);
        open(!plan.future.is_empty(), Change::WithoutFuture);
        for center in [Center::Season, Center::Mean] {
            let fits = center != Center::Season || plan.season > 1 && plan.window >= plan.season;
            open(task.center.is_none() && fits && !plan.counts(), Change::Center(center));
        }
        let positive = task.log.is_none() && !plan.counts() && is_positive(table, &table.places(&plan.targets)?);
        open(positive, Change::Log(!plan.log));
        open(task.divide.is_none() && !plan.counts(), Change::Divide(Divide::Deviation));
        let any = recipe.model.is_none() && plan.distribution.is_none() && plan.statics.is_empty();
        open(any && recipe.segment(problem).is_some(), Change::Rows);
        open(recipe.optimizer.is_none(), Change::Faster);
        open(recipe.hidden.is_none(), Change::Hidden(2 * HIDDEN));
        let channels = if plan.channels == Channels::Joint { Channels::Independent } else { Channels::Joint };
        open(task.channels.is_none() && plan.targets.len() > 1, Change::Channels(channels));
        Ok(changes)
    }

    /// How many steps each candidate is trained, and for which changes the budget is enough; none where it is for no
    /// two candidates, or nothing validates.
    fn plan(&self, problem: &Problem, changes: Vec<Change>) -> Result<Option<(usize, Vec<Change>)>> {
        if problem.val.is_empty() || changes.is_empty() {
            return Ok(None);
        }
        let weights = self.recipe.network(problem)?.parameters.len() as f64;
        let batch = BATCH.min(problem.train.len()) as f64;
        let Plan { window, horizon, .. } = problem.card.plan;
        // A network over segments goes over those of the window, and makes those of the horizon.
        let rows = self.recipe.segment(problem).map_or(window, |rows| window.div_ceil(rows) + horizon.div_ceil(rows));
        let step = OPERATIONS * weights * batch * rows as f64;
        let steps = self.recipe.budget * SPEED / step;
        let most = (steps / STEPS.0 as f64) as usize;
        let candidates = (1 + changes.len()).min(most);
        let each = ((steps / candidates.max(1) as f64) as usize).clamp(STEPS.0, STEPS.1);
        Ok((candidates > 1).then(|| (each, changes.into_iter().take(candidates - 1).collect())))
    }
}

impl Change {
    fn apply(self, task: &mut Task, recipe: &mut Recipe) {
        match self {
            Change::Nothing => {}
            Change::WithoutPast => task.past.clear(),
            Change::WithoutFuture => task.future.clear(),
            Change::Center(center) => task.center = Some(center),
            Change::Divide(divide) => task.divide = Some(divide),
            Change::Log(log) => task.log = Some(log),
            Change::Channels(channels) => task.channels = Some(channels),
            Change::Faster => recipe.optimizer = Some(Optimizer::adam(2.0 * LEARNING_RATE)),
            Change::Hidden(hidden) => recipe.hidden = Some(hidden),
            Change::Rows => recipe.model = Some(Architecture::Rows),
        }
    }

    /// Whether it needs less data: then it is taken unless it is worse.
    fn is_less(self) -> bool {
        matches!(self, Change::WithoutPast | Change::WithoutFuture)
    }

    /// What to say of a change that is taken of this task.
    fn note(self, task: &Task) -> Option<String> {
        let (when, names) = match self {
            Change::WithoutPast => ("past", &task.past),
            Change::WithoutFuture => ("future", &task.future),
            _ => return None,
        };
        Some(format!(
            "the covariates of the {when} ({}) do not help on the validation rows, and are left out; `Recipe::budget` 0 \
             keeps them",
            names.join(", ")
        ))
    }
}

/// Trains a candidate for so many steps, and measures it; none where nothing can be compared.
async fn attempt(
    device: &Device,
    table: &Table,
    (task, read, recipe): (&Task, &ReadOptions, &Recipe),
    steps: usize,
    watch: impl FnMut(&Epoch) -> Next,
) -> Result<Option<Validation>> {
    let problem = Problem::new(table, task, read, None)?;
    let model = recipe.network(&problem)?;
    let device = device.recomputing(recipe.recompute)?;
    let mut engine = device.engine_with(model.spec, &model.parameters, recipe.precision)?;
    engine.load_data(&problem.windows)?;
    // As many windows as the steps take, from all over the training rows.
    let batch = BATCH.min(problem.train.len());
    let count = (steps * batch).min(problem.train.len());
    let train: Vec<u32> = (0..count).map(|n| problem.train[n * problem.train.len() / count]).collect();
    let epochs = steps.div_ceil(count.div_ceil(batch));
    let total = (epochs * count.div_ceil(batch)) as u64;
    let schedule =
        recipe.schedule.map_or(Schedule::Cosine { warm_up: 0, total, floor: 0.0 }, |shape| shape.over(total));
    let options = Options { epochs, batch, schedule, ..recipe.options(&problem)? };
    let steps = problem.windows.steps();
    let options = Options { portion: portion(engine.device(), model.parameters.len(), steps, batch), ..options };
    let run = Run { train: &train, val: &[], val_groups: &[], patience: 0, ..problem.run(model.spec, options) };
    fit_validated(&mut engine, &run, None, watch, |_| Ok(())).await?;
    problem.validate(&mut engine).await
}
