//! `refrain verify`: the kernels of a device against the f64 oracle, in a table of the worst errors. A miss exits with 1.

use super::console::Console;
use super::{Common, interrupt};
use anyhow::{bail, ensure};
use refrain::engine::gpu::{Gpu, Kernels, Options, choose};
use refrain::engine::{Device, Engine, Precision};
use refrain::verify::{Case, Errors, TOLERANCE, cases, half_cases, measure, option_cases, tolerance, variant_cases};
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
    /// The variant that the device was made to run.
    #[serde(skip_serializing_if = "Option::is_none")]
    kernels: Option<String>,
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
    let tables = tables(args).await?;
    let mut cases: Vec<(&Table, Case)> =
        tables.iter().flat_map(|table| table.cases.iter().map(move |case| (table, *case))).collect();
    cases.iter_mut().for_each(|(_, case)| case.seed = case.seed.wrapping_add(args.common.seed));

    let mut info = None;
    let mut rows: Vec<Row> = Vec::new();
    console.start_bar(cases.len());
    for (done, (table, case)) in cases.iter().enumerate() {
        if interrupt::asked() {
            bail!("stopped by Ctrl-C after {done} of {} cases", cases.len());
        }
        let errors = measure(case, |spec, parameters| {
            let engine = table.device.engine_with(spec, parameters, case.precision)?;
            info.get_or_insert_with(|| engine.device().clone());
            Ok(engine)
        })
        .await?;
        note(&mut rows, table.kernels, case, errors);
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

/// Cases for one device.
struct Table {
    device: Device,
    /// The variant that it is made to run.
    kernels: Option<Kernels>,
    cases: Vec<Case>,
}

/// The tables for the device as it is, and for an adapter that of its variants.
async fn tables(args: &Args) -> anyhow::Result<Vec<Table>> {
    let wanted = &args.common.device;
    let adapter = if wanted == "cpu" { None } else { choose(wanted).await? };
    let whole = [cases(), option_cases()].concat();
    let Some(adapter) = adapter else {
        ensure!(!args.default_limits, "--default-limits is for an adapter: say which with --device");
        return Ok(vec![Table { device: Device::Cpu, kernels: None, cases: whole }]);
    };
    let options = Options { default_limits: args.default_limits, ..Options::default() };
    let device = Device::Gpu(Gpu::open(&adapter, options).await?);
    let mut tables = vec![Table { device, kernels: None, cases: [whole, half_cases()].concat() }];
    for kernels in Kernels::of(&adapter, options) {
        let device = Device::Gpu(Gpu::open(&adapter, Options { kernels, ..options }).await?);
        tables.push(Table { device, kernels: Some(kernels), cases: variant_cases() });
    }
    Ok(tables)
}

fn note(rows: &mut Vec<Row>, kernels: Option<Kernels>, case: &Case, errors: Errors) {
    let (cell, precision) = (case.spec.cell.to_string(), case.precision);
    let kernels = kernels.map(|kernels| kernels.to_string());
    let same = |row: &Row| (&row.cell, &row.kernels, row.precision) == (&cell, &kernels, precision);
    let at = rows.iter().position(same).unwrap_or_else(|| {
        let tolerance = *tolerance(precision);
        rows.push(Row { cell, kernels, precision, tolerance, cases: 0, worst: Errors::default(), misses: Vec::new() });
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
            "{:<10} {:<10} {:>4} {:>5}  {:>9}  {:>9}  {:>9}  {:>6}",
            "cell", "kernels", "bits", "cases", "forward", "gradients", "updates", "misses"
        ),
    ];
    for row in rows {
        let Errors { forward, gradients, update } = row.worst;
        lines.push(format!(
            "{:<10} {:<10} {:>4} {:>5}  {forward:>9.1}  {gradients:>9.1}  {update:>9.1e}  {:>6}",
            row.cell,
            row.kernels.as_deref().unwrap_or("chosen"),
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
