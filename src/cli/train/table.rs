//! `refrain train TABLE`: a table of time series in, a model that forecasts out.

use super::report::{Document, Seconds, Validation, opening, results, searched_in_words};
use super::task::TaskFlags;
use crate::cli::common::Common;
use crate::cli::console::Console;
use crate::cli::flags::flagged;
use crate::cli::forecast::warn_of_no_intervals;
use crate::cli::outputs::{self, named};
use crate::cli::recipe::{LossName, Recipe, huber_delta};
use crate::cli::{device, fit, interrupt, scores, table};
use anyhow::bail;
use refrain::engine::{AnyEngine, Engine};
use refrain::forecast::picture::network_in_words;
use refrain::forecast::table::{ReadOptions, Table};
use refrain::forecast::{BUDGET, Backtest, BacktestOptions, Card, Forecaster, LEARNING_RATE, Training, backtest};
use refrain::loss::{Distribution, Loss};
use refrain::plot::WIDTH;
use refrain::train::{Epoch, Finished, Next, loss_curves};
use refrain::{Error, Result};
use std::path::Path;
use std::time::Instant;

/// Bytes of the names of columns in a message, at most.
const COLUMNS: usize = 300;

/// Trains on the table `data`.
pub async fn run(data: &str, recipe: &Recipe, flags: &TaskFlags, common: &Common) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut console = Console::new(common);
    recipe.check_outputs(data, named("--plot", &flags.plot), &console)?;
    interrupt::listen()?;

    let initial = recipe.init.as_deref().map(Forecaster::open).transpose()?;
    let mut task = flags.task()?;
    let how = how(recipe, flags, initial.as_ref(), common.seed)?;
    how.complete(&mut task, initial.as_ref().map(|init| &init.card)).map_err(flagged)?;
    let read = match &initial {
        Some(init) => init.card.read_options_to_train(flags.table.options()),
        None => task.read_options(flags.table.options()),
    };
    if task.targets.is_empty() && initial.is_none() {
        return Err(without_target(data, &flags.table.options()).into());
    }
    let table = table::read(data, &read, &console)?;
    let (device, why) = device::select(&common.device).await?;
    let mut training = match initial {
        Some(_) => Training::new(&table, &task, &read, &how, initial).map_err(flagged)?,
        None => {
            let watch = |_: &Epoch| if interrupt::asked() { Next::Stop } else { Next::Continue };
            let _cleanly = interrupt::stop_cleanly();
            let searched = Training::searched(&device, &table, &task, &read, &how, watch).await;
            let (training, search) = searched.map_err(flagged)?;
            if search.stopped {
                bail!("stopped by Ctrl-C while it searched; nothing was written");
            }
            searched_in_words(&search, &training.problem.card).map_or(Ok(()), |words| console.say(words))?;
            training
        }
    };
    training.notes.iter().for_each(|note| console.warn(note));
    for note in training.problem.notes() {
        console.say(note)?;
    }
    let spec = training.model.spec;
    if let Some(warning) = recipe.dropout_warning(spec.layers + usize::from(spec.segments.is_some())) {
        console.warn(warning);
    }
    let mut engine = training.engine(&device).map_err(flagged)?;
    device::tell(why, engine.device(), &console);
    console.say(opening(engine.device(), &training))?;
    let from = recipe.resume.as_deref().map(|path| fit::resumed(path, &training.model)).transpose()?;
    let setup = start.elapsed();

    let since = Instant::now();
    let kept = fit::Kept { checkpoint: recipe.checkpoint.as_deref(), every: recipe.every, model: &training.model };
    let finished = fit::validated(&mut engine, &training.run(), from, &kept, &mut console).await?;
    let mut trained = 1;
    while training.next_member(&mut engine).await? {
        trained += 1;
        console.say(format_args!("\nMember {trained} of {}", training.members()))?;
        let kept = fit::Kept { checkpoint: None, every: 1, model: &training.model };
        fit::validated(&mut engine, &training.run(), None, &kept, &mut console).await?;
    }
    let seconds = since.elapsed();

    let rows = training.problem.rows();
    let forecaster = training.finish(&mut engine).await?;
    drop(training);
    // First what lasts: neither a test that fails nor that nobody reads what is said must cost the model.
    let files = write(recipe, flags, &forecaster, &finished)?;
    let Forecaster { model, card } = forecaster;
    let test = test(&mut engine, &card, &table, rows[2]).await?;

    let validation = finished.best.map(Validation::from);
    let seconds =
        Seconds { setup: setup.as_secs_f64(), training: seconds.as_secs_f64(), total: start.elapsed().as_secs_f64() };
    console.say(results(&finished, test.as_ref(), seconds.training))?;
    test.iter().for_each(|test| scores::warn(test, &console));
    card.worthless().iter().for_each(|warning| console.warn(warning));
    warn_of_no_intervals(None, &card, &console);
    if !files.is_empty() {
        console.say(format_args!("Wrote {}", files.join(", ")))?;
    }
    let document = Document {
        device: engine.device().clone(),
        spec,
        parameters: model.parameters.len(),
        plan: card.plan,
        naive: card.validation,
        search: card.search,
        rows,
        epochs: finished.epochs,
        optimizer_steps: finished.steps,
        train_loss: finished.history.last().copied(),
        validation,
        test,
        seed: common.seed,
        files,
        seconds,
    };
    Ok(console.document(&document)?)
}

/// The refusal of a task without targets: which columns there are, whatever the rows hold.
fn without_target(data: &str, options: &ReadOptions) -> Error {
    let mut names = match table::names(data, options) {
        Ok(names) => names,
        Err(error) => return error,
    };
    names.retain(|name| Some(name) != options.time.as_ref() && Some(name) != options.id.as_ref());
    let mut columns = String::new();
    for (n, name) in names.iter().enumerate() {
        if columns.len() + name.len() > COLUMNS {
            columns += &format!(" and {} more", names.len() - n);
            break;
        }
        columns = if n == 0 { name.clone() } else { format!("{columns}, {name}") };
    }
    let data = if data == "-" { "stdin" } else { data };
    Error::config("--target", "not given", format!("the columns to forecast, or all; {data} has {columns}"))
}

/// The recipe as the library has it.
fn how(
    recipe: &Recipe,
    flags: &TaskFlags,
    initial: Option<&Forecaster>,
    seed: u64,
) -> Result<refrain::forecast::Recipe> {
    let delta = huber_delta(recipe.loss, recipe.delta)?;
    let quantiles = initial.and_then(|init| init.card.plan.quantiles);
    let loss = match recipe.loss {
        None => None,
        Some(LossName::Mse) => Some(Loss::Mse),
        Some(LossName::Mae) => Some(Loss::Mae),
        Some(LossName::Huber) => Some(Loss::Huber { delta: delta as f32 }),
        Some(LossName::Quantile) => Some(Loss::Quantile(quantiles.unwrap_or_default())),
        Some(LossName::StudentT) => Some(Loss::Likelihood(Distribution::StudentT)),
        Some(LossName::NegativeBinomial) => Some(Loss::Likelihood(Distribution::NegativeBinomial)),
        Some(LossName::CrossEntropy) => Some(Loss::CrossEntropy),
        Some(LossName::BinaryCrossEntropy) => Some(Loss::BinaryCrossEntropy),
    };
    Ok(refrain::forecast::Recipe {
        cell: recipe.cell.kind(),
        model: recipe.architecture()?,
        hidden: recipe.hidden,
        layers: recipe.layers,
        bidirectional: recipe.bidirectional,
        dropout: recipe.dropout,
        epochs: recipe.epochs,
        batch: recipe.batch,
        loss,
        optimizer: (!recipe.has_default_optimizer()).then(|| recipe.optimizer(LEARNING_RATE)).transpose()?,
        clip: recipe.clip,
        schedule: recipe.schedule,
        patience: recipe.patience,
        precision: recipe.precision.precision(),
        recompute: recipe.recompute,
        members: flags.members.unwrap_or(1),
        budget: flags.budget.unwrap_or(BUDGET),
        seed,
    })
}

/// The errors on the rows held out, where there are some, as `refrain backtest` finds them.
async fn test(engine: &mut AnyEngine, card: &Card, table: &Table, rows: usize) -> Result<Option<Backtest>> {
    if rows == 0 {
        return Ok(None);
    }
    let coverage = card.coverage(None);
    backtest(engine, card, table, &BacktestOptions { coverage, ..BacktestOptions::default() }).await.map(Some)
}

/// Writes what was asked for, all or nothing.
fn write(
    recipe: &Recipe,
    flags: &TaskFlags,
    forecaster: &Forecaster,
    finished: &Finished,
) -> anyhow::Result<Vec<String>> {
    let picture = flags.plot.as_ref().map(|_| loss_curves(finished, &network_in_words(&forecaster.model.spec), WIDTH));
    let model = recipe.out.as_ref().map(|_| forecaster.to_bytes()).transpose()?;
    let out = recipe.out.as_deref().zip(model.as_deref());
    let plot = flags.plot.as_deref().zip(picture.as_deref().map(str::as_bytes));
    let files: Vec<(&Path, &[u8])> = out.into_iter().chain(plot).collect();
    outputs::write(&files)?;
    Ok(files.iter().map(|(path, _)| path.display().to_string()).collect())
}
