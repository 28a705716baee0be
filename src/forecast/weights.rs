//! How often windows are drawn for training.

use super::number::exact;
use super::origins::Origins;
use super::plan::Plan;
use super::table::Table;
use crate::error::{Error, Result};

/// The weight of each of the first `training` windows: the value of the plan's column at its last row; nothing where the
/// plan has none.
///
/// # Errors
/// [`Error::Table`] where the column is not there, one of its values is negative, or no window has a weight above 0.
pub fn weights(table: &Table, plan: &Plan, origins: &Origins, training: usize) -> Result<Vec<f64>> {
    let Some(name) = &plan.weight else { return Ok(Vec::new()) };
    let (column, columns) = (table.column(name)?, table.columns.len());
    for series in &table.series {
        let values = series.values.iter().skip(column).step_by(columns).take(series.known);
        for (row, &value) in values.enumerate() {
            if !(value.is_finite() && value >= 0.0) {
                let (value, time) = (exact(value), table.time(series, row)?);
                let message = format!("column `{name}` is {value} at {time}, expected a weight of at least 0");
                return Err(table.refuse(series, message));
            }
        }
    }
    let weight = |id: usize| {
        let (segment, origin) = origins.of(id);
        table.series[segment.series].values[(origin - 1) * columns + column]
    };
    let weights: Vec<f64> = (0..training).map(weight).collect();
    if weights.iter().any(|&weight| weight > 0.0) {
        return Ok(weights);
    }
    let message = format!(
        "column `{name}` is 0 at the last row of all {training} training windows, expected a weight above 0 at one at least"
    );
    Err(Error::Table { place: table.name.clone(), message })
}
