//! From a table to a trained forecaster, and what it makes of other tables.

use super::backtest::{Backtest, BacktestOptions, backtest};
use super::card::{Card, MOST_MEMBERS};
use super::horizon::{Forecast, forecast};
use super::problem::Problem;
use super::recipe::{Architecture, Recipe};
use super::search::Search;
use super::settle::usual_rows;
use super::table::{ReadOptions, Table};
use super::task::Task;
use crate::arrays::{Arrays, Named};
use crate::engine::{AnyEngine, Device, Engine};
use crate::error::{Error, Result};
use crate::model::{CHECKPOINT, Model, initial_parameters};
use crate::train::{Epoch, Finished, Next, Options, Run, fit_validated, portion};
use std::borrow::Cow;

/// A trained network, and what it forecasts from what.
#[derive(Clone, Debug)]
pub struct Forecaster {
    /// The network; its provenance has the card.
    pub model: Model,
    /// What it forecasts from what.
    pub card: Card,
}

/// A run of training on a table, made ready.
#[derive(Clone, Debug)]
pub struct Training {
    /// The windows, and what is forecast from what.
    pub problem: Problem,
    /// How to train.
    pub options: Options,
    /// Epochs without a better validation loss after which training stops.
    pub patience: usize,
    /// The network with the weights that training begins with, and its provenance.
    pub model: Model,
    /// Plain sentences: what decides over the task that one would not expect.
    pub notes: Vec<String>,
    recipe: Recipe,
    /// The weights of the members that are trained, where there are several.
    members: Vec<Vec<f32>>,
}

impl Training {
    /// Makes ready to train on a table, that was read with the options `read`: a new network, or that of `init`.
    ///
    /// # Errors
    /// As [`Problem::new`]; [`Error::Config`](crate::Error::Config) where the recipe does not suit the task.
    pub fn new(
        table: &Table,
        task: &Task,
        read: &ReadOptions,
        recipe: &Recipe,
        init: Option<Forecaster>,
    ) -> Result<Self> {
        let (mut recipe, mut task) = (recipe.clone(), task.clone());
        if let Some(init) = &init {
            recipe.model = Some(Architecture::of(&init.model.spec));
        }
        recipe.complete(&mut task, init.as_ref().map(|init| &init.card))?;
        let problem = Problem::new(table, &task, read, init.as_ref().map(|init| &init.card))?;
        let begun = init.is_some();
        let ensemble = init.as_ref().is_some_and(|init| !init.card.members.is_empty());
        if begun && (recipe.members > 1 || ensemble) {
            let expected = "1 beside a model whose training goes on, which is a single network";
            return Err(Error::config("members", recipe.members, expected));
        }
        let notes = if begun { Vec::new() } else { short_series(table, &task, &problem.card) };
        let begin = init.map(|init| Model::new(init.model.spec, init.model.parameters));
        Ok(Training { notes, ..Training::of_problem(problem, recipe, begin)? })
    }

    /// Makes ready to train on windows: a new network, or the one of `begin`.
    ///
    /// # Errors
    /// [`Error::Config`] where the recipe does not suit the task.
    pub(super) fn of_problem(problem: Problem, recipe: Recipe, begin: Option<Model>) -> Result<Self> {
        let options = recipe.options(&problem)?;
        let patience = options.patience_of(recipe.patience, !problem.val.is_empty())?;
        if !(1..=MOST_MEMBERS).contains(&recipe.members) {
            return Err(Error::config("members", recipe.members, format!("1 to {MOST_MEMBERS}")));
        }
        let begun = begin.is_some();
        let mut model = begin.map_or_else(|| recipe.network(&problem), Ok)?;
        let run = Run { patience, ..problem.run(model.spec, options) };
        model.provenance = recipe.provenance(&run, &problem, begun);
        Ok(Training { problem, options, patience, model, notes: Vec::new(), recipe, members: Vec::new() })
    }

    /// As [`Training::new`], after a [`Search`] for what task and recipe leave open, of a network that is new.
    ///
    /// # Errors
    /// As [`Search::run`] and [`Training::new`].
    pub async fn searched(
        device: &Device,
        table: &Table,
        task: &Task,
        read: &ReadOptions,
        recipe: &Recipe,
        watch: impl FnMut(&Epoch) -> Next,
    ) -> Result<(Self, Search)> {
        let mut task = task.clone();
        recipe.complete(&mut task, None)?;
        let search = Search::run(device, table, &task, read, recipe, watch).await?;
        let mut training = Training::new(table, &search.task, read, &search.recipe, None)?;
        training.problem.card.search.clone_from(&search.tried);
        training.notes.extend(search.notes.iter().cloned());
        Ok((training, search))
    }

    /// The network on a device, with the windows, and with the weights that the run of the present member begins with.
    ///
    /// # Errors
    /// As [`Device::engine_with`] and [`Engine::load_data`]; [`Error::Config`](crate::Error::Config) where tapes are to be made again on an
    /// adapter.
    pub fn engine(&mut self, device: &Device) -> Result<AnyEngine> {
        let Training { problem, model, recipe, .. } = self;
        let device = device.recomputing(recipe.recompute)?;
        let begun = match self.members.len() {
            0 => Cow::Borrowed(&model.parameters),
            trained => Cow::Owned(initial_parameters(&model.spec, recipe.seed.wrapping_add(trained as u64))),
        };
        let mut engine = device.engine_with(model.spec, &begun, recipe.precision)?;
        engine.load_data(&problem.windows)?;
        let steps = problem.windows.steps();
        self.options.portion = portion(engine.device(), model.parameters.len(), steps, self.options.batch);
        Ok(engine)
    }

    /// The run.
    pub fn run(&self) -> Run<'_> {
        Run { patience: self.patience, ..self.problem.run(self.model.spec, self.options) }
    }

    /// Networks to train.
    pub fn members(&self) -> usize {
        self.recipe.members
    }

    /// Keeps the network that `engine` holds after a run as a member, and sets the next one's initial weights and seed.
    /// Whether there is one more to train; one network alone is kept by [`Training::finish`].
    ///
    /// # Errors
    /// As [`Engine::parameters`] and [`Engine::set_parameters`].
    pub async fn next_member(&mut self, engine: &mut AnyEngine) -> Result<bool> {
        if self.recipe.members == 1 {
            return Ok(false);
        }
        self.members.push(engine.parameters().await?);
        let seed = self.recipe.seed.wrapping_add(self.members.len() as u64);
        let more = self.members.len() < self.recipe.members;
        if more {
            self.options.seed = seed;
            engine.set_parameters(&initial_parameters(&self.model.spec, seed))?;
        }
        Ok(more)
    }

    /// Trains all networks, and tells how it went with the last. `ended` as [`Forecaster::fit`] has it.
    ///
    /// # Errors
    /// As [`Training::engine`], [`fit_validated`] and [`Training::finish`].
    pub async fn fit(
        mut self,
        device: &Device,
        mut ended: impl FnMut(&Epoch) -> Next,
    ) -> Result<(Forecaster, Finished)> {
        let mut engine = self.engine(device)?;
        let mut finished = fit_validated(&mut engine, &self.run(), None, &mut ended, |_| Ok(())).await?;
        while !finished.stopped && self.next_member(&mut engine).await? {
            finished = fit_validated(&mut engine, &self.run(), None, &mut ended, |_| Ok(())).await?;
        }
        Ok((self.finish(&mut engine).await?, finished))
    }

    /// The forecaster that `engine` holds after the run, with the intervals that are measured on the rows that validate.
    ///
    /// # Errors
    /// As [`Problem::finish`].
    pub async fn finish(&self, engine: &mut AnyEngine) -> Result<Forecaster> {
        let parameters = match self.members.first() {
            Some(first) => first.clone(),
            None => engine.parameters().await?,
        };
        let card = self.problem.finish_members(engine, self.members.clone()).await?;
        let mut model = Model { parameters, ..self.model.clone() };
        card.put(&mut model);
        let device = serde_json::to_value(engine.device()).expect("a device is described in strings");
        model.provenance.insert("device".into(), device);
        Ok(Forecaster { model, card })
    }
}

impl Forecaster {
    /// Trains on a table, that was read with the options `read`. `ended` is called after every epoch, and within one
    /// every fraction of a second, and may stop training: the forecaster is then as good as it has become.
    ///
    /// # Errors
    /// As [`Training::searched`] and [`Training::fit`].
    pub async fn fit(
        device: &Device,
        table: &Table,
        task: &Task,
        read: &ReadOptions,
        recipe: &Recipe,
        ended: impl FnMut(&Epoch) -> Next,
    ) -> Result<(Self, Finished)> {
        let (training, _) = Training::searched(device, table, task, read, recipe, |_| Next::Continue).await?;
        training.fit(device, ended).await
    }

    /// The forecaster of a model, which is a single network.
    ///
    /// # Errors
    /// As [`Card::of`]; [`Error::File`] where it is one of an ensemble.
    pub fn of(name: &str, model: Model) -> Result<Self> {
        let card = Card::of(name, &model)?;
        if card.members.is_empty() {
            return Ok(Forecaster { model, card });
        }
        let message = "it is an ensemble: expected the bytes of its file, which hold the other members".to_owned();
        Err(Error::File { path: name.to_owned(), message })
    }

    /// The forecaster of the bytes of a model file.
    ///
    /// # Errors
    /// As [`Model::from_bytes`] and [`Card::of`]; [`Error::File`] where a member of an ensemble is missing.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self> {
        let model = Model::from_bytes(name, bytes)?;
        let mut card = Card::of(name, &model)?;
        if !card.members.is_empty() {
            let arrays = Arrays::from_bytes(name, bytes)?;
            for (place, member) in card.members.iter_mut().enumerate() {
                let tensor = member_name(place);
                arrays.dims(&tensor, [("parameters", Some(model.parameters.len()))])?;
                *member = arrays.f32(&tensor)?.values;
                if member.iter().any(|value| !value.is_finite()) {
                    let message = format!("tensor `{tensor}`: expected finite weights");
                    return Err(Error::File { path: name.to_owned(), message });
                }
            }
        }
        Ok(Forecaster { model, card })
    }

    /// The bytes of its model file, the same for the same forecaster.
    ///
    /// # Errors
    /// As [`Model::to_bytes`].
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let names: Vec<String> = (0..self.card.members.len()).map(member_name).collect();
        let shape = [self.model.parameters.len()];
        let members = names.iter().zip(&self.card.members);
        let members = members.map(|(name, values)| Named { name, shape: &shape, values });
        self.model.to_bytes_with(&members.collect::<Vec<_>>())
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// As [`Model::load`] and [`Forecaster::from_bytes`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn open(path: &std::path::Path) -> Result<Self> {
        Forecaster::from_bytes(&path.display().to_string(), &crate::disk::read(path)?)
    }

    /// The network on a device.
    ///
    /// # Errors
    /// As [`Device::engine`].
    pub fn engine(&self, device: &Device) -> Result<AnyEngine> {
        device.engine(self.model.spec, &self.model.parameters)
    }

    /// What comes after a table's end: `steps` rows, or as many as it forecasts at once; with intervals of this coverage
    /// (see [`Card::coverage`]).
    ///
    /// # Errors
    /// As [`forecast()`].
    pub async fn forecast(
        &self,
        device: &Device,
        table: &Table,
        steps: Option<usize>,
        coverage: Option<f64>,
    ) -> Result<Forecast> {
        let steps = steps.unwrap_or(self.card.plan.horizon);
        forecast(&mut self.engine(device)?, &self.card, table, steps, self.card.coverage(coverage)).await
    }

    /// Forecasts from row after row of a table, against what came.
    ///
    /// # Errors
    /// As [`backtest()`].
    pub async fn backtest(&self, device: &Device, table: &Table, options: &BacktestOptions) -> Result<Backtest> {
        backtest(&mut self.engine(device)?, &self.card, table, options).await
    }
}

/// The tensor of a member of an ensemble.
fn member_name(place: usize) -> String {
    format!("{CHECKPOINT}member.{place}")
}

/// What to say of series that are too short for a whole window, and where one of them decides the horizon for all.
fn short_series(table: &Table, task: &Task, card: &Card) -> Vec<String> {
    let Some(shortest) = table.series.iter().min_by_key(|series| series.known) else { return Vec::new() };
    let (usual, plan, mut notes) = (usual_rows(table), &card.plan, Vec::new());
    if task.horizon.is_none() && shortest.known * 4 <= usual {
        notes.push(format!(
            "{}: {} rows, where others have {usual}: this makes the horizon {} for all; `Task::horizon` sets it, and \
             without that series it is larger",
            table.call(shortest),
            shortest.known,
            plan.horizon
        ));
    }
    if plan.least() < plan.window {
        notes.push(format!(
            "{}: windows at the beginning of a series have {} rows or more, where others have {}: not every series has \
             as many",
            table.name,
            plan.least(),
            plan.window
        ));
    }
    notes
}
