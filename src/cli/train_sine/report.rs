//! What the exercise found: one document, and the same for a reader.

use super::args::Args;
use crate::cli::console::significant;
use crate::cli::recipe::PrecisionName;
use refrain::engine::DeviceInfo;
use refrain::train::Metrics;
use serde::Serialize;

/// The document of `--json`, and `metrics.json`. Others script against its keys.
#[derive(Debug, Serialize)]
pub struct Document {
    pub device: DeviceInfo,
    pub cell: &'static str,
    pub hidden: usize,
    pub precision: PrecisionName,
    pub parameters: usize,
    pub epochs: usize,
    pub batch: usize,
    pub lr: f64,
    pub seed: u64,
    /// Mean loss of the last epoch.
    pub train_loss: f64,
    /// One step ahead, on the windows held out.
    pub test: Metrics,
    /// Repeating the last value, on the same windows.
    pub naive: Naive,
    pub free_run: FreeRun,
    pub seconds: Seconds,
    /// The files written.
    pub files: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Naive {
    pub mse: f64,
}

#[derive(Debug, Serialize)]
pub struct FreeRun {
    pub steps: usize,
    pub rmse: f64,
}

#[derive(Debug, Serialize)]
pub struct Seconds {
    /// From the start to the first training step.
    pub setup: f64,
    pub training: f64,
    /// From the start to the last forecast, before any file is written.
    pub total: f64,
}

/// What is about to be done.
pub fn opening(args: &Args, parameters: usize, device: &DeviceInfo, [train, test]: [usize; 2]) -> String {
    let noise = if args.noise > 0.0 { format!(", noise {}", args.noise) } else { String::new() };
    format!(
        "{cell}, {hidden} hidden units, {parameters} parameters, on {device} ({backend})\n\
         {train} windows of {points} points to train on, {test} held out{noise}; batch {batch}, lr {lr}, seed {seed}\n",
        cell = args.cell.name(),
        hidden = args.hidden,
        device = device.name,
        backend = device.backend,
        points = args.seq_len,
        batch = args.batch,
        lr = args.lr,
        seed = args.common.seed,
    )
}

/// The errors on the windows held out, and how long it took.
pub fn results(document: &Document, naive: &Metrics, windows: usize) -> String {
    let Document { test, seconds, .. } = document;
    let row = |name: &str, cells: [String; 3]| format!("{name:<28}{:>11}{:>11}{:>11}\n", cells[0], cells[1], cells[2]);
    let errors = |errors: &Metrics| [errors.mse, errors.rmse, errors.mae].map(significant);
    let mut text = format!("\nTrained in {:.2} s.\n\n", seconds.training);
    text += &row(&format!("Test on {windows} windows"), ["MSE", "RMSE", "MAE"].map(str::to_owned));
    text += &row(&format!("  {}", document.cell), errors(test));
    text += &row("  repeat the last value", errors(naive));
    // `<=` would call a network that has learned nothing a success where both are 0; NaN was refused before.
    if test.mse >= naive.mse {
        text += "The network is no better than repeating the last value: train longer, or with a smaller --batch.\n";
    }
    text
}
