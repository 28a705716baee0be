//! What models and baselines make of a table.

use super::table::OfTable;
use crate::engine::Device;
use crate::error::Result;
use crate::forecast::backtest::{BacktestOptions, Method, backtest_baseline};
use crate::forecast::baseline::Baseline;
use crate::forecast::forecaster::{Forecaster, Training};
use crate::forecast::naive::Naive;
use crate::forecast::recipe::{Architecture, Recipe};
use crate::forecast::table::{ReadOptions, Table};
use crate::forecast::task::Task;
use crate::train::{Epoch, Next};

/// What is compared on each of several tables.
#[derive(Clone, Debug)]
pub struct Contest {
    /// What is forecast; of the columns that it excepts, those that a table has.
    pub task: Task,
    /// How models are trained, but for what they go over.
    pub recipe: Recipe,
    /// What each model goes over, one at least; `None` is what a search finds.
    pub models: Vec<Option<Architecture>>,
    /// Rows from one origin to the next; by default the horizon.
    pub stride: Option<usize>,
}

impl Contest {
    /// The task for a table with these columns.
    pub fn task(&self, columns: &[String]) -> Task {
        let mut task = self.task.clone();
        task.except.retain(|name| columns.contains(name));
        task
    }

    /// Trains the models on a table, that was read with the options `read` for the task of [`Contest::task`], and
    /// forecasts the rows held out by them and by all baselines, from the same origins. `stop` is asked every fraction of
    /// a second of training and before each method; where it says so, nothing comes out. `clock` tells seconds.
    ///
    /// # Errors
    /// As [`Training::searched`], [`Training::fit`] and [`Forecaster::backtest`].
    pub async fn run(
        &self,
        device: &Device,
        (name, table): (&str, &Table),
        task: &Task,
        read: &ReadOptions,
        mut stop: impl FnMut() -> bool,
        clock: impl Fn() -> f64,
    ) -> Result<Option<OfTable>> {
        let mut methods: Vec<(Method, f64)> = Vec::new();
        let mut last: Option<(Forecaster, usize)> = None;
        for &model in &self.models {
            let since = clock();
            let recipe = Recipe { model, ..self.recipe.clone() };
            let watch = |_: &Epoch| if stop() { Next::Stop } else { Next::Continue };
            let (training, search) = Training::searched(device, table, task, read, &recipe, watch).await?;
            if search.stopped || stop() {
                return Ok(None);
            }
            let watch = |_: &Epoch| if stop() { Next::Stop } else { Next::Continue };
            let (forecaster, finished) = training.fit(device, watch).await?;
            if finished.stopped || stop() {
                return Ok(None);
            }
            let found = forecaster.backtest(device, table, &self.options(&forecaster)).await?;
            let method = Method { name: called(model).to_owned(), ..found.model().clone() };
            methods.push((method, clock() - since));
            last = Some((forecaster, found.windows));
        }
        let (forecaster, windows) = last.expect("a contest has one model at least");
        let (card, options) = (&forecaster.card, self.options(&forecaster));
        let mut reference = None;
        for baseline in Baseline::ALL {
            if stop() {
                return Ok(None);
            }
            let since = clock();
            let method = backtest_baseline(card, table, &options, baseline)?;
            if baseline == Baseline::Naive(Naive::Seasonal) {
                reference = Some(method.scores.clone());
            }
            methods.push((method, clock() - since));
        }
        let reference = reference.expect("the seasonal naive forecast is one of the baselines");
        OfTable::new((name, table), card, windows, &methods, &reference).map(Some)
    }

    fn options(&self, forecaster: &Forecaster) -> BacktestOptions {
        let stride = self.stride.or(Some(forecaster.card.plan.horizon));
        BacktestOptions { stride, ..BacktestOptions::default() }
    }
}

/// What a model is called among the methods.
fn called(model: Option<Architecture>) -> &'static str {
    match model {
        None => "refrain",
        Some(Architecture::Segments(_)) => "refrain segrnn",
        Some(Architecture::Rows) => "refrain rows",
    }
}
