//! Training, written on [`Engine`](crate::engine::Engine) alone: epochs over shuffled windows, and the errors of what was
//! learned. Nothing here knows a device, prints, or reads a clock.

#[cfg(test)]
pub(crate) mod fake;
mod fit;
mod metrics;
#[cfg(test)]
mod tests;

pub use fit::{Options, Order, Progress, Report, State, Summary, fit};
pub use metrics::{Metrics, evaluate};
