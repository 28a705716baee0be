//! `refrain forecast`: what comes after a table's end.

use super::common::Common;
use super::console::Console;
use super::outputs::{self, named, table_bytes, table_file};
use super::plot::chart::drawn;
use super::plot::svg_file;
use super::table::rows;
use super::{device, table};
use clap::ValueEnum;
use refrain::disk;
use refrain::engine::{DeviceInfo, Engine};
use refrain::forecast::{COVERAGE, COVERAGES, Card, Forecaster, Level, forecast};
use refrain::plot::WIDTH;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Forecast what comes after a table's end
///
/// The times go on at the table's frequency. A model of points is given with intervals, which were calibrated on the
/// rows that validated it. Rows at the table's end whose targets are empty hold what is known of the future.
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true)]
pub struct Args {
    /// A model that `refrain train` has made of a table.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// A table, CSV or Parquet, or `-` for stdin.
    #[arg(value_name = "DATA")]
    data: String,
    /// Rows to forecast; by default the model's horizon. Beyond that it is fed with its own forecasts.
    #[arg(long, value_name = "N", value_parser = rows)]
    steps: Option<usize>,
    /// Coverage of the intervals of a model of points: 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, or 0 for none.
    #[arg(long, value_name = "P", value_parser = coverage)]
    level: Option<f64>,
    /// Where the table of forecasts goes, as Parquet where that ends in .parquet; else to stdout.
    #[arg(long, value_name = "F.csv", value_parser = table_file, help_heading = "Output")]
    out: Option<PathBuf>,
    /// A picture (SVG).
    #[arg(long, value_name = "F.svg", value_parser = svg_file, help_heading = "Output")]
    plot: Option<PathBuf>,
    /// Whether to draw the first target in the terminal; by default where there is one.
    #[arg(long, value_enum, default_value_t = Chart::Auto, help_heading = "Output")]
    chart: Chart,
    #[command(flatten)]
    table: table::TableFlags,
    #[command(flatten)]
    common: Common,
}

/// When to draw in the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Chart {
    Auto,
    Always,
    Never,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    device: DeviceInfo,
    targets: &'a [String],
    levels: &'a [Level],
    series: Vec<OfSeries<'a>>,
    files: Vec<String>,
}

/// The forecast of one series.
#[derive(Serialize)]
struct OfSeries<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    times: &'a [String],
    /// [step][target][level].
    values: Vec<Vec<&'a [f64]>>,
}

/// Says that there are no intervals by default, and why.
pub fn warn_of_no_intervals(asked: Option<f64>, card: &Card, console: &Console) {
    if let Some(without) = card.without_intervals(COVERAGE).filter(|_| asked.is_none()) {
        console.warn(without);
    }
}

/// Reads a coverage.
pub fn coverage(text: &str) -> Result<f64, String> {
    let found = text.parse().ok().filter(|coverage| *coverage == 0.0 || COVERAGES.contains(coverage));
    found.ok_or_else(|| format!("expected 0 or one of {COVERAGES:?}"))
}

/// Forecasts.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let console = Console::new(&args.common);
    let written: Vec<_> = [named("--out", &args.out), named("--plot", &args.plot)].into_iter().flatten().collect();
    outputs::check(&[("MODEL", &args.model), ("DATA", Path::new(&args.data))], &written)?;
    let Forecaster { model, card } = Forecaster::open(&args.model)?;
    // The table of forecasts has stdout to itself, so that what is said of the data goes elsewhere.
    let aside = if args.out.is_none() { console.aside() } else { console.clone() };
    let table = table::read(&args.data, &card.read_options(args.table.options()), &aside)?;
    let (device, why) = device::select(&args.common.device).await?;
    let mut engine = device.engine(model.spec, &model.parameters)?;
    device::tell(why, engine.device(), &console);
    let steps = args.steps.unwrap_or(card.plan.horizon);
    let found = forecast(&mut engine, &card, &table, steps, card.coverage(args.level)).await?;

    warn_of_no_intervals(args.level, &card, &console);
    found.notes.iter().for_each(|note| console.warn(note));
    card.worthless().iter().for_each(|warning| console.warn(warning));
    let sheet = found.sheet();
    let written = args.out.as_deref().map(|path| table_bytes(path, &sheet));
    let picture = found.picture(&model.spec, &card, &table)?;
    let svg = args.plot.as_ref().map(|_| picture.svg(WIDTH));
    let out = args.out.as_deref().zip(written.as_deref());
    let plot = args.plot.as_deref().zip(svg.as_deref().map(str::as_bytes));
    let files: Vec<(&Path, &[u8])> = out.into_iter().chain(plot).collect();
    disk::write_whole(&files)?;

    if args.out.is_none() {
        console.print(sheet.to_csv().trim_end())?;
    }
    if args.chart == Chart::Always || args.chart == Chart::Auto && aside.terminal() {
        aside.draw(drawn(&picture, aside.colour()))?;
    }
    let files: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
    if !files.is_empty() {
        aside.say(format_args!("Wrote {}", files.join(", ")))?;
    }
    let series = found.series.iter().map(|series_forecast| OfSeries {
        id: series_forecast.id.as_deref(),
        times: &series_forecast.times,
        values: (0..steps)
            .map(|step| {
                (0..found.targets.len()).map(|target| series_forecast.at(step, target, found.targets.len())).collect()
            })
            .collect(),
    });
    let document = Document {
        device: engine.device().clone(),
        targets: &found.targets,
        levels: &found.levels,
        series: series.collect(),
        files,
    };
    Ok(console.document(&document)?)
}
