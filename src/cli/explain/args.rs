//! The flags of `refrain explain`, and what they ask for.

use crate::cli::recipe::{Cell, PrecisionName};
use crate::cli::values::{probability, shape, whole};
use refrain::engine::gpu::{Capabilities, Kernels, Options, Request};
use refrain::model::{Head, Readout, Spec};
use serde::Serialize;

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
    pub cell: Cell,
    /// Batch rows, time steps, inputs and hidden units.
    #[arg(long, default_value = "32,50,1,20", value_name = "B,T,I,H", value_parser = shape)]
    pub shape: [usize; 4],
    /// Outputs.
    #[arg(long, default_value = "1", value_name = "N", value_parser = whole::<1, 1_048_576>)]
    pub outputs: usize,
    /// Stacked layers.
    #[arg(long, default_value = "1", value_name = "N", value_parser = whole::<1, 1024>)]
    pub layers: usize,
    /// Run each layer in both directions of time.
    #[arg(long)]
    pub bidirectional: bool,
    /// Probability with which a unit is dropped between layers.
    #[arg(long, default_value = "0", value_name = "P", value_parser = probability)]
    pub dropout: f64,
    /// Outputs at every time step rather than at the last.
    #[arg(long)]
    pub every_step: bool,
    /// How the adapter stores packed weights and the tape.
    #[arg(long, value_enum, default_value_t = PrecisionName::F32, value_name = "P")]
    pub precision: PrecisionName,
    /// Kernels that the adapter might not choose by itself; see `refrain verify --help`.
    #[arg(long, default_value_t, value_name = "NAME", value_parser = str::parse::<Kernels>)]
    pub kernels: Kernels,
    /// What the step would run on: `webgpu` (the default limits of every browser), `h100-like`, `m-series-like` or
    /// `integrated-like` stand for an adapter; `auto`, `gpu` or part of a name take one of this machine, `cpu` the CPU
    /// engine, of which its way, expected time and memory are shown.
    #[arg(long, default_value = "webgpu", value_name = "DEVICE")]
    pub device: String,
    /// Threads of the CPU engine, for `--device cpu`, on a machine of as many processors; by default this one's.
    #[arg(long, value_name = "N", value_parser = whole::<1, 1024>)]
    pub threads: Option<usize>,
    /// Time steps of which the CPU engine keeps the tape at once, likewise; see `refrain train --help`.
    #[arg(long, value_name = "STEPS", value_parser = whole::<1, 1_048_576>)]
    pub recompute: Option<usize>,
    /// Print one JSON document.
    #[arg(long)]
    pub json: bool,
    /// Print the WGSL of this kernel as it is compiled for that step.
    #[arg(long, value_name = "NAME")]
    pub kernel: Option<String>,
    /// Compare what the four kinds of adapter would choose for the benchmark table's networks, and for this one.
    #[arg(long, conflicts_with_all = ["kernel", "kernels", "device", "threads", "recompute"])]
    pub choices: bool,
}

/// What was asked.
#[derive(Serialize)]
pub struct Asked {
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

impl Args {
    pub fn spec(&self) -> Spec {
        let [_, _, input, hidden] = self.shape;
        let readout = if self.every_step { Readout::Every } else { Readout::Last };
        let head = Some(Head { outputs: self.outputs, readout });
        let (cell, layers, bidirectional) = (self.cell.kind(), self.layers, self.bidirectional);
        Spec { cell, input, hidden, layers, bidirectional, head, segments: None }
    }

    pub fn request(&self, capabilities: Capabilities) -> Request {
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

    pub fn asked(&self) -> Asked {
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
