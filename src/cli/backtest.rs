//! `refrain backtest`: how good a model's forecasts would have been, beside forecasts that need no network.

use super::common::Common;
use super::console::Console;
use super::flags::flagged;
use super::forecast::{coverage, warn_of_no_intervals};
use super::interrupt::Stopped;
use super::outputs::{self, named, table_bytes, table_file};
use super::plot::svg_file;
use super::table::rows;
use super::values::whole;
use super::{device, interrupt, scores, table};
use refrain::disk;
use refrain::engine::{Device, DeviceInfo, Engine};
use refrain::forecast::table::{ReadOptions, Table};
use refrain::forecast::{Backtest, BacktestOptions, Forecaster, Start, backtest, backtest_refitted};
use refrain::plot::WIDTH;
use refrain::train::{Epoch, Next};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Forecast a table's own rows from many origins, and count the errors
///
/// Each forecast sees the rows before its origin alone. Its errors stand beside those of repeating the last value,
/// repeating the last season, and the mean so far; where the model is no better than one of them, a sentence says so.
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true)]
pub struct Args {
    /// A model that `refrain train` has made of a table.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// A table, CSV or Parquet, or `-` for stdin.
    #[arg(value_name = "DATA")]
    data: String,
    /// The first row to forecast: a date, a number of rows from the start, or `last:N`, N rows before the end of each
    /// series. By default the first that training held out.
    #[arg(long, value_name = "DATE|N|last:N")]
    from: Option<Start>,
    /// Where to end: as `--from`, the first row that is not forecast any more. By default all rows are forecast.
    #[arg(long, value_name = "DATE|N|last:N")]
    to: Option<Start>,
    /// Rows from one origin to the next.
    #[arg(long, default_value = "1", value_name = "S", value_parser = rows)]
    stride: usize,
    /// Rows of a season, for the seasonal naive forecast and MASE; by default the model's.
    #[arg(long, value_name = "M", value_parser = rows)]
    season: Option<usize>,
    /// Train the model again so many times, at equal distances over the rows that are forecast: by its own recipe, from
    /// new weights, on all rows before the first that it then forecasts; and say what that changes.
    #[arg(long, value_name = "N", value_parser = whole::<1, 10_000>)]
    refit: Option<usize>,
    /// Coverage of the intervals of a model of points: 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, or 0 for none.
    #[arg(long, value_name = "P", value_parser = coverage)]
    level: Option<f64>,
    /// A table of every forecast: target, origin (the time of the last row that it knew), step, time, truth, forecast;
    /// as Parquet where the name ends in .parquet.
    #[arg(long, value_name = "F.csv", value_parser = table_file, help_heading = "Output")]
    forecasts: Option<PathBuf>,
    /// A picture (SVG) of the last forecasts and what came.
    #[arg(long, value_name = "F.svg", value_parser = svg_file, help_heading = "Output")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    table: table::TableFlags,
    #[command(flatten)]
    common: Common,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    device: DeviceInfo,
    #[serde(flatten)]
    backtest: &'a Backtest,
    files: Vec<String>,
}

/// Forecasts and counts.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let mut console = Console::new(&args.common);
    let written: Vec<_> =
        named("--forecasts", &args.forecasts).into_iter().chain(named("--plot", &args.plot)).collect();
    outputs::check(&[("MODEL", &args.model), ("DATA", Path::new(&args.data))], &written)?;
    let forecaster = Forecaster::open(&args.model)?;
    let Forecaster { model, card } = &forecaster;
    let options = args.table.options();
    let read = if args.refit.is_some() { card.read_options_to_train(options) } else { card.read_options(options) };
    let table = table::read(&args.data, &read, &console)?;
    let (device, why) = device::select(&args.common.device).await?;
    let mut engine = forecaster.engine(&device)?;
    device::tell(why, engine.device(), &console);
    let options = BacktestOptions {
        from: args.from.clone(),
        to: args.to.clone(),
        stride: Some(args.stride),
        season: args.season,
        coverage: card.coverage(args.level),
        keep: args.forecasts.is_some(),
    };
    let found = match args.refit {
        None => backtest(&mut engine, card, &table, &options).await?,
        Some(count) => refitted(&device, &forecaster, (&table, &read), &options, count, &mut console).await?,
    };
    console.say(format_args!(
        "{} windows, {} rows ahead each, every {}\n\n{}\n\n{}",
        found.windows,
        found.horizon,
        found.stride,
        scores::table(&found),
        scores::details(&found)
    ))?;
    found.refits.as_ref().map_or(Ok(()), |refits| console.say(scores::refits(&found, refits)))?;
    scores::warn(&found, &console);
    warn_of_no_intervals(args.level, card, &console);

    let written = |path: &Path| found.sheet(&table).map(|sheet| table_bytes(path, &sheet));
    let written = args.forecasts.as_deref().map(written).transpose()?;
    let drawn = || found.picture(&model.spec, card, &table).map(|picture| picture.svg(WIDTH));
    let svg = args.plot.as_ref().map(|_| drawn()).transpose()?;
    let forecasts = args.forecasts.as_deref().zip(written.as_deref());
    let plot = args.plot.as_deref().zip(svg.as_deref().map(str::as_bytes));
    let files: Vec<(&Path, &[u8])> = forecasts.into_iter().chain(plot).collect();
    disk::write_whole(&files)?;
    let files: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
    if !files.is_empty() {
        console.say(format_args!("Wrote {}", files.join(", ")))?;
    }
    Ok(console.document(&Document { device: engine.device().clone(), backtest: &found, files })?)
}

/// The backtest with so many trainings, under the progress bar. Ctrl-C ends it with an error.
async fn refitted(
    device: &Device,
    forecaster: &Forecaster,
    (table, read): (&Table, &ReadOptions),
    options: &BacktestOptions,
    count: usize,
    console: &mut Console,
) -> anyhow::Result<Backtest> {
    interrupt::listen()?;
    let _cleanly = interrupt::stop_cleanly();
    let mut training = 0;
    let mut shown = console.clone();
    let watch = |place: usize, epoch: &Epoch| {
        if place != training {
            training = place;
            shown.start_bar(epoch.epochs);
        }
        shown.move_bar(epoch.epoch, (epoch.step, epoch.steps));
        if interrupt::asked() { Next::Stop } else { Next::Continue }
    };
    let found = backtest_refitted(device, forecaster, table, read, options, count, watch).await;
    shown.end_bar();
    match found.map_err(flagged)? {
        // Forecasts do not look at signals.
        Some(found) if !interrupt::asked() => Ok(found),
        _ => Err(Stopped(format!("in training {training} of {count}; nothing was written")).into()),
    }
}
