//! Rolling-origin evaluation: forecasts from many rows of a table, each from what was known there, beside forecasts
//! that need no network.

mod comparison;
mod method;
mod options;
mod report;
mod rolling;
mod sample;
mod shown;
mod sums;
mod verdict;

pub use method::{Method, SeriesScores};
pub use options::{BacktestOptions, Start};
pub use report::{Backtest, Refits, Stretch};
pub use sample::Sample;

use super::baseline::Baseline;
use super::card::Card;
use super::table::Table;
use crate::engine::Engine;
use crate::error::Result;
pub(super) use comparison::Comparison;
pub(super) use report::names;
pub(super) use rolling::{Case, Rolling};
pub(super) use shown::{Found, Shown};

/// Forecasts each series of a table from many origins by the network that `engine` holds, and counts the errors. A
/// forecast sees the rows before its origin and, of the covariates of the future, a horizon more.
///
/// # Errors
/// [`Error::Table`](crate::Error::Table) where the table does not fit the model, or no row is left to forecast.
pub async fn backtest<E: Engine>(
    engine: &mut E,
    card: &Card,
    table: &Table,
    options: &BacktestOptions,
) -> Result<Backtest> {
    let rolling = Rolling::new(card, table, options)?;
    let reading = rolling.reading(card)?;
    let comparison = Comparison::new(&rolling, &reading)?;
    let (mut sums, mut found) = (comparison.sums_beside_rules(), Found::default());
    let shown = Shown::of(&rolling);
    let take = |sample: Sample| {
        comparison.add(0, &sample, &mut sums);
        found.keep(sample, &shown, options.keep);
    };
    rolling.forecast(engine, card, &reading, &rolling.cases, take).await?;
    comparison.add_rules(&rolling.cases, &mut sums);
    Backtest::new(&rolling, &reading, &sums, found)
}

/// The errors of a baseline from the same origins as those of a model with this card.
///
/// # Errors
/// As [`backtest()`].
pub fn backtest_baseline(card: &Card, table: &Table, options: &BacktestOptions, baseline: Baseline) -> Result<Method> {
    let rolling = Rolling::new(card, table, options)?;
    let reading = rolling.reading(card)?;
    let comparison = Comparison::new(&rolling, &reading)?;
    let mut sums = comparison.sums(1);
    comparison.add_baseline(0, baseline, &rolling.cases, &mut sums);
    Ok(sums.method(0, baseline.name().to_owned(), &names(&rolling)))
}
