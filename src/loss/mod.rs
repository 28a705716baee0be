//! What training minimises: the losses and their derivatives, as PyTorch defines them, and what they are measured
//! against. Pure definitions; no device.
//!
//! The head gives O outputs at each *position*: the last step of a row, or every step of it. A loss is the mean of its
//! terms over all positions that count: of one term per output, or, for cross-entropy, of one term per position. A
//! position beyond the length of its row does not count, neither in the sum nor in what the sum is divided by, and its
//! target is never looked at.

mod distribution;
mod losses;
mod mean;
mod objective;
mod quantiles;

pub use distribution::Distribution;
pub use losses::Loss;
pub use objective::Objective;
pub use quantiles::{MOST_QUANTILES, Quantiles};

/// Where Huber's loss turns from a parabola into lines where nothing is said: PyTorch's default.
pub const DELTA: f64 = 1.0;
