//! `refrain explain`: what a training step does on an adapter, dispatch by dispatch, and which kernels would be chosen;
//! or which way it takes on the CPU engine. An adapter is not needed.

mod args;
mod choices;
mod document;
mod processor;
mod table;

pub use args::Args;

use anyhow::Context;
use args::Asked;
use refrain::Error;
use refrain::engine::gpu::{self, AdapterFacts, Capabilities, Explained, Options, Request};
use serde::Serialize;
use std::io::{self, Write};

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
    if args.device == "cpu" {
        return processor::run(args);
    }
    for (name, given) in [("--threads", args.threads.is_some()), ("--recompute", args.recompute.is_some())] {
        if given {
            return Err(Error::config(name, "given", "nothing: it is for --device cpu").into());
        }
    }
    let (device, capabilities) = capabilities(&args.device).await?;
    let request = args.request(capabilities);
    if let Some(kernel) = &args.kernel {
        return print_modules(args, device, &request, kernel);
    }
    let explained = gpu::explain(&request);
    if args.json {
        return Ok(document::print(&Step { device, request: args.asked(), explained })?);
    }
    Ok(writeln!(io::stdout(), "{}", table::text(&device, &request, &explained))?)
}

/// What `--device` names, and what it can do.
async fn capabilities(wanted: &str) -> anyhow::Result<(String, Capabilities)> {
    let profiles = Capabilities::profiles();
    if let Some((name, profile)) = profiles.iter().find(|(name, _)| *name == wanted) {
        return Ok(((*name).to_owned(), *profile));
    }
    let expected = format!("an adapter, or one of {}", profiles.map(|(name, _)| name).join(", "));
    let adapter = gpu::choose(wanted).await.with_context(|| format!("--device: expected {expected}"))?;
    let Some(adapter) = adapter else {
        let found = format!("{wanted}, which takes the CPU engine here: say cpu for that");
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
        return Ok(document::print(&Modules { device, request: args.asked(), kernel, modules })?);
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
