//! `refrain evaluate`: what a model's outputs for arrays are worth, beside the targets that the arrays hold.

use super::common::Common;
use super::console::Console;
use super::device;
use super::modules::Modules;
use super::recipe::{LossName, huber_delta};
use super::train::flags::{Flags, HeadName};
use super::train::set::{For, Set, in_words};
use super::train::targets::named_loss;
use super::values::{count, positive};
use refrain::arrays::Arrays;
use refrain::disk;
use refrain::engine::{DeviceInfo, Engine};
use refrain::loss::Loss;
use refrain::model::{Model, Spec};
use refrain::train::Measures;
use serde::Serialize;
use std::path::PathBuf;

/// Measure a model on arrays: its loss, and for classes accuracy and confusion matrix
///
/// ARRAYS holds x, y and lengths as for `refrain train`. Of cross-entropy the loss is the mean negative log-likelihood
/// of a class, in nats; --json has it for each step, too.
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true)]
pub struct Args {
    /// The model.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// The arrays: .safetensors or .npz.
    #[arg(value_name = "ARRAYS")]
    arrays: PathBuf,
    /// What to measure; by default what the model was trained for, else what y looks like.
    #[arg(long, value_enum, value_name = "LOSS")]
    loss: Option<LossName>,
    /// Where Huber's loss turns from a parabola into lines; 1 where nothing is said. With --loss huber alone.
    #[arg(long, value_name = "X", value_parser = positive)]
    delta: Option<f64>,
    /// The steps that the head reads; by default y's dimensions say.
    #[arg(long, value_enum, value_name = "STEPS")]
    head: Option<HeadName>,
    /// The class that stands for none in y; -100 where nothing is said.
    #[arg(long, value_name = "N")]
    ignore_index: Option<i32>,
    #[command(flatten)]
    modules: Modules,
    /// Rows that are computed at a time; more take more memory.
    #[arg(long, default_value = "256", value_name = "N", value_parser = count)]
    batch: usize,
    #[command(flatten)]
    common: Common,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document {
    device: DeviceInfo,
    spec: Spec,
    loss: Loss,
    measures: Measures,
    /// What was assumed or converted.
    notes: Vec<String>,
}

/// Measures the model.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let console = Console::new(&args.common);
    let flags = Flags {
        head: args.head,
        classes: None,
        ignore_index: args.ignore_index,
        no_shuffle: true,
        modules: args.modules.clone(),
    };
    let delta = huber_delta(args.loss, args.delta)?;
    let asked = match args.loss {
        Some(name) => Some(named_loss(name, delta)?),
        None => trained_for(args)?,
    };
    let (mut notes, mut warnings) = (Vec::new(), Vec::new());
    let bytes = disk::read(&args.arrays)?;
    let arrays = Arrays::from_bytes(&args.arrays.display().to_string(), &bytes)?;
    let Set { windows, rows, loss, model } =
        Set::read(&arrays, For::Model(&args.model), asked, &flags, &mut notes, &mut warnings)?;
    warnings.iter().for_each(|warning| console.warn(warning));
    notes.iter().try_for_each(|note| console.say(note))?;

    let (device, why) = device::select(&args.common.device).await?;
    let mut engine = device.engine(model.spec, &model.parameters)?;
    device::tell(why, engine.device(), &console);
    engine.load_data(&windows)?;
    let outputs = engine.predict(&rows, args.batch).await?;
    let measures = Measures::of(&model.spec, loss, &windows, &rows, &outputs)?;
    console.say(format_args!("{}: {}", in_words(loss), measures))?;
    let document = Document { device: engine.device().clone(), spec: model.spec, loss, measures, notes };
    Ok(console.document(&document)?)
}

/// The loss that a model of ours was trained for, if its file says so.
fn trained_for(args: &Args) -> anyhow::Result<Option<Loss>> {
    let model = Model::open(&args.model, &args.modules.options(None))?.model;
    Ok(refrain::train::trained_for(&model).filter(|loss| !matches!(loss, Loss::Quantile(_) | Loss::Likelihood(_))))
}
