//! The precision in which a device stores numbers.

use serde::{Deserialize, Serialize};

/// How weights and the tape are stored on a device; sums, master weights and moments are f32 in either case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32 bits.
    #[default]
    F32,
    /// 16 bits, on adapters: a training step takes 0.7 to 0.9 of the memory (benches/PRECISION.md).
    F16,
}
