//! What 16 bits save and what they cost: the bytes of a training step on the best adapter, and how far outputs and
//! gradients are from those in 32 bits, over the table that speed is measured on.
//! `cargo bench --bench precision [-- PART OF A ROW'S NAME]`.

use pollster::block_on;
use refrain::Result;
use refrain::bench_table::{Row, What, rows};
use refrain::data::Windows;
use refrain::engine::gpu::{Gpu, GpuEngine, Options, choose};
use refrain::engine::{Engine, Precision, Steps};
use refrain::optim::Optimizer;
use refrain::verify::numbers;
use std::sync::Arc;

/// A training step that leaves the weights alone, and whose first moment is the gradient.
const STILL: Optimizer = Optimizer::Sgd { lr: 0.0, momentum: 0.9, weight_decay: 0.0 };

/// What a precision makes of a row.
struct Measured {
    /// Bytes of the network, its windows and the plan of a training step.
    bytes: u64,
    outputs: Vec<f32>,
    gradient: Vec<f32>,
}

fn measure(gpu: &Arc<Gpu>, row: &Row, precision: Precision) -> Result<Measured> {
    let (parameters, sequences, targets) = numbers(&row.case(0));
    let ids: Vec<u32> = (0..row.rows as u32).collect();
    let width = targets.len() / row.rows;
    let windows = Windows::from_sequences(sequences.x.into(), row.spec.input, row.steps, targets, width)?;

    let before = gpu.allocated();
    let mut engine = GpuEngine::with_precision(gpu.clone(), row.spec, &parameters, precision)?;
    engine.load_data(&windows)?;
    engine.train(&Steps { optimizer: STILL, ..Steps::new(&ids, row.rows) })?;
    let bytes = gpu.allocated() - before;
    let gradient = block_on(engine.moments())?.m;
    Ok(Measured { bytes, outputs: block_on(engine.predict(&ids, row.rows))?, gradient })
}

/// |found - expected| / |expected|, Euclidean.
fn distance(found: &[f32], expected: &[f32]) -> f64 {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>().sqrt();
    let differences = &mut found.iter().zip(expected).map(|(&a, &b)| f64::from(a) - f64::from(b));
    norm(differences) / norm(&mut expected.iter().map(|&value| value.into()))
}

fn main() -> Result<()> {
    // `cargo bench` passes a flag of its own; without it this is a test, for which a row will do.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let most = if arguments.iter().any(|argument| argument == "--bench") { usize::MAX } else { 1 };
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let adapter = block_on(choose("gpu"))?.expect("`gpu` finds an adapter or fails");
    let gpu = block_on(Gpu::open(&adapter, Options::default()))?;
    println!("{} ({})\n", gpu.info().name, gpu.info().driver);
    println!("| training step | MiB, 32 bits | MiB, 16 bits | ratio | outputs | gradients |");
    println!("|---|---|---|---|---|---|");
    let rows = rows();
    let is_wanted = |row: &&Row| {
        let name = row.to_string();
        row.what == What::Train && wanted.iter().all(|&part| name.contains(part))
    };
    for row in rows.iter().filter(is_wanted).take(most) {
        let name = row.to_string();
        let name = name.trim_start_matches("train ");
        match (measure(&gpu, row, Precision::F32), measure(&gpu, row, Precision::F16)) {
            (Ok(whole), Ok(half)) => {
                let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
                println!(
                    "| {name} | {:.2} | {:.2} | {:.2} | {:.1e} | {:.1e} |",
                    mib(whole.bytes),
                    mib(half.bytes),
                    half.bytes as f64 / whole.bytes as f64,
                    distance(&half.outputs, &whole.outputs),
                    distance(&half.gradient, &whole.gradient),
                );
            }
            (Err(error), _) | (_, Err(error)) => println!("| {name} | {error} | | | | |"),
        }
    }
    Ok(())
}
