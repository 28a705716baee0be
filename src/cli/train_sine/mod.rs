//! `refrain train-sine`: the course exercise, whole. Data, training, held-out evaluation, free-running forecast,
//! picture.

mod args;
mod forecast;
mod report;

pub use args::Args;

use super::console::Console;
use super::folder::Folder;
use super::{device, fit, interrupt};
use anyhow::bail;
use forecast::drawn;
use refrain::engine::Engine;
use refrain::exercise::{self, Sine, SineOptions, free_run};
use refrain::model::{Model, Spec};
use refrain::optim::Optimizer;
use refrain::plot::WIDTH;
use refrain::train::{self, Metrics};
use report::{Document, FreeRun, Naive, Seconds};
use serde_json::json;
use std::time::Instant;

/// Points of the free-running forecast.
const FREE_RUN: usize = 100;
/// The files of `--out`.
const FILES: [&str; 4] = ["model.safetensors", "metrics.json", "forecast.csv", "forecast.svg"];

/// Runs the exercise.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let start = Instant::now();
    let seed = args.common.seed;
    let mut console = Console::new(&args.common);
    let folder = args.out.as_deref().map(|path| Folder::prepare(path, &FILES)).transpose()?;
    let files = folder.iter().flat_map(|folder| FILES.map(|file| folder.place(file).display().to_string())).collect();
    interrupt::listen()?;

    let sine = Sine::new(&SineOptions { samples: args.samples, seq_len: args.seq_len, noise: args.noise, seed })?;
    let (train_ids, test_ids) = (sine.train_ids(), sine.test_ids());
    let spec = Spec::new(args.cell.kind(), 1, args.hidden, 1);
    let mut engine = device::open(&args.common.device, args.precision.precision(), spec, seed, &console).await?;
    engine.load_data(sine.windows())?;
    let parameters = engine.parameters().await?.len();
    console.say(report::opening(args, parameters, engine.device(), [train_ids.len(), test_ids.len()]))?;
    let setup = start.elapsed();

    let training = Instant::now();
    let optimizer = Optimizer::adam(args.lr);
    let portion = train::portion(engine.device(), parameters, args.seq_len, args.batch.min(train_ids.len()));
    let options = train::Options {
        epochs: args.epochs,
        batch: args.batch,
        optimizer,
        seed,
        portion,
        ..train::Options::default()
    };
    let summary = fit::train(&mut engine, &options, &train_ids, &mut console).await?;
    let training = training.elapsed();

    let test = train::evaluate(&mut engine, sine.windows(), &test_ids, args.batch).await?;
    let targets: Vec<f32> = test_ids.iter().map(|&id| sine.windows().target(id as usize)[0]).collect();
    let naive = Metrics::of(&sine.repeat_last(&test_ids), &targets)?;
    let shown = test_ids[0] as usize;
    let given = sine.windows().window(shown).to_vec();
    let forecast = free_run(&mut engine, &given, FREE_RUN).await?;
    let truth = sine.truth(shown, 0, args.seq_len + FREE_RUN);
    let free = Metrics::of(&forecast, &truth[args.seq_len..])?;
    if !(test.mse.is_finite() && free.mse.is_finite()) {
        bail!("after the last training step the network's outputs are not finite: take a smaller --lr");
    }

    let document = Document {
        device: engine.device().clone(),
        cell: args.cell.name(),
        hidden: args.hidden,
        precision: args.precision,
        parameters,
        epochs: args.epochs,
        batch: args.batch,
        lr: args.lr,
        seed,
        train_loss: summary.loss,
        test,
        naive: Naive { mse: naive.mse },
        free_run: FreeRun { steps: FREE_RUN, rmse: free.rmse },
        seconds: Seconds {
            setup: setup.as_secs_f64(),
            training: training.as_secs_f64(),
            total: start.elapsed().as_secs_f64(),
        },
        files,
    };
    let title =
        format!("{} with {} hidden units, fed with its own output", args.cell.name().to_uppercase(), args.hidden);
    let forecast = exercise::FreeRun { title, given, truth, forecast, rmse: free.rmse };
    console.say(report::results(&document, &naive, test_ids.len()))?;
    console.draw(drawn(&forecast, console.colour()))?;

    if let Some(folder) = folder {
        let parameters = engine.parameters().await?;
        let provenance = provenance(args, &options, engine.device());
        let model = Model { provenance, ..Model::new(spec, parameters) }.to_bytes()?;
        let metrics = serde_json::to_string_pretty(&document)? + "\n";
        let (table, picture) = (forecast.csv(), forecast.svg(WIDTH));
        let contents = [&model, metrics.as_bytes(), table.as_bytes(), picture.as_bytes()];
        folder.write(&std::array::from_fn::<_, 4, _>(|file| (FILES[file], contents[file])))?;
        console.say(format_args!("Wrote {}", document.files.join(", ")))?;
    }
    Ok(console.document(&document)?)
}

/// Where the weights come from. Without times and paths: the same run gives the same file.
fn provenance(
    args: &Args,
    options: &train::Options,
    device: &refrain::engine::DeviceInfo,
) -> serde_json::Map<String, serde_json::Value> {
    let provenance = json!({
        "program": concat!("refrain ", env!("CARGO_PKG_VERSION")),
        "command": "train-sine",
        "data": { "samples": args.samples, "seq_len": args.seq_len, "noise": args.noise },
        "seed": options.seed,
        "epochs": options.epochs,
        "batch": options.batch,
        "optimizer": options.optimizer,
        "precision": args.precision,
        "device": device,
    });
    match provenance {
        serde_json::Value::Object(map) => map,
        other => unreachable!("json!({{..}}) is an object, found {other}"),
    }
}
