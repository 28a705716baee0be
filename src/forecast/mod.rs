//! From a table to a forecast.

mod ahead;
mod backtest;
mod card;
mod conformal;
mod metrics;
mod naive;
mod predict;
mod problem;
pub mod sample;
mod scale;
mod split;
mod stack;
pub mod table;
mod task;
pub mod time;

pub use ahead::{Ahead, Forecast, column_name, forecast};
pub use backtest::{Backtest, BacktestOptions, Method, Sample, SeriesScores, Start, backtest};
pub use card::{Card, Trained};
pub use conformal::{COVERAGES, Intervals};
pub use metrics::Scores;
pub use naive::Naive;
pub use predict::Level;
pub use problem::Problem;
pub use scale::Scale;
pub use split::{Part, Split};
pub use task::{ALL, Channels, Plan, Scaling, Task};
