//! Which kernels each kind of adapter would choose.

use super::args::Args;
use super::document;
use refrain::bench_table::{self, Row, What};
use refrain::engine::gpu::{self, Capabilities, Choice, Request};
use serde::Serialize;
use std::io::{self, Write};

/// What must be known of the estimates.
const NOTE: &str =
    "The rates behind these estimates are taken from published figures; none is measured on such hardware.";

#[derive(Serialize)]
struct Document {
    rows: Vec<Line>,
    note: &'static str,
}

/// A network of the table.
#[derive(Serialize)]
struct Line {
    name: String,
    profiles: Vec<OfProfile>,
}

#[derive(Serialize)]
struct OfProfile {
    device: &'static str,
    #[serde(flatten)]
    choice: Choice,
}

/// Prints what would be chosen for the training rows of the benchmark table, and for the network that was asked for.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let [batch, time, ..] = args.shape;
    let mut rows: Vec<Row> = bench_table::rows().into_iter().filter(|row| row.what == What::Train).collect();
    let own = Row { what: What::Train, spec: args.spec(), rows: batch, steps: time };
    if !rows.contains(&own) {
        rows.push(own);
    }
    let document = Document { rows: rows.iter().map(|row| line(args, row)).collect(), note: NOTE };
    if args.json {
        return Ok(document::print(&document)?);
    }
    Ok(writeln!(io::stdout(), "{}", text(&document))?)
}

fn line(args: &Args, row: &Row) -> Line {
    let of_profile = |(device, capabilities): (&'static str, Capabilities)| {
        let request = Request { spec: row.spec, rows: row.rows, steps: row.steps, ..args.request(capabilities) };
        OfProfile { device, choice: gpu::choices(&request) }
    };
    let name = row.to_string().trim_start_matches("train ").to_owned();
    Line { name, profiles: Capabilities::profiles().map(of_profile).into() }
}

fn text(document: &Document) -> String {
    let wide = document.rows.iter().map(|line| line.name.len()).max().unwrap_or(0);
    let profiles = Capabilities::profiles().map(|(name, _)| format!("  {name:<17}"));
    let mut lines = vec![
        "Kernels chosen, and microseconds estimated for a time step there and back of scans and of steps".to_owned(),
        format!("{:wide$}{}", "", profiles.concat()).trim_end().to_owned(),
        format!("{:wide$}{}", "", format!("  {:<5} {:>5} {:>5}", "taken", "scans", "steps").repeat(4)),
    ];
    lines.extend(document.rows.iter().map(|line| {
        let cells = line.profiles.iter().map(|OfProfile { choice: Choice { kernels, scans_us, steps_us }, .. }| {
            let scans = scans_us.map_or("-".to_owned(), microseconds);
            format!("  {kernels:<5} {scans:>5} {:>5}", microseconds(*steps_us))
        });
        format!("{:<wide$}{}", line.name, cells.collect::<String>())
    }));
    lines.push(document.note.to_owned());
    lines.join("\n")
}

/// Three digits, or as many as there are before the point.
fn microseconds(time: f64) -> String {
    let digits = if time < 99.95 { 1 } else { 0 };
    format!("{time:.digits$}")
}
