//! From a table to a trained forecaster, and what it makes of other tables.

use super::backtest::{Backtest, BacktestOptions, backtest};
use super::card::Card;
use super::horizon::{Forecast, forecast};
use super::problem::Problem;
use super::recipe::Recipe;
use super::table::{ReadOptions, Table};
use super::task::Task;
use crate::engine::{AnyEngine, Device, Engine};
use crate::error::Result;
use crate::model::Model;
use crate::train::{Epoch, Finished, Next, Options, Run, fit_validated, portion};

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
        let (recipe, mut task) = (recipe.clone(), task.clone());
        recipe.complete(&mut task, init.as_ref().map(|init| &init.card))?;
        let problem = Problem::new(table, &task, read, init.as_ref().map(|init| &init.card))?;
        let options = recipe.options(&problem)?;
        let patience = options.patience_of(recipe.patience, !problem.val.is_empty())?;
        let begun = init.is_some();
        let notes = if begun { None } else { short_series(table, &task, &problem.card) };
        let mut model = match init {
            Some(Forecaster { model, .. }) => Model::new(model.spec, model.parameters),
            None => recipe.network(&problem)?,
        };
        let run = Run { patience, ..problem.run(model.spec, options) };
        model.provenance = recipe.provenance(&run, &problem, begun);
        Ok(Training { problem, options, patience, model, notes: notes.into_iter().collect(), recipe })
    }

    /// The network on a device, with the windows.
    ///
    /// # Errors
    /// As [`Device::engine_with`] and [`Engine::load_data`]; [`Error::Config`](crate::Error::Config) where tapes are to be made again on an
    /// adapter.
    pub fn engine(&mut self, device: &Device) -> Result<AnyEngine> {
        let Training { problem, model, recipe, .. } = self;
        let device = device.recomputing(recipe.recompute)?;
        let mut engine = device.engine_with(model.spec, &model.parameters, recipe.precision)?;
        engine.load_data(&problem.windows)?;
        let steps = problem.windows.steps();
        self.options.portion = portion(engine.device(), model.parameters.len(), steps, self.options.batch);
        Ok(engine)
    }

    /// The run.
    pub fn run(&self) -> Run<'_> {
        Run { patience: self.patience, ..self.problem.run(self.model.spec, self.options) }
    }

    /// The forecaster that `engine` holds after the run, with the intervals that are measured on the rows that validate.
    ///
    /// # Errors
    /// As [`Problem::finish`].
    pub async fn finish(self, engine: &mut AnyEngine) -> Result<Forecaster> {
        let Training { problem, mut model, .. } = self;
        model.parameters = engine.parameters().await?;
        let card = problem.finish(engine).await?;
        drop(problem);
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
    /// As [`Training::new`], [`Training::engine`] and [`fit_validated`].
    pub async fn fit(
        device: &Device,
        table: &Table,
        task: &Task,
        read: &ReadOptions,
        recipe: &Recipe,
        ended: impl FnMut(&Epoch) -> Next,
    ) -> Result<(Self, Finished)> {
        let mut training = Training::new(table, task, read, recipe, None)?;
        let mut engine = training.engine(device)?;
        let finished = fit_validated(&mut engine, &training.run(), None, ended, |_| Ok(())).await?;
        Ok((training.finish(&mut engine).await?, finished))
    }

    /// The forecaster of a model file.
    ///
    /// # Errors
    /// As [`Card::of`].
    pub fn of(name: &str, model: Model) -> Result<Self> {
        let card = Card::of(name, &model)?;
        Ok(Forecaster { model, card })
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// As [`Model::load`] and [`Card::of`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn open(path: &std::path::Path) -> Result<Self> {
        Forecaster::of(&path.display().to_string(), Model::load(path)?)
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

/// What to say where a series that is much shorter than the others decides window and horizon for all.
fn short_series(table: &Table, task: &Task, card: &Card) -> Option<String> {
    let shortest = table.series.iter().min_by_key(|series| series.known)?;
    let mut lengths: Vec<usize> = table.series.iter().map(|series| series.known).collect();
    lengths.sort_unstable();
    let usual = lengths[lengths.len() / 2];
    let guessed = task.window.is_none() || task.horizon.is_none();
    (guessed && shortest.known * 4 <= usual).then(|| {
        format!(
            "{}: {} rows, where others have {usual}: this makes the window {} and the horizon {} for all; `Task::window` and \
             `Task::horizon` set them, and without that series they are larger",
            table.call(shortest),
            shortest.known,
            card.plan.window,
            card.plan.horizon
        )
    })
}
