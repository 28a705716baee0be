//! `refrain benchmark`: models beside naive and statistical forecasts, over all tables of a folder.

mod words;

use crate::cli::common::Common;
use crate::cli::console::Console;
use crate::cli::flags::{flagged, in_flags};
use crate::cli::outputs::{self, named, table_bytes, table_file};
use crate::cli::table::rows;
use crate::cli::train::task::{names, seconds};
use crate::cli::values::count;
use crate::cli::{device, interrupt, table};
use anyhow::{Context, bail};
use clap::ValueEnum;
use refrain::disk;
use refrain::engine::Device;
use refrain::forecast::{
    ALL, Architecture, BUDGET, BacktestOptions, Baseline, Benchmark, Failed, Forecaster, Method, Naive, OfTable, Part,
    Recipe, Task, Training, backtest_baseline,
};
use refrain::train::{Epoch, Next};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Compare models with naive and statistical forecasts over all tables of a folder
///
/// Every table (.csv, .parquet) is split as `refrain train` splits it; each model is trained on its first rows, and all
/// forecast the rows held out from the same origins: models, repeating the last value and the last season, the mean,
/// Theta, and exponential smoothing. A table that cannot be read or forecast is reported, and the others go on.
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true)]
pub struct Args {
    /// The folder.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// What to compare: `default` searches for the network as `refrain train` does; `segrnn` and `rows` say what it goes
    /// over. May be given several times.
    #[arg(long, value_enum, value_name = "MODEL", default_values_t = [ModelName::Default])]
    model: Vec<ModelName>,
    /// The columns to forecast; by default all but times and identifiers.
    #[arg(long, value_name = "A,B", help_heading = "Task")]
    target: Vec<String>,
    /// Columns that are left out where all are forecast.
    #[arg(long, value_name = "F", help_heading = "Task")]
    except: Vec<String>,
    /// Rows that a network sees; by default as `refrain train` has them.
    #[arg(long, value_name = "N", value_parser = rows, help_heading = "Task")]
    window: Option<usize>,
    /// Rows forecast at once; by default a season, or 10 where the frequency has none.
    #[arg(long, value_name = "N", value_parser = rows, help_heading = "Task")]
    horizon: Option<usize>,
    /// Rows of a season; by default the frequency's, or what autocorrelation shows.
    #[arg(long, value_name = "N", value_parser = rows, help_heading = "Task")]
    season: Option<usize>,
    /// Rows that decide when training stops: a fraction, a count, or the first date.
    #[arg(long, value_name = "PART", default_value = "0.1", help_heading = "Task")]
    val: Part,
    /// Rows at the end that are forecast: a fraction, a count, or the first date.
    #[arg(long, value_name = "PART", default_value = "0.1", help_heading = "Task")]
    test: Part,
    /// Rows from one origin to the next; by default the horizon.
    #[arg(long, value_name = "S", value_parser = rows, help_heading = "Task")]
    stride: Option<usize>,
    /// How long each model searches, as `refrain train --budget` has it: 30 where nothing is said.
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "Network")]
    budget: Option<f64>,
    /// Passes over the training windows; by default as `refrain train` has them.
    #[arg(long, value_name = "N", value_parser = count, help_heading = "Network")]
    epochs: Option<usize>,
    /// A table of the errors, a row for each method of each table; as Parquet where the name ends in .parquet.
    #[arg(long, value_name = "F.csv", value_parser = table_file, help_heading = "Output")]
    out: Option<PathBuf>,
    #[command(flatten)]
    table: table::TableFlags,
    #[command(flatten)]
    common: Common,
}

/// A model to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ModelName {
    Default,
    #[value(name = "segrnn")]
    SegRnn,
    Rows,
}

impl ModelName {
    fn name(self) -> &'static str {
        match self {
            ModelName::Default => "refrain",
            ModelName::SegRnn => "refrain segrnn",
            ModelName::Rows => "refrain rows",
        }
    }

    fn architecture(self) -> Option<Architecture> {
        match self {
            ModelName::Default => None,
            ModelName::SegRnn => Some(Architecture::Segments(None)),
            ModelName::Rows => Some(Architecture::Rows),
        }
    }
}

/// Trains, forecasts and compares.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let console = Console::new(&args.common);
    let files = tables(&args.folder)?;
    let inputs: Vec<_> = files.iter().map(|path| ("DIR", path.as_path())).collect();
    let written: Vec<_> = named("--out", &args.out).into_iter().collect();
    outputs::check(&inputs, &written)?;
    interrupt::listen()?;
    let (device, why) = device::select(&args.common.device).await?;
    device::tell(why, &device.info()?, &console);
    let (mut tables, mut failed) = (Vec::new(), Vec::new());
    for path in &files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match compare(args, path, &name, &device, &console).await {
            Ok(table) => {
                console.say(words::in_words(&table))?;
                tables.push(table);
            }
            Err(error) if error.is::<Stopped>() => bail!("{error} at {name}; nothing was written"),
            Err(error) => {
                let reason = in_flags(&format!("{error:#}"));
                console.warn(format_args!("{name} is left out: {reason}"));
                failed.push(Failed { name, reason });
            }
        }
    }
    let found = Benchmark::of(tables, failed);
    if let Some(ranks) = &found.ranks {
        console.say(words::ranks_in_words(ranks))?;
    }
    let written = args.out.as_deref().map(|path| table_bytes(path, &found.sheet()));
    if let Some((path, bytes)) = args.out.as_deref().zip(written.as_deref()) {
        disk::write_whole(&[(path, bytes)])?;
        console.say(format_args!("Wrote {}", path.display()))?;
    }
    console.document(&found)?;
    if found.tables.is_empty() {
        bail!("{}: none of its {} tables could be forecast", args.folder.display(), found.failed.len());
    }
    Ok(())
}

/// The tables of a folder, by their names.
fn tables(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let at = || folder.display().to_string();
    let mut tables = Vec::new();
    for entry in fs::read_dir(folder).with_context(at)? {
        let path = entry.with_context(at)?.path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if path.is_file() && ["csv", "parquet"].iter().any(|known| ending.eq_ignore_ascii_case(known)) {
            tables.push(path);
        }
    }
    if tables.is_empty() {
        bail!("{}: expected tables, files that end in .csv or .parquet, found none", at());
    }
    tables.sort();
    Ok(tables)
}

/// That a signal has ended a training.
#[derive(Debug)]
struct Stopped;

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("stopped by Ctrl-C")
    }
}

impl std::error::Error for Stopped {}

/// What models and baselines make of a table.
async fn compare(args: &Args, path: &Path, name: &str, device: &Device, console: &Console) -> anyhow::Result<OfTable> {
    let targets = if args.target.is_empty() { vec![ALL.to_owned()] } else { names(&args.target) };
    let data = path.display().to_string();
    let (except, columns) = (names(&args.except), table::names(&data, &args.table.options())?);
    let task = Task {
        // Another table may have them.
        except: except.into_iter().filter(|name| columns.contains(name)).collect(),
        window: args.window,
        horizon: args.horizon,
        season: args.season,
        val: args.val.clone(),
        test: args.test.clone(),
        ..Task::new(targets)
    };
    let read = task.read_options(args.table.options());
    let table = table::read(&data, &read, console)?;
    let mut methods: Vec<(Method, f64)> = Vec::new();
    let mut last = None;
    for model in &args.model {
        let recipe = Recipe {
            model: model.architecture(),
            budget: args.budget.unwrap_or(BUDGET),
            epochs: args.epochs,
            seed: args.common.seed,
            ..Recipe::default()
        };
        let since = Instant::now();
        let watch = |_: &Epoch| if interrupt::asked() { Next::Stop } else { Next::Continue };
        let forecaster = {
            let _cleanly = interrupt::stop_cleanly();
            let (training, search) =
                Training::searched(device, &table, &task, &read, &recipe, watch).await.map_err(flagged)?;
            if search.stopped {
                return Err(Stopped.into());
            }
            let (forecaster, finished) = training.fit(device, watch).await?;
            if finished.stopped {
                return Err(Stopped.into());
            }
            forecaster
        };
        let options = options(args, &forecaster);
        let found = forecaster.backtest(device, &table, &options).await?;
        let method = Method { name: model.name().to_owned(), ..found.model().clone() };
        methods.push((method, since.elapsed().as_secs_f64()));
        last = Some((forecaster, found.windows));
    }
    let (forecaster, windows) = last.context("--model: expected one model at least")?;
    let (card, options) = (&forecaster.card, options(args, &forecaster));
    let mut reference = None;
    for baseline in Baseline::ALL {
        let since = Instant::now();
        let method = backtest_baseline(card, &table, &options, baseline)?;
        if baseline == Baseline::Naive(Naive::Seasonal) {
            reference = Some(method.scores.clone());
        }
        methods.push((method, since.elapsed().as_secs_f64()));
    }
    let reference = reference.expect("the seasonal naive forecast is one of the baselines");
    Ok(OfTable::new((name, &table), card, windows, &methods, &reference)?)
}

fn options(args: &Args, forecaster: &Forecaster) -> BacktestOptions {
    let stride = args.stride.or(Some(forecaster.card.plan.horizon));
    BacktestOptions { stride, ..BacktestOptions::default() }
}
