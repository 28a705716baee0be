//! From a table to a forecast.

mod card;
mod conformal;
mod scale;
mod split;
mod stack;
pub mod table;
mod task;
pub mod time;

pub use card::{Card, Trained};
pub use conformal::{COVERAGES, Intervals};
pub use scale::Scale;
pub use split::{Part, Split};
pub use task::{ALL, Channels, Plan, Scaling, Task};
