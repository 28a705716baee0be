//! Errors of predictions.

use crate::data::Windows;
use crate::engine::Engine;
use crate::error::{Error, Result};
use serde::Serialize;

/// The errors of predictions p against targets t, over all n values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Metrics {
    /// Mean squared error, sum((p - t)^2) / n.
    pub mse: f64,
    /// Root of the mean squared error, in the unit of the data.
    pub rmse: f64,
    /// Mean absolute error, sum(|p - t|) / n, in the unit of the data.
    pub mae: f64,
}

impl Metrics {
    /// The errors of `predictions` against `targets`, summed in f64. Nothing is broadcast.
    ///
    /// # Errors
    /// [`Error::Length`] where their lengths differ; [`Error::Config`] where there are none.
    pub fn of(predictions: &[f32], targets: &[f32]) -> Result<Self> {
        Error::check_len("predictions", &[("targets", targets.len())], predictions.len())?;
        if targets.is_empty() {
            return Err(Error::config("number of targets", 0, "at least 1"));
        }
        let differences = || predictions.iter().zip(targets).map(|(&p, &t)| f64::from(p) - f64::from(t));
        let count = targets.len() as f64;
        let mse = differences().map(|d| d * d).sum::<f64>() / count;
        let mae = differences().map(f64::abs).sum::<f64>() / count;
        Ok(Metrics { mse, rmse: mse.sqrt(), mae })
    }
}

/// The errors of the network on the windows `ids`, which the engine has loaded from `windows`; `batch` at a time.
///
/// # Errors
/// [`Error::Index`] where an id is not a window; else as [`Engine::predict`] and [`Metrics::of`].
pub async fn evaluate<E: Engine>(engine: &mut E, windows: &Windows, ids: &[u32], batch: usize) -> Result<Metrics> {
    windows.check_ids(ids)?;
    let predictions = engine.predict(ids, batch).await?;
    let targets: Vec<f32> = ids.iter().flat_map(|&id| windows.target(id as usize).into_owned()).collect();
    Metrics::of(&predictions, &targets)
}
