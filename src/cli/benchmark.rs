//! `refrain benchmark`: models beside naive and statistical forecasts, over all tables of a folder.

use super::common::Common;
use super::console::Console;
use super::flags::{flagged, in_flags};
use super::interrupt::Stopped;
use super::outputs::{self, named, table_bytes, table_file};
use super::table::rows;
use super::train::task::{names, seconds};
use super::values::count;
use super::{device, interrupt, table};
use anyhow::{Context, bail};
use clap::ValueEnum;
use refrain::disk;
use refrain::engine::Device;
use refrain::forecast::{ALL, Architecture, BUDGET, Benchmark, Contest, Failed, OfTable, Part, Recipe, Task};
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
    let contest = args.contest();
    let (mut tables, mut failed) = (Vec::new(), Vec::new());
    for path in &files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match compare(args, &contest, (path, &name), &device, &console).await {
            Ok(Some(table)) => {
                console.say(format_args!("\n{table}\n"))?;
                tables.push(table);
            }
            Ok(None) => return Err(Stopped(stopped_at(&name, &tables, files.len())).into()),
            Err(error) => {
                let failure = Failed { name, reason: in_flags(&format!("{error:#}")) };
                console.warn(&failure);
                failed.push(failure);
            }
        }
    }
    let found = Benchmark::of(tables, failed);
    if let Some(ranks) = &found.ranks {
        console.say(format_args!("\n{ranks}"))?;
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

impl Args {
    fn contest(&self) -> Contest {
        let targets = if self.target.is_empty() { vec![ALL.to_owned()] } else { names(&self.target) };
        Contest {
            task: Task {
                except: names(&self.except),
                window: self.window,
                horizon: self.horizon,
                season: self.season,
                val: self.val.clone(),
                test: self.test.clone(),
                ..Task::new(targets)
            },
            recipe: Recipe {
                budget: self.budget.unwrap_or(BUDGET),
                epochs: self.epochs,
                seed: self.common.seed,
                ..Recipe::default()
            },
            models: self.model.iter().map(|model| model.architecture()).collect(),
            stride: self.stride,
        }
    }
}

/// What models and baselines make of a table; none where a signal has ended that.
async fn compare(
    args: &Args,
    contest: &Contest,
    (path, name): (&Path, &str),
    device: &Device,
    console: &Console,
) -> anyhow::Result<Option<OfTable>> {
    let (data, options) = (path.display().to_string(), args.table.options());
    let task = contest.task(&table::names(&data, &options)?);
    let read = task.read_options(options);
    let table = table::read(&data, &read, console)?;
    let (_cleanly, begun) = (interrupt::stop_cleanly(), Instant::now());
    let clock = || begun.elapsed().as_secs_f64();
    Ok(contest.run(device, (name, &table), &task, &read, interrupt::asked, clock).await.map_err(flagged)?)
}

/// Where a signal has ended the comparison, and what was compared before.
fn stopped_at(name: &str, tables: &[OfTable], all: usize) -> String {
    let finished: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    let finished = if finished.is_empty() { "none".to_owned() } else { finished.join(", ") };
    format!("at {name}; finished of {all} tables: {finished}; nothing was written")
}
