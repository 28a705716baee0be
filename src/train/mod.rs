//! Training, written on [`Engine`](crate::engine::Engine) alone: epochs over shuffled windows, and the errors of what
//! was learned. Nothing here knows a device, prints, or reads a clock.

mod checkpoint;
mod draw;
#[cfg(test)]
pub(crate) mod fake;
mod fit;
mod loss_curves;
mod measures;
mod metrics;
mod provenance;
#[cfg(test)]
mod tests;
mod validated;
mod validation;

pub use checkpoint::Checkpoint;
pub use draw::Draw;
pub use fit::{Options, Order, Partial, Progress, Report, State, Summary, fit, portion};
pub use loss_curves::loss_curves;
pub use measures::Measures;
pub use metrics::{Metrics, evaluate};
pub use provenance::{record_loss, trained_for};
pub use validated::{Best, Epoch, Finished, Next, Run, Snapshot, fit_validated};
pub use validation::mean_loss;
