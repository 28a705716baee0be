//! `refrain bench`: times of the benchmark table's rows on a device, beside PyTorch's where they are given.

mod against;

use super::common::Common;
use super::console::Console;
use super::device;
use super::values::{positive, shape, whole};
use against::Against;
use anyhow::bail;
use refrain::Error;
use refrain::bench_table::{self, Row, cell_name};
use refrain::engine::cpu;
use refrain::engine::gpu::{KernelTime, Kernels, Memory, Options};
use refrain::engine::{Device, DeviceInfo};
use refrain::measure::{self, Measured, Timing};
use refrain::model::Spec;
use refrain::words::significant;
use serde::Serialize;
use std::path::PathBuf;
use std::time::Instant;

/// Time training steps and forward passes over a table of networks, each checked against the f64 reference first
///
/// `train` is a step (forward, backward, Adam) and `forward` a pass over a batch, of several that are queued and read
/// together; `stream` is a time step of one sequence in a call of its own, `block` one of a call over T steps. Times
/// are medians, with what 10 % and 90 % of the samples stay below.
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true)]
pub struct Args {
    /// Only the rows whose name contains this, such as `train`, `lstm` or `B=32 T=50`.
    #[arg(long, value_name = "SUBSTRING")]
    only: Option<String>,
    /// Networks of this shape in place of the table: batch rows, time steps, inputs and hidden units. May be given
    /// several times.
    #[arg(long, value_name = "B,T,I,H", value_parser = shape)]
    shape: Vec<[usize; 4]>,
    /// The file that `benches/pytorch.py` wrote on this machine: its times, and how many times faster this is.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Seconds to spend on each row, warming up excepted.
    #[arg(long, default_value = "2", value_name = "X", value_parser = positive)]
    seconds: f64,
    /// Threads of the CPU engine: each row is timed with each of these numbers, and compared with the first.
    #[arg(long, value_name = "N,N", value_delimiter = ',', value_parser = whole::<1, 1024>)]
    threads: Vec<usize>,
    /// Show where the time of each training step goes, kernel by kernel, on an adapter with timestamps.
    #[arg(long)]
    profile: bool,
    /// Make the adapter run kernels that it might not choose by itself; see `refrain verify --help`.
    #[arg(long, default_value_t, value_name = "NAME", value_parser = str::parse::<Kernels>)]
    kernels: Kernels,
    #[command(flatten)]
    common: Common,
}

/// What a row gave. Others script against the keys.
#[derive(Serialize)]
struct Line {
    name: String,
    what: &'static str,
    cell: &'static str,
    shape: Shape,
    #[serde(flatten)]
    timing: Option<Timing>,
    /// Where numbers of threads are compared.
    #[serde(flatten)]
    threads: Option<Threads>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pytorch_ms: Option<f64>,
    /// PyTorch's time over ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
    /// What lies on an adapter after training steps.
    #[serde(flatten)]
    memory: Option<Memory>,
    /// Where a training step's time goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    kernels: Option<Vec<KernelTime>>,
    /// Why it was not timed.
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<String>,
}

/// The threads that a row was timed with, and how many times as fast it is as with the first number of them.
#[derive(Clone, Copy, Serialize)]
struct Threads {
    threads: usize,
    speedup: f64,
}

#[derive(Serialize)]
struct Shape {
    batch: usize,
    steps: usize,
    input: usize,
    hidden: usize,
    layers: usize,
    bidirectional: bool,
}

#[derive(Serialize)]
struct Document {
    device: DeviceInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<String>,
    rows: Vec<Line>,
}

/// Times the rows and prints each as it comes.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let console = Console::new(&args.common);
    let rows = wanted(&args.shape, args.only.as_deref())?;
    let against = args.against.as_deref().map(Against::read).transpose()?;
    let options = Options { timestamps: args.profile, kernels: args.kernels, ..Options::default() };
    let (device, why) = device::select_with(&args.common.device, options).await?;
    if let (Device::Cpu(_), true) = (&device, args.profile || args.kernels != Kernels::Chosen) {
        bail!("--profile and --kernels are for an adapter: say which with --device");
    }
    let devices = with_threads(device.clone(), &args.threads)?;
    let info = device.info()?;
    device::tell(why, &info, &console);

    let title = against.as_ref().map(|against| against.title(&info));
    console.say(header(&info, title.as_deref()))?;
    let mut lines = Vec::new();
    let mut checked: Vec<Spec> = Vec::new();
    for row in &rows {
        let mut first_ms = None;
        for (threads, device) in &devices {
            // Of shapes that were asked for, every row is timed.
            let timed = match too_long(row, &info).filter(|_| args.shape.is_empty()) {
                Some(reason) => Err(reason),
                None => match attempt(row, device, &mut checked, args).await {
                    Ok(measured) => Ok(measured),
                    Err(error) => Err(refused(error)?),
                },
            };
            let pytorch_ms = against.as_ref().and_then(|against| against.median_ms(&info, &row.to_string()));
            let mut line = line(row, timed, pytorch_ms);
            if let (Some(threads), Some(Timing { median_ms, .. })) = (*threads, line.timing) {
                let first_ms = *first_ms.get_or_insert(median_ms);
                line.threads = Some(Threads { threads, speedup: first_ms / median_ms });
            }
            console.say(text(&line, info.backend != "native"))?;
            if let Some(kernels) = &line.kernels {
                console.say(kernel_table(kernels))?;
            }
            lines.push(line);
        }
    }
    Ok(console.document(&Document { device: info, against: title, rows: lines })?)
}

/// The device with each number of threads, or as it is where none is given.
fn with_threads(device: Device, threads: &[usize]) -> anyhow::Result<Vec<(Option<usize>, Device)>> {
    match device {
        Device::Cpu(options) if !threads.is_empty() => {
            let with = |&count: &usize| (Some(count), Device::Cpu(cpu::Options { threads: Some(count), ..options }));
            Ok(threads.iter().map(with).collect())
        }
        Device::Gpu(_) if !threads.is_empty() => bail!("--threads is for the CPU engine: give --device cpu"),
        device => Ok(vec![(None, device)]),
    }
}

/// The rows to time; none is a mistake of the user's.
fn wanted(shapes: &[[usize; 4]], only: Option<&str>) -> refrain::Result<Vec<Row>> {
    let mut rows = match shapes {
        [] => bench_table::rows(),
        shapes => shapes.iter().flat_map(|&shape| bench_table::of_shape(shape.into())).collect(),
    };
    rows.iter().try_for_each(|row| row.spec.validate())?;
    let first = rows[0].to_string();
    let Some(only) = only else { return Ok(rows) };
    rows.retain(|row| row.to_string().contains(only));
    if rows.is_empty() {
        return Err(Error::config("--only", format!("`{only}`"), format!("part of a row's name, such as `{first}`")));
    }
    Ok(rows)
}

/// Checks the row's network, once, and times the row.
async fn attempt(row: &Row, device: &Device, checked: &mut Vec<Spec>, args: &Args) -> refrain::Result<Measured> {
    if !checked.contains(&row.spec) {
        measure::check(row, device, args.common.seed).await?;
        checked.push(row.spec);
    }
    let start = Instant::now();
    let clock = || start.elapsed().as_secs_f64();
    measure::time(row, device, args.common.seed, args.seconds, args.profile, clock).await
}

/// Operations a second of a software adapter, about: llvmpipe on two cores with AVX2 does 1.2e10 to 2.3e10.
const SOFTWARE_OPERATIONS: f64 = 1.5e10;

/// Seconds that one step may take on a software adapter. A row takes five steps at least.
const MOST_SECONDS: f64 = 4.0;

/// Why a row of the table is not tried: a software adapter would take too long.
fn too_long(row: &Row, info: &DeviceInfo) -> Option<String> {
    let software = info.kind == "cpu" && info.backend != "native";
    let seconds = row.operations() / SOFTWARE_OPERATIONS;
    (software && seconds > MOST_SECONDS)
        .then(|| format!("too long on a software adapter, about {seconds:.0} s a step estimated"))
}

/// Why the device refused a row; any other error ends the run.
fn refused(error: Error) -> refrain::Result<String> {
    match error {
        Error::Limit { .. } | Error::OutOfMemory { .. } => Ok(error.to_string()),
        _ => Err(error),
    }
}

fn line(row: &Row, timed: Result<Measured, String>, pytorch_ms: Option<f64>) -> Line {
    let Row { what, spec, rows, steps } = *row;
    let (timing, memory, kernels, skipped) = match timed {
        Ok(Measured { timing, memory, kernels }) => (Some(timing), memory, kernels, None),
        Err(reason) => (None, None, None, Some(reason)),
    };
    Line {
        name: row.to_string(),
        what: what.name(),
        cell: cell_name(spec.cell),
        shape: Shape {
            batch: rows,
            steps,
            input: spec.input,
            hidden: spec.hidden,
            layers: spec.layers,
            bidirectional: spec.bidirectional,
        },
        timing,
        threads: None,
        pytorch_ms,
        ratio: timing.zip(pytorch_ms).map(|(timing, pytorch)| pytorch / timing.median_ms),
        memory,
        kernels,
        skipped,
    }
}

fn header(info: &DeviceInfo, against: Option<&str>) -> String {
    let gpu = info.backend != "native";
    let mut text = format!("{} ({}, {}); times in ms\n", info.name, info.backend, info.driver);
    if let Some(against) = against {
        text += &format!("Ratio: how many times as fast as {against}\n");
    }
    text += &format!("{:<46}  {:>9}  {:>9}  {:>9}", "", "median", "10 %", "90 %");
    text += &if gpu { format!("  {:>9}  {:>9}", "MiB", "kept MiB") } else { String::new() };
    if against.is_some() {
        text += &format!("  {:>9}  {:>7}", "PyTorch", "ratio");
    }
    text
}

fn text(line: &Line, gpu: bool) -> String {
    let mut text = format!("{:<46}", line.name);
    if let Some(Timing { median_ms, low_ms, high_ms }) = line.timing {
        text += &[median_ms, low_ms, high_ms].map(|time| format!("  {:>9}", significant(time))).concat();
    }
    if gpu && line.timing.is_some() {
        let mebibytes =
            |bytes: Option<u64>| bytes.map_or("-".to_owned(), |bytes| significant(bytes as f64 / 1048576.0));
        let (allocated, kept) =
            (line.memory.and_then(|memory| memory.allocated), line.memory.map(|memory| memory.kept));
        text += &format!("  {:>9}  {:>9}", mebibytes(allocated), mebibytes(kept));
    }
    if let Some(Threads { threads, speedup }) = line.threads {
        text += &format!("  {threads:>3} thread{}  {speedup:>5.2}", if threads == 1 { " " } else { "s" });
    }
    if let Some(reason) = &line.skipped {
        text += &format!("  skipped: {reason}");
    }
    if let Some((pytorch, ratio)) = line.pytorch_ms.zip(line.ratio) {
        text += &format!("  {:>9}  {ratio:>7.2}", significant(pytorch));
    }
    text
}

/// The kernels of a training step, in the order of their first dispatch.
fn kernel_table(kernels: &[KernelTime]) -> String {
    let total: f64 = kernels.iter().filter_map(|kernel| kernel.ms).sum();
    let dispatches: usize = kernels.iter().map(|kernel| kernel.dispatches).sum();
    let row = |KernelTime { kernel, dispatches, ms }: &KernelTime| {
        let time = ms.map_or("no timestamps".to_owned(), |ms| {
            format!("{:>9} ms  {:>3.0} %", significant(ms), 100.0 * ms / total)
        });
        format!("    {kernel:<22} {dispatches:>5}  {time}\n")
    };
    let last = format!("    {:<22} {dispatches:>5}  {:>9} ms", "all dispatches", significant(total));
    kernels.iter().map(row).collect::<String>() + &last
}
