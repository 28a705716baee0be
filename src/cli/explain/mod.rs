//! `refrain explain`: what a training step does on an adapter, dispatch by dispatch, and which kernels would be chosen.
//! An adapter is not needed.

mod choices;
mod table;

use super::recipe::{Cell, PrecisionName};
use super::values::{probability, shape, whole};
use anyhow::Context;
use refrain::Error;
use refrain::engine::gpu::{self, AdapterFacts, Capabilities, Explained, Kernels, Options, Request};
use refrain::model::{Head, Readout, Spec};
use serde::Serialize;
use std::io::{self, Write};

/// Show what a training step does on an adapter, dispatch by dispatch, or which kernels would be chosen
///
/// FLOP count additions and multiplications, hidden units padded to whole quads and spans of time steps to whole ones;
/// bytes count every value that is read or written once. Neither is measured: see `refrain bench --profile` for times.
/// Shapes are in elements, those that end in HQ or IQ of four values; a number behind a name is the layer.
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true)]
pub struct Args {
    /// Recurrent cell.
    #[arg(long, value_enum, default_value_t = Cell::Lstm)]
    cell: Cell,
    /// Batch rows, time steps, inputs and hidden units.
    #[arg(long, default_value = "32,50,1,20", value_name = "B,T,I,H", value_parser = shape)]
    shape: [usize; 4],
    /// Outputs.
    #[arg(long, default_value = "1", value_name = "N", value_parser = whole::<1, 1_048_576>)]
    outputs: usize,
    /// Stacked layers.
    #[arg(long, default_value = "1", value_name = "N", value_parser = whole::<1, 1024>)]
    layers: usize,
    /// Run each layer in both directions of time.
    #[arg(long)]
    bidirectional: bool,
    /// Probability with which a unit is dropped between layers.
    #[arg(long, default_value = "0", value_name = "P", value_parser = probability)]
    dropout: f64,
    /// Outputs at every time step rather than at the last.
    #[arg(long)]
    every_step: bool,
    /// How the adapter stores packed weights and the tape.
    #[arg(long, value_enum, default_value_t = PrecisionName::F32, value_name = "P")]
    precision: PrecisionName,
    /// Kernels that the adapter might not choose by itself; see `refrain verify --help`.
    #[arg(long, default_value_t, value_name = "NAME", value_parser = str::parse::<Kernels>)]
    kernels: Kernels,
    /// What the step would run on: `webgpu` (the default limits of every browser), `h100-like`, `m-series-like` or
    /// `integrated-like` stand for an adapter; `auto`, `gpu` or part of a name take one of this machine.
    #[arg(long, default_value = "webgpu", value_name = "DEVICE")]
    device: String,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
    /// Print the WGSL of this kernel as it is compiled for that step.
    #[arg(long, value_name = "NAME")]
    kernel: Option<String>,
    /// Compare what the four kinds of adapter would choose for the benchmark table's networks, and for this one.
    #[arg(long, conflicts_with_all = ["kernel", "kernels", "device"])]
    choices: bool,
}

/// What was asked.
#[derive(Serialize)]
struct Asked {
    cell: Cell,
    batch: usize,
    steps: usize,
    input: usize,
    hidden: usize,
    outputs: usize,
    layers: usize,
    bidirectional: bool,
    dropout: f64,
    every_step: bool,
    precision: PrecisionName,
    kernels: String,
}

/// A step. Others script against the keys.
#[derive(Serialize)]
struct Step {
    device: String,
    request: Asked,
    #[serde(flatten)]
    explained: Explained,
}

/// A kernel's modules.
#[derive(Serialize)]
struct Modules<'a> {
    device: String,
    request: Asked,
    kernel: &'a str,
    modules: Vec<String>,
}

/// Time steps of all layers together, at most: a schedule may have a dispatch for each of them.
const MOST_STEPS: usize = 1 << 20;

/// Prints what is asked for.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let spec = args.spec();
    spec.validate()?;
    let [_, steps, ..] = args.shape;
    if steps * args.layers > MOST_STEPS {
        let found = format!("{steps} time steps of {} layers", args.layers);
        return Err(Error::config("--shape", found, format!("at most {MOST_STEPS} of all layers together")).into());
    }
    if args.choices {
        return choices::run(args);
    }
    let (device, capabilities) = capabilities(&args.device).await?;
    let request = args.request(capabilities);
    if let Some(kernel) = &args.kernel {
        return print_modules(args, device, &request, kernel);
    }
    let explained = gpu::explain(&request);
    if args.json {
        return Ok(print_document(&Step { device, request: args.asked(), explained })?);
    }
    Ok(writeln!(io::stdout(), "{}", table::text(&device, &request, &explained))?)
}

impl Args {
    fn spec(&self) -> Spec {
        let [_, _, input, hidden] = self.shape;
        let readout = if self.every_step { Readout::Every } else { Readout::Last };
        let head = Some(Head { outputs: self.outputs, readout });
        let (cell, layers, bidirectional) = (self.cell.kind(), self.layers, self.bidirectional);
        Spec { cell, input, hidden, layers, bidirectional, head }
    }

    fn request(&self, capabilities: Capabilities) -> Request {
        let [rows, steps, ..] = self.shape;
        Request {
            capabilities,
            options: Options { kernels: self.kernels, ..Options::default() },
            precision: self.precision.precision(),
            spec: self.spec(),
            rows,
            steps,
            dropout: self.dropout,
        }
    }

    fn asked(&self) -> Asked {
        let [batch, steps, input, hidden] = self.shape;
        Asked {
            cell: self.cell,
            batch,
            steps,
            input,
            hidden,
            outputs: self.outputs,
            layers: self.layers,
            bidirectional: self.bidirectional,
            dropout: self.dropout,
            every_step: self.every_step,
            precision: self.precision,
            kernels: self.kernels.to_string(),
        }
    }
}

/// What `--device` names, and what it can do.
async fn capabilities(wanted: &str) -> anyhow::Result<(String, Capabilities)> {
    let profiles = Capabilities::profiles();
    if let Some((name, profile)) = profiles.iter().find(|(name, _)| *name == wanted) {
        return Ok(((*name).to_owned(), *profile));
    }
    let expected = format!("an adapter, or one of {}", profiles.map(|(name, _)| name).join(", "));
    if wanted == "cpu" {
        return Err(Error::config("--device", "cpu, whose engine has no dispatches", expected).into());
    }
    let adapter = gpu::choose(wanted).await.with_context(|| format!("--device: expected {expected}"))?;
    let Some(adapter) = adapter else {
        let found = format!("{wanted}, which takes the CPU engine here, and that has no dispatches");
        return Err(Error::config("--device", found, expected).into());
    };
    let (capabilities, ..) = Capabilities::of(&adapter, Options::default());
    Ok((AdapterFacts::of(&adapter).info.name, capabilities))
}

/// The modules of one kernel, each behind a comment where there are several.
fn print_modules(args: &Args, device: String, request: &Request, kernel: &str) -> anyhow::Result<()> {
    let modules = gpu::module_sources(request, kernel);
    if modules.is_empty() {
        let names = gpu::kernel_names(request).join(", ");
        return Err(Error::config("--kernel", kernel, format!("one that this step has: {names}")).into());
    }
    if args.json {
        return Ok(print_document(&Modules { device, request: args.asked(), kernel, modules })?);
    }
    let mut out = io::stdout().lock();
    for (n, module) in modules.iter().enumerate() {
        if modules.len() > 1 {
            writeln!(out, "// {kernel}, module {} of {}", n + 1, modules.len())?;
        }
        writeln!(out, "{}", module.trim_end())?;
    }
    Ok(())
}

fn print_document(document: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, document)?;
    writeln!(out)
}
