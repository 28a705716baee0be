//! The flags of `refrain train-sine`.

use crate::cli::common::Common;
use crate::cli::recipe::{Cell, PrecisionName};
use crate::cli::values::{count, not_negative, positive, whole};
use std::path::PathBuf;

/// Train a network on the course's sine, test it on windows held out, and let it run on its own output
///
/// Windows of sin(phase + 2 pi / 49 k) with a random phase each; the next value is the target. A fifth of the windows
/// is held out. Losses are printed every 10 epochs; then the test errors beside those of repeating the last value; then
/// a forecast of 100 points that is fed with its own output.
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true)] // so that -1 is refused by its option, not taken for another one
pub struct Args {
    /// Recurrent cell.
    #[arg(long, value_enum, default_value_t = Cell::Rnn)]
    pub cell: Cell,
    /// Hidden units.
    #[arg(long, default_value = "20", value_name = "N", value_parser = whole::<1, 1_048_576>)]
    pub hidden: usize,
    /// Passes over the training windows.
    #[arg(long, default_value = "100", value_name = "N", value_parser = count)]
    pub epochs: usize,
    /// Windows of a training step.
    #[arg(long, default_value = "32", value_name = "N", value_parser = count)]
    pub batch: usize,
    /// Step size of Adam.
    #[arg(long, default_value = "0.001", value_name = "X", value_parser = positive)]
    pub lr: f64,
    /// Points of a window.
    #[arg(long, default_value = "50", value_name = "N", value_parser = whole::<2, 1_000_000>)]
    pub seq_len: usize,
    /// Windows, a fifth of them held out.
    #[arg(long, default_value = "1000", value_name = "N", value_parser = whole::<2, 100_000_000>)]
    pub samples: usize,
    /// Standard deviation of the Gaussian noise on every point, targets included.
    #[arg(long, default_value = "0", value_name = "X", value_parser = not_negative)]
    pub noise: f64,
    /// How an adapter stores its copies of the weights and what the way back needs: f16 takes 0.7 to 0.9 of the memory,
    /// for batches that do not fit otherwise; scale the targets. Sums, and the weights that are trained and saved, have
    /// 32 bits in either case. The CPU engine has f32 alone.
    #[arg(long, value_enum, default_value_t = PrecisionName::F32, value_name = "P")]
    pub precision: PrecisionName,
    /// Folder for model.safetensors, metrics.json, forecast.csv and forecast.svg. Without it no file is written.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}
