//! `refrain train TABLE`: a table of time series in, a model that forecasts out.

use super::report::{Document, Seconds, Validation, opening, provenance, results};
use super::task::TaskFlags;
use crate::cli::common::Common;
use crate::cli::console::Console;
use crate::cli::forecast::{coverage_of, network_in_words, open, warn_of_no_intervals};
use crate::cli::outputs::{self, named};
use crate::cli::plot::loss_curves::losses;
use crate::cli::recipe::{LossName, Recipe, huber_delta};
use crate::cli::{device, fit, interrupt, scores, table};
use refrain::engine::{AnyEngine, Engine};
use refrain::forecast::table::{ReadOptions, Table};
use refrain::forecast::{Backtest, BacktestOptions, Card, Problem, Task, backtest};
use refrain::loss::{Loss, Quantiles};
use refrain::model::{Model, Spec};
use refrain::train::{Finished, Options, Run};
use refrain::{Error, Result};
use std::path::Path;
use std::time::Instant;

/// The levels of quantiles by default.
const QUANTILES: [f32; 3] = [0.1, 0.5, 0.9];
/// Bytes of the names of columns in a message, at most.
const COLUMNS: usize = 300;

/// Trains on the table `data`.
pub async fn run(data: &str, recipe: &Recipe, flags: &TaskFlags, common: &Common) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut console = Console::new(common);
    recipe.check_outputs(data, named("--plot", &flags.plot), &console)?;
    interrupt::listen()?;

    let initial = recipe.init.as_deref().map(open).transpose()?;
    let mut task = flags.task()?;
    let loss = loss(recipe, &mut task, initial.as_ref().map(|(_, card)| card))?;
    let read = match &initial {
        Some((_, card)) => card.read_options(flags.table.options()),
        None => task.read_options(flags.table.options()),
    };
    if task.targets.is_empty() && initial.is_none() {
        return Err(without_target(data, &flags.table.options()).into());
    }
    let table = table::read(data, &read, &console)?;
    let problem = Problem::new(&table, &task, &read, initial.as_ref().map(|(_, card)| card))?;
    let mut options = options(recipe, loss, &problem, common.seed)?;
    let patience = recipe.patience(&options, !problem.val.is_empty())?;
    let noted = if initial.is_none() { short_series(&table, &task, &problem.card) } else { None };
    if let Some(note) = noted {
        console.warn(note);
    }
    if let Some(note) = problem.thinned() {
        console.say(note)?;
    }

    let (spec, parameters) = network(&problem, recipe, initial, common.seed)?;
    if let Some(warning) = recipe.dropout_warning(spec.layers) {
        console.warn(warning);
    }
    let device = device::for_training(&common.device, recipe.recompute).await?;
    let mut engine = device.engine_with(spec, &parameters, recipe.precision.precision())?;
    device::tell(&common.device, &device, engine.device(), &console);
    engine.load_data(&problem.windows)?;
    options.portion = fit::portion(engine.device(), parameters.len(), problem.windows.steps(), options.batch);
    let run = Run { patience, ..problem.run(spec, options) };
    let mut model = Model::new(spec, parameters);
    model.provenance = provenance(recipe, &run, &problem);
    console.say(opening(&model, engine.device(), &options, &problem))?;
    let from = recipe.resume.as_deref().map(|path| fit::resumed(path, &model)).transpose()?;
    let setup = start.elapsed();

    let training = Instant::now();
    let kept = fit::Kept { checkpoint: recipe.checkpoint.as_deref(), every: recipe.every, model: &model };
    let finished = fit::validated(&mut engine, &run, from, &kept, &mut console).await?;
    let training = training.elapsed();

    model.parameters = engine.parameters().await?;
    let card = problem.finish(&mut engine).await?;
    let rows = problem.rows();
    drop(problem);
    card.put(&mut model);
    model.provenance.insert("device".into(), serde_json::to_value(engine.device())?);
    // First what lasts: neither a test that fails nor that nobody reads what is said must cost the model.
    let files = write(recipe, flags, &model, &finished)?;
    let test = test(&mut engine, &card, &table, rows[2]).await?;

    let validation = finished.best.map(Validation::from);
    let seconds =
        Seconds { setup: setup.as_secs_f64(), training: training.as_secs_f64(), total: start.elapsed().as_secs_f64() };
    console.say(results(&finished, test.as_ref(), seconds.training))?;
    test.iter().for_each(|test| scores::warn(test, &console));
    warn_of_no_intervals(None, &card, &console);
    if !files.is_empty() {
        console.say(format_args!("Wrote {}", files.join(", ")))?;
    }
    let document = Document {
        device: engine.device().clone(),
        spec,
        parameters: model.parameters.len(),
        plan: card.plan,
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

/// What to say where a series that is much shorter than the others decides window and horizon for all.
fn short_series(table: &Table, task: &Task, card: &Card) -> Option<String> {
    let shortest = table.series.iter().min_by_key(|series| series.known)?;
    let mut lengths: Vec<usize> = table.series.iter().map(|series| series.known).collect();
    lengths.sort_unstable();
    let usual = lengths[lengths.len() / 2];
    let guessed = task.window.is_none() || task.horizon.is_none();
    (guessed && shortest.known * 4 <= usual).then(|| {
        format!(
            "{}: {} rows, where others have {usual}: this makes the window {} and the horizon {} for all; --window and \
             --horizon set them, and without that series they are larger",
            table.call(shortest),
            shortest.known,
            card.plan.window,
            card.plan.horizon
        )
    })
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

/// The loss, which quantiles and the quantile loss call for together.
fn loss(recipe: &Recipe, task: &mut Task, init: Option<&Card>) -> Result<Loss> {
    let delta = huber_delta(recipe.loss, recipe.delta)?;
    let known = init.and_then(|card| card.plan.quantiles);
    if recipe.loss == Some(LossName::Quantile) && task.quantiles.is_none() && known.is_none() {
        if init.is_some() {
            return Err(Error::config("--loss", "quantile", "mse, mae or huber: the model of --init forecasts points"));
        }
        task.quantiles = Some(Quantiles::new(&QUANTILES)?);
    }
    match (recipe.loss, task.quantiles.or(known)) {
        (None | Some(LossName::Quantile), Some(quantiles)) => Ok(Loss::Quantile(quantiles)),
        (Some(_), Some(_)) => {
            Err(Error::config("--loss", "another than quantile", "quantile, since levels are forecast"))
        }
        (None | Some(LossName::Mse), None) => Ok(Loss::Mse),
        (Some(LossName::Mae), None) => Ok(Loss::Mae),
        (Some(LossName::Huber), None) => Ok(Loss::Huber { delta: delta as f32 }),
        (Some(_), None) => Err(Error::config("--loss", "one of classes", "mse, mae, huber or quantile for a table")),
    }
}

/// The recipe, with the defaults for tables.
fn options(recipe: &Recipe, loss: Loss, problem: &Problem, seed: u64) -> Result<Options> {
    let defaults = problem.options(recipe.batch, recipe.epochs, seed);
    let total = (defaults.epochs * problem.train.len().div_ceil(defaults.batch)) as u64;
    Ok(Options {
        loss,
        dropout: recipe.dropout as f32,
        optimizer: recipe.optimizer(defaults.optimizer.lr())?,
        clip: recipe.clip(defaults.clip.map_or(0.0, |clip| clip.max_norm)),
        schedule: recipe.schedule.map_or(defaults.schedule, |schedule| schedule.over(total)),
        ..defaults
    })
}

/// The network, and the weights that training begins with.
fn network(problem: &Problem, recipe: &Recipe, initial: Option<(Model, Card)>, seed: u64) -> Result<(Spec, Vec<f32>)> {
    if let Some((model, _)) = initial {
        return Ok((model.spec, model.parameters));
    }
    let spec = problem.spec(recipe.cell.kind(), recipe.hidden, recipe.layers);
    let spec = Spec { bidirectional: recipe.bidirectional, ..spec };
    Ok((spec, device::parameters(&spec, seed)?))
}

/// The errors on the rows held out, where there are some, as `refrain backtest` finds them.
async fn test(engine: &mut AnyEngine, card: &Card, table: &Table, rows: usize) -> Result<Option<Backtest>> {
    if rows == 0 {
        return Ok(None);
    }
    let coverage = coverage_of(None, card);
    backtest(engine, card, table, &BacktestOptions { coverage, ..BacktestOptions::default() }).await.map(Some)
}

/// Writes what was asked for, all or nothing.
fn write(recipe: &Recipe, flags: &TaskFlags, model: &Model, finished: &Finished) -> anyhow::Result<Vec<String>> {
    let picture = flags.plot.as_ref().map(|_| losses(finished, &network_in_words(&model.spec)));
    let model = recipe.out.as_ref().map(|_| model.to_bytes()).transpose()?;
    let out = recipe.out.as_deref().zip(model.as_deref());
    let plot = flags.plot.as_deref().zip(picture.as_deref().map(str::as_bytes));
    let files: Vec<(&Path, &[u8])> = out.into_iter().chain(plot).collect();
    outputs::write(&files)?;
    Ok(files.iter().map(|(path, _)| path.display().to_string()).collect())
}
