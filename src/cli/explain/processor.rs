//! `refrain explain --device cpu`: a training step of the CPU engine.

use super::args::{Args, Asked};
use super::document;
use crate::cli::console::significant;
use refrain::Error;
use refrain::engine::Precision;
use refrain::engine::cpu::{self, Explained};
use refrain::engine::gpu::Kernels;
use serde::Serialize;
use std::io::{self, Write};

/// A step. Others script against the keys.
#[derive(Serialize)]
struct Step {
    device: &'static str,
    request: Asked,
    #[serde(flatten)]
    explained: Explained,
}

/// Prints the way of a step, its expected time and its memory.
pub fn run(args: &Args) -> anyhow::Result<()> {
    for (name, given) in [("--kernel", args.kernel.is_some()), ("--kernels", args.kernels != Kernels::Chosen)] {
        if given {
            return Err(Error::config(name, "given", "nothing: the CPU engine has no WGSL").into());
        }
    }
    if args.precision.precision() == Precision::F16 {
        return Err(Error::config("--precision", "f16", "f32 on the CPU engine").into());
    }
    let [rows, steps, ..] = args.shape;
    let options = cpu::Options { threads: args.threads, recompute: args.recompute, ..cpu::Options::default() };
    let explained = cpu::explain(&args.spec(), rows, steps, args.dropout > 0.0, options)?;
    if args.json {
        return Ok(document::print(&Step { device: "cpu", request: args.asked(), explained })?);
    }
    Ok(writeln!(io::stdout(), "{}", text(args, &explained))?)
}

fn text(args: &Args, explained: &Explained) -> String {
    let Explained { way, reason, level, threads, busy_threads, flop, estimated_ms, bytes_a_thread, gradient_bytes } =
        explained;
    let mebibytes = |bytes: usize| significant(bytes as f64 / f64::from(1 << 20));
    let [rows, steps, ..] = args.shape;
    let rate = flop / estimated_ms / 1e6;
    [
        format!("A training step of {}, {rows} rows of {steps} steps, on the CPU engine ({level})", args.spec()),
        format!("way       by {way}: {reason}"),
        format!("threads   {busy_threads} of {threads} have work"),
        format!("products  {} GFLOP", significant(flop / 1e9)),
        format!("expected  {} ms, {rate:.0} GFLOP/s, by rates of another machine", significant(*estimated_ms)),
        format!(
            "memory    {} MiB a thread that has work; gradients {} MiB",
            mebibytes(*bytes_a_thread),
            mebibytes(*gradient_bytes)
        ),
    ]
    .join("\n")
}
