//! From a table to a forecast: written on [`Engine`](crate::engine::Engine) and [`train`](crate::train) alone, so that
//! all of it runs on every device.
//!
//! A [`Task`] says what is to be forecast. Read with it, a [`table::Table`] becomes a [`Problem`]: a [`Plan`] with
//! every number settled, the rows split in the order of time, scales fitted on the training rows, and windows that are
//! views of the scaled series. The trained network's [`Card`] goes into its model file; network, card and a table then
//! give a [`forecast()`] or a [`backtest()`]. `examples/forecast.rs` does it in thirty lines.

mod backtest;
mod baseline;
mod benchmark;
mod card;
mod conformal;
mod forecaster;
mod horizon;
mod look;
mod metrics;
mod naive;
mod normalize;
mod number;
mod origins;
mod panel;
pub mod picture;
mod plan;
mod predict;
mod problem;
mod recipe;
mod refit;
pub mod sample;
mod scale;
mod search;
mod settle;
mod sheet;
mod split;
mod stack;
mod statics;
pub mod table;
mod task;
pub mod time;
mod tried;
mod yardstick;

pub use backtest::{
    Backtest, BacktestOptions, Method, Refits, Sample, SeriesScores, Start, Stretch, backtest, backtest_baseline,
};
pub use baseline::{Baseline, ets, theta};
pub use benchmark::{Benchmark, Failed, Friedman, Measured, OfTable, Ranked, Ranks};
pub use card::{COVERAGE, Card, Trained};
pub use conformal::{COVERAGES, Intervals};
pub use forecaster::{Forecaster, Training};
pub use horizon::{Forecast, SeriesForecast, forecast};
pub use metrics::Scores;
pub use naive::Naive;
pub use normalize::{Center, Divide};
pub use number::{Level, column_name};
pub use plan::Plan;
pub use problem::{LEARNING_RATE, Problem};
pub use recipe::{Architecture, BUDGET, HIDDEN, Recipe, SEGMENT_DROPOUT};
pub use refit::backtest_refitted;
pub use scale::Scale;
pub use search::Search;
pub use sheet::{Sheet, Values};
pub use split::{Part, Split};
pub use statics::{Kind, Static};
pub use task::{ALL, Channels, Scaling, Task};
pub use tried::{Change, Tried};
pub use yardstick::{Errors, Validation};
