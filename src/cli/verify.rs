//! `refrain verify`: the kernels of a device against the f64 oracle, in a table of the worst errors. A miss exits with 1.

use super::console::Console;
use super::{Common, interrupt};
use anyhow::bail;
use refrain::engine::gpu::{Gpu, Options, choose};
use refrain::engine::{Device, Engine, Precision};
use refrain::verify::{Case, Errors, TOLERANCE, cases, half_cases, measure, option_cases, tolerance};
use serde::Serialize;
use std::time::Instant;

/// Hold a device's kernels against the f64 reference, over a table of networks and batch shapes
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Ask the adapter for WebGPU's default limits only, as a browser would.
    #[arg(long)]
    default_limits: bool,
    #[command(flatten)]
    common: Common,
}

/// The worst of the cases of one cell at one precision.
#[derive(Serialize)]
struct Row {
    cell: String,
    precision: Precision,
    tolerance: Errors,
    cases: usize,
    worst: Errors,
    /// The cases beyond the tolerance, with their errors.
    misses: Vec<String>,
}

#[derive(Serialize)]
struct Document {
    device: refrain::engine::DeviceInfo,
    /// Of 32 bits.
    tolerance: Errors,
    rows: Vec<Row>,
    seconds: f64,
}

/// Measures every case and prints the table.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut console = Console::new(&args.common);
    interrupt::listen()?;
    let device = select(args).await?;
    let half = if let Device::Gpu(_) = device { half_cases() } else { Vec::new() };
    let mut cases = [cases(), option_cases(), half].concat();
    cases.iter_mut().for_each(|case| case.seed = case.seed.wrapping_add(args.common.seed));

    let mut info = None;
    let mut rows: Vec<Row> = Vec::new();
    console.start_bar(cases.len());
    for (done, case) in cases.iter().enumerate() {
        if interrupt::asked() {
            bail!("stopped by Ctrl-C after {done} of {} cases", cases.len());
        }
        let errors = measure(case, |spec, parameters| {
            let engine = device.engine_with(spec, parameters, case.precision)?;
            info.get_or_insert_with(|| engine.device().clone());
            Ok(engine)
        })
        .await?;
        note(&mut rows, case, errors);
        console.move_bar(done + 1);
    }
    console.end_bar();

    let misses: usize = rows.iter().map(|row| row.misses.len()).sum();
    let device = info.expect("there is at least one case");
    let document = Document { device, tolerance: TOLERANCE, rows, seconds: start.elapsed().as_secs_f64() };
    console.say(table(&document))?;
    console.document(&document)?;
    if misses > 0 {
        bail!("{misses} of {} cases are beyond the tolerance", cases.len());
    }
    Ok(())
}

async fn select(args: &Args) -> anyhow::Result<Device> {
    let wanted = &args.common.device;
    if !args.default_limits {
        return Ok(Device::select(wanted).await?);
    }
    let adapter = if wanted == "cpu" { None } else { choose(wanted).await? };
    let Some(adapter) = adapter else { bail!("--default-limits is for an adapter: say which with --device") };
    let options = Options { default_limits: true, ..Options::default() };
    Ok(Device::Gpu(Gpu::open(&adapter, options).await?))
}

fn note(rows: &mut Vec<Row>, case: &Case, errors: Errors) {
    let (cell, precision) = (case.spec.cell.to_string(), case.precision);
    let at = rows.iter().position(|row| row.cell == cell && row.precision == precision).unwrap_or_else(|| {
        let tolerance = *tolerance(precision);
        rows.push(Row { cell, precision, tolerance, cases: 0, worst: Errors::default(), misses: Vec::new() });
        rows.len() - 1
    });
    let row = &mut rows[at];
    row.cases += 1;
    row.worst = row.worst.worst(errors);
    if !errors.within(&row.tolerance) {
        row.misses.push(format!("{case}: {errors}"));
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
