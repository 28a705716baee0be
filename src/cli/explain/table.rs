//! A training step as a table for a reader.

use super::super::console::significant;
use refrain::engine::gpu::{Explained, ExplainedDispatch, ExplainedMemory, Request};

/// Columns of a terminal that the table fits where names allow it.
const WIDTH: usize = 120;

/// The step with its sums.
pub fn text(device: &str, request: &Request, explained: &Explained) -> String {
    let Request { spec, rows, steps, .. } = request;
    let mut lines = vec![
        format!("Training step of {spec}"),
        format!(
            "{rows} rows of {steps} time steps on {device}; kernels: {}{}",
            explained.kernels,
            wavefront(explained)
        ),
    ];
    lines.extend(explained.micro_batch.map(|rows| format!("The first micro-batch, of {rows} rows, and the update:")));
    lines.extend([
        String::new(),
        format!(
            "{:<17} {:<29} {:>15} {:>11} {:>8} {:>10} {:>10}",
            "kernel", "file", "workgroups", "invocations", "times", "MFLOP", "KiB"
        ),
    ]);
    let rounds = explained.dispatches.chunk_by(|a, b| a.round == b.round);
    for round in rounds {
        let repeats = round.len() > 1 && round[0].rounds > 1;
        if repeats {
            lines.push(format!("{} times, one after another:", round[0].rounds));
        }
        round.iter().for_each(|dispatch| entry(&mut lines, dispatch, repeats));
    }
    lines.push(String::new());
    lines.extend(sums(explained));
    lines.join("\n")
}

fn wavefront(explained: &Explained) -> String {
    explained.wavefront.map_or(String::new(), |span| format!(", each layer {span} steps behind the one below"))
}

/// A dispatch, and what it reads and writes below it.
fn entry(lines: &mut Vec<String>, dispatch: &ExplainedDispatch, repeats: bool) {
    let ExplainedDispatch { kernel, file, times, rounds, workgroups, invocations, .. } = dispatch;
    let [name, times] = match repeats {
        true => [format!("  {kernel}"), format!("{rounds} x {}", times / rounds)],
        false => [(*kernel).to_owned(), times.to_string()],
    };
    let workgroups = match workgroups {
        [x, 1, 1] => x.to_string(),
        [x, y, z] => format!("{x} x {y} x {z}"),
    };
    lines.push(format!(
        "{name:<17} {file:<29} {workgroups:>15} {invocations:>11} {times:>8} {:>10} {:>10}",
        mega(dispatch.flops),
        kibi(dispatch.bytes)
    ));
    for (what, names) in [("reads", &dispatch.reads), ("writes", &dispatch.writes)] {
        wrap(lines, &format!("      {what:<8}"), names);
    }
}

/// Names behind a label, in as many lines as they take.
fn wrap(lines: &mut Vec<String>, label: &str, names: &[String]) {
    let mut line = label.to_owned();
    for (n, name) in names.iter().enumerate() {
        if n > 0 {
            line.push(';');
            if line.len() + 1 + name.len() + 1 > WIDTH {
                lines.push(std::mem::replace(&mut line, " ".repeat(label.len())));
            } else {
                line.push(' ');
            }
        }
        line.push_str(name);
    }
    if !names.is_empty() {
        lines.push(line);
    }
}

fn sums(explained: &Explained) -> Vec<String> {
    let ExplainedMemory { network, windows, plan, total } = explained.memory;
    let counted = format!(
        "{} dispatches, {} MFLOP, {} KiB read or written at least",
        explained.count,
        mega(explained.flops),
        kibi(explained.bytes)
    );
    let memory = format!(
        "Memory: {} KiB, of which network {}, windows {}, plan {}; kept for the way back: {} KiB",
        kibi(total),
        kibi(network),
        kibi(windows),
        kibi(plan),
        kibi(explained.kept)
    );
    let refused = explained.refused.as_ref().map(|why| format!("Such an adapter refuses this step: {why}"));
    [counted, memory].into_iter().chain(refused).collect()
}

fn mega(flops: u64) -> String {
    number(flops as f64 / 1e6)
}

fn kibi(bytes: u64) -> String {
    number(bytes as f64 / 1024.0)
}

/// Four significant digits, or as many as there are before the point.
fn number(count: f64) -> String {
    match count {
        0.0 => "0".to_owned(),
        ..0.001 => "<0.001".to_owned(),
        1e4.. => format!("{count:.0}"),
        _ => significant(count),
    }
}
