//! `refrain devices`: the adapters of this machine, and the CPU engine, with what matters of each.

use super::flags::in_flags;
use refrain::engine::cpu::CpuEngine;
use refrain::engine::gpu::{AdapterFacts, adapters, is_automatic, unsuited};
use refrain::engine::{DeviceInfo, Engine};
use refrain::model::{CellKind, Layout, Spec};
use serde::Serialize;
use std::io::{self, Write};

/// List the devices of this machine, best first
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    info: DeviceInfo,
    /// What `--device auto` takes.
    auto: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<AdapterFacts>,
    /// Why no network can be put on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    unsuited: Option<String>,
}

/// Prints the table.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let spec = Spec::new(CellKind::RnnTanh, 1, 1, 1);
    let cpu = CpuEngine::new(spec, &vec![0.0; Layout::new(&spec).len()])?;
    let mut rows: Vec<Row> = adapters()
        .await
        .iter()
        .map(|adapter| {
            let facts = AdapterFacts::of(adapter);
            let unsuited = unsuited(adapter).map(|error| error.to_string());
            Row { info: facts.info.clone(), auto: is_automatic(adapter), limits: Some(facts), unsuited }
        })
        .collect();
    rows.push(Row { info: cpu.device().clone(), auto: true, limits: None, unsuited: None });
    let auto = rows.iter().position(|row| row.auto);
    rows.iter_mut().enumerate().for_each(|(n, row)| row.auto = Some(n) == auto);

    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &rows).map_err(io::Error::from)?;
        return Ok(writeln!(out)?);
    }
    for row in &rows {
        let DeviceInfo { name, backend, driver, kind } = &row.info;
        let choose = if row.limits.is_some() { format!("--device \"{name}\"") } else { "--device cpu".to_owned() };
        writeln!(out, "{name}{}", if row.auto { "  (what --device auto takes)" } else { "" })?;
        writeln!(out, "    {kind}, {backend}, {driver}")?;
        if let Some(facts) = &row.limits {
            writeln!(out, "    {facts}")?;
        }
        match &row.unsuited {
            None => writeln!(out, "    {choose}")?,
            Some(why) => writeln!(out, "    {}", in_flags(why))?,
        }
    }
    if rows.len() == 1 {
        writeln!(out, "No adapter found. On Linux a software one comes with the package mesa-vulkan-drivers.")?;
    }
    Ok(())
}
