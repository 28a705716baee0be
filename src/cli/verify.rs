//! `refrain verify`: the kernels of a device against the f64 oracle, in a table of the worst errors. A miss exits with
//! 1.

use super::common::Common;
use super::console::Console;
use anyhow::bail;
use refrain::engine::gpu::{Kernels, Options};
use refrain::engine::{Device, DeviceInfo, Precision};
use refrain::verify::{Case, Errors, Row, TOLERANCE, cases, groups, half_cases, measure, option_cases, segment_cases};
use serde::Serialize;
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Instant;

/// Hold a device's kernels against the f64 reference, over a table of networks and batch shapes
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Ask the adapter for WebGPU's default limits only, as a browser would.
    #[arg(long)]
    default_limits: bool,
    /// Make the adapter run kernels that it might not choose by itself: scans (many time steps a dispatch), steps (a
    /// dispatch a time step) or fused (a small network's training step in three dispatches). What is too large for
    /// scans takes steps, and what is too large for fused takes what is chosen; see `refrain explain`.
    #[arg(long, default_value_t, value_name = "NAME", value_parser = str::parse::<Kernels>)]
    kernels: Kernels,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Document {
    device: DeviceInfo,
    /// Of 32 bits.
    tolerance: Errors,
    rows: Vec<Row>,
    seconds: f64,
}

/// Measures every case and prints the table.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut console = Console::new(&args.common);
    let device = select(args).await?;
    let half = if let Device::Gpu(_) = device { half_cases() } else { Vec::new() };
    let mut cases = [cases(), option_cases(), segment_cases(), half].concat();
    cases.iter_mut().for_each(|case| case.seed = case.seed.wrapping_add(args.common.seed));
    let groups = groups(&cases);
    // What takes long on an adapter is compiling kernels, which each device does on a thread of its own.
    let workers = match device {
        Device::Cpu(_) => 1,
        Device::Gpu(_) => std::thread::available_parallelism().map_or(1, usize::from).min(groups.len()),
    };
    let info = device.info()?;
    let mut devices = vec![device];
    while devices.len() < workers {
        devices.push(select(args).await?);
    }

    let mut rows: Vec<Row> = groups.iter().map(|group| Row::new(group[0])).collect();
    // Those first that take longest to compile.
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|&group| std::cmp::Reverse((groups[group].len(), groups[group][0].spec.facts().gates)));
    let queue = Mutex::new(order.into_iter());
    let (sender, results) = mpsc::channel();
    console.start_bar(cases.len());
    std::thread::scope(|scope| {
        for device in devices {
            let (groups, queue, sender) = (&groups, &queue, sender.clone());
            scope.spawn(move || pollster::block_on(work(&device, groups, queue, &sender)));
        }
        drop(sender);
        for (done, result) in results.into_iter().enumerate() {
            let Measured { group, case, errors } = result?;
            rows[group].note(case, errors);
            console.move_bar(done + 1, (1, 1));
        }
        anyhow::Ok(())
    })?;
    console.end_bar();

    let misses: usize = rows.iter().map(|row| row.misses.len()).sum();
    let document = Document { device: info, tolerance: TOLERANCE, rows, seconds: start.elapsed().as_secs_f64() };
    console.say(table(&document))?;
    console.document(&document)?;
    if misses > 0 {
        bail!("{misses} of {} cases are beyond the tolerance", cases.len());
    }
    Ok(())
}

async fn select(args: &Args) -> anyhow::Result<Device> {
    let (wanted, kernels) = (&args.common.device, args.kernels);
    let options = Options { default_limits: args.default_limits, kernels, ..Options::default() };
    let device = Device::select_with(wanted, options).await?;
    if let (Device::Cpu(_), true) = (&device, args.default_limits || kernels != Kernels::Chosen) {
        bail!("--default-limits and --kernels are for an adapter: say which with --device");
    }
    Ok(device)
}

/// A case that was measured.
struct Measured<'a> {
    group: usize,
    case: &'a Case,
    errors: Errors,
}

/// Measures group after group, until there is none left or nobody listens.
async fn work<'a>(
    device: &Device,
    groups: &[Vec<&'a Case>],
    queue: &Mutex<std::vec::IntoIter<usize>>,
    results: &mpsc::Sender<refrain::Result<Measured<'a>>>,
) {
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    while let Some(group) = next() {
        for &case in &groups[group] {
            let errors = measure(case, |spec, parameters| device.engine_with(spec, parameters, case.precision)).await;
            if results.send(errors.map(|errors| Measured { group, case, errors })).is_err() {
                return;
            }
        }
    }
}

fn table(document: &Document) -> String {
    let Document { device, rows, seconds, .. } = document;
    let mut lines = vec![
        format!("{} ({}, {})", device.name, device.backend, device.driver),
        format!(
            "{:<10} {:>4} {:>5}  {:>9}  {:>9}  {:>9}  {:>6}",
            "cell", "bits", "cases", "forward", "gradients", "updates", "misses"
        ),
    ];
    for row in rows {
        let Errors { forward, gradients, update } = row.worst;
        lines.push(format!(
            "{:<10} {:>4} {:>5}  {forward:>9.1}  {gradients:>9.1}  {update:>9.1e}  {:>6}",
            row.cell,
            bits(row.precision),
            row.cases,
            row.misses.len()
        ));
    }
    for precision in [Precision::F32, Precision::F16] {
        if let Some(row) = rows.iter().find(|row| row.precision == precision) {
            lines.push(format!("Allowed in {} bits: {}.", bits(precision), row.tolerance));
        }
    }
    lines.push(format!("Worst errors against the f64 reference, {seconds:.0} s."));
    lines.extend(rows.iter().flat_map(|row| &row.misses).map(|miss| format!("MISS {miss}")));
    lines.join("\n")
}

fn bits(precision: Precision) -> u32 {
    match precision {
        Precision::F32 => 32,
        Precision::F16 => 16,
    }
}
