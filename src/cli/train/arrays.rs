//! `refrain train ARRAYS`: ready-made sequences in, a model out.

use super::flags::Flags;
use super::held_out::size;
use super::report::Validation;
use super::set::{For, Set, in_words};
use super::targets::named_loss;
use crate::cli::common::Common;
use crate::cli::console::{Console, significant};
use crate::cli::flags::flagged;
use crate::cli::recipe::{Recipe, huber_delta};
use crate::cli::{device, fit, interrupt, outputs};
use anyhow::Context;
use refrain::arrays::Arrays;
use refrain::data::HeldOut;
use refrain::engine::{DeviceInfo, Engine};
use refrain::forecast::Part;
use refrain::loss::Loss;
use refrain::model::{Model, Spec};
use refrain::optim::Schedule;
use refrain::train::{Measures, Options, Order, Run, portion};
use refrain::{Error, Result, disk};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::time::Instant;

/// Epochs and batch where none is asked for.
const EPOCHS: usize = 100;
const BATCH: usize = 32;
/// The learning rate, likewise.
const LR: f64 = 1e-3;

/// What `--json` prints.
#[derive(Serialize)]
struct Document {
    device: DeviceInfo,
    spec: Spec,
    parameters: usize,
    /// Rows that were trained on, that validated, and that were held out.
    rows: [usize; 3],
    steps: usize,
    loss: Loss,
    epochs: usize,
    batch: usize,
    lr: f64,
    seed: u64,
    optimizer_steps: u64,
    /// Mean loss of the last epoch.
    train_loss: f64,
    /// The epoch whose weights the model has, where they are not the last.
    validation: Option<Validation>,
    /// What the outputs of the rows held out are worth.
    test: Option<Measures>,
    /// What was assumed or converted.
    notes: Vec<String>,
    files: Vec<String>,
    seconds: Seconds,
}

#[derive(Serialize)]
struct Seconds {
    /// From the start to the first training step.
    setup: f64,
    training: f64,
    total: f64,
}

/// Trains on the arrays of the file `data`.
pub async fn run(
    data: &str,
    recipe: &Recipe,
    flags: &Flags,
    parts: [Option<&Part>; 2],
    common: &Common,
) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut console = Console::new(common);
    if let (Some(name), None) = (flags.modules.given(), &recipe.init) {
        return Err(Error::config(name, "given", "--init beside it, of whose file it says something").into());
    }
    recipe.check_outputs(data, None, &console)?;
    interrupt::listen()?;

    let (mut notes, mut warnings) = (Vec::new(), Vec::new());
    let Set { windows, rows, loss, mut model } = {
        let bytes = disk::read(Path::new(data))?;
        let network = recipe.init.as_deref().map_or(For::New(recipe, common.seed), For::Model);
        let delta = huber_delta(recipe.loss, recipe.delta)?;
        let asked = recipe.loss.map(|name| named_loss(name, delta)).transpose()?;
        Set::read(&Arrays::from_bytes(data, &bytes)?, network, asked, flags, &mut notes, &mut warnings)?
    };
    for warning in &warnings {
        console.warn(warning);
    }
    if let Some(warning) = recipe.dropout_warning(model.spec.layers) {
        console.warn(warning);
    }
    for note in &notes {
        console.say(note)?;
    }
    let sizes = [size("--val", parts[0], rows.len())?, size("--test", parts[1], rows.len())?];
    let seed = (!flags.no_shuffle).then_some(common.seed);
    let HeldOut { train, val, test } = HeldOut::of(rows, sizes, seed)?;
    let options = options(recipe, flags, loss, train.len(), common.seed)?;
    let mut run = Run {
        spec: model.spec,
        options,
        windows: &windows,
        train: &train,
        weights: &[],
        val: &val,
        val_groups: &[],
        patience: options.patience_of(recipe.patience, !val.is_empty()).map_err(flagged)?,
    };
    model.provenance = provenance(&run, recipe, test.len());
    let from = recipe.resume.as_deref().map(|path| fit::resumed(path, &model)).transpose()?;

    let (device, why) = device::select(&common.device).await?;
    let device = device.recomputing(recipe.recompute).map_err(flagged)?;
    let mut engine = device.engine_with(model.spec, &model.parameters, recipe.precision.precision())?;
    device::tell(why, engine.device(), &console);
    engine.load_data(&windows)?;
    // How an epoch is cut up depends on the device, which the file does not say.
    run.options.portion = portion(engine.device(), model.parameters.len(), windows.steps(), options.batch);
    console.say(opening(
        &model,
        engine.device(),
        &options,
        [&train, &val, &test].map(|part| part.len()),
        windows.steps(),
    ))?;
    let setup = start.elapsed();

    let training = Instant::now();
    let kept = fit::Kept { checkpoint: recipe.checkpoint.as_deref(), every: recipe.every, model: &model };
    let finished = fit::validated(&mut engine, &run, from, &kept, &mut console).await?;
    let training = training.elapsed();
    let loss_at_end = finished.history.last().copied().unwrap_or(f64::NAN);

    let test = match test[..] {
        [] => None,
        _ => {
            let outputs = engine.predict(&test, options.batch).await?;
            Some(Measures::of(&model.spec, loss, &windows, &test, &outputs)?)
        }
    };
    let mut files = Vec::new();
    if let Some(out) = &recipe.out {
        model.parameters = engine.parameters().await?;
        model.provenance.insert("device".into(), serde_json::to_value(engine.device())?);
        outputs::write(&[(out, &model.to_bytes()?)]).context("--out")?;
        files.push(out.display().to_string());
    }
    console.say(format_args!("Trained in {:.2} s; loss {}", training.as_secs_f64(), significant(loss_at_end)))?;
    if let Some(best) = finished.best {
        let (loss, epoch) = (significant(best.loss), best.epoch);
        console.say(format_args!("The weights are those of epoch {epoch}, with the best validation loss, {loss}"))?;
    }
    if let Some(test) = &test {
        console.say(format_args!("Held out: {test}"))?;
    }
    if let [file] = files.as_slice() {
        console.say(format_args!("Wrote {file}"))?;
    }
    let document = Document {
        device: engine.device().clone(),
        spec: model.spec,
        parameters: model.parameters.len(),
        rows: [train.len(), val.len(), test.as_ref().map_or(0, |test| test.rows)],
        steps: windows.steps(),
        loss,
        epochs: finished.epochs,
        batch: options.batch,
        lr: options.optimizer.lr(),
        seed: options.seed,
        optimizer_steps: finished.steps,
        train_loss: loss_at_end,
        validation: finished.best.map(Validation::from),
        test,
        notes,
        files,
        seconds: Seconds {
            setup: setup.as_secs_f64(),
            training: training.as_secs_f64(),
            total: start.elapsed().as_secs_f64(),
        },
    };
    Ok(console.document(&document)?)
}

fn options(recipe: &Recipe, flags: &Flags, loss: Loss, rows: usize, seed: u64) -> Result<Options> {
    let epochs = recipe.epochs.unwrap_or(EPOCHS);
    let batch = recipe.batch.unwrap_or(BATCH).min(rows);
    let total = (epochs * rows.div_ceil(batch)) as u64;
    Ok(Options {
        epochs,
        batch,
        loss,
        dropout: recipe.dropout.unwrap_or(0.0) as f32,
        optimizer: recipe.optimizer(LR)?,
        clip: recipe.clip(0.0),
        schedule: recipe.schedule.map_or(Schedule::Constant, |schedule| schedule.over(total)),
        seed,
        order: if flags.no_shuffle { Order::Given } else { Order::Shuffled },
        ..Options::default()
    })
}

/// What is about to be done.
fn opening(model: &Model, device: &DeviceInfo, options: &Options, rows: [usize; 3], steps: usize) -> String {
    let Spec { cell, hidden, layers, bidirectional, .. } = model.spec;
    let both = if bidirectional { ", both directions" } else { "" };
    let [train, val, test] = rows;
    let held_out =
        if val + test > 0 { format!(" to train on, {val} to validate, {test} held out") } else { String::new() };
    format!(
        "{cell}, {layers} x {hidden} hidden units{both}, {} parameters, on {} ({})\n\
         {train} rows of {steps} steps{held_out}; {}, batch {}, lr {}, seed {}\n",
        model.parameters.len(),
        device.name,
        device.backend,
        in_words(options.loss),
        options.batch,
        options.optimizer.lr(),
        options.seed,
    )
}

/// Where the weights come from. Without times and paths: the same run gives the same file.
fn provenance(run: &Run<'_>, recipe: &Recipe, test: usize) -> Map<String, Value> {
    let Run { options, windows, .. } = run;
    let provenance = json!({
        "program": concat!("refrain ", env!("CARGO_PKG_VERSION")),
        "command": "train",
        "data": format!("arrays {:016x}", windows.fingerprint()),
        "init": recipe.init.is_some(),
        "seed": options.seed,
        "epochs": options.epochs,
        "batch": options.batch,
        "shuffled": options.order == Order::Shuffled,
        "loss": options.loss,
        "dropout": recipe.dropout.unwrap_or(0.0),
        "optimizer": options.optimizer,
        "clip": options.clip,
        "schedule": options.schedule,
        "precision": recipe.precision,
        "recompute": recipe.recompute.is_some(),
        "rows": [run.train.len(), run.val.len(), test],
        "patience": if run.val.is_empty() { 0 } else { run.patience },
    });
    match provenance {
        Value::Object(map) => map,
        other => unreachable!("json!({{..}}) is an object, found {other}"),
    }
}
