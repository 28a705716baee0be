//! One forecast of a backtest.

/// One forecast.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The place of the series in the table.
    pub series: usize,
    /// The place of the target in the plan.
    pub target: usize,
    /// The first row that is forecast.
    pub origin: usize,
    /// [K, V].
    pub values: Vec<f64>,
}
