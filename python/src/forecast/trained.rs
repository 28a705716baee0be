//! Trained forecasters, as Python holds them.

use super::columns::{Columns, columns};
use super::options::read_options;
use super::table::{Source, Table};
use super::{in_arguments, refused};
use crate::device::select;
use crate::fit::Watch;
use crate::given::Given;
use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use refrain::disk;
use refrain::forecast::{Backtest, BacktestOptions, COVERAGE, Forecaster, Sheet, backtest_refitted};
use refrain::plot::WIDTH;
use refrain::train::Epoch;
use serde_json::json;
use std::path::PathBuf;

/// A trained network, and what it forecasts from what.
#[pyclass(frozen, module = "refrain._refrain")]
pub struct Trained {
    pub(super) forecaster: Forecaster,
}

pub fn to_json(value: &impl serde::Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|error| PyRuntimeError::new_err(error.to_string()))
}

#[pymethods]
impl Trained {
    /// The forecaster of a model file.
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        Ok(Trained { forecaster: py.detach(|| Forecaster::open(&path)).map_err(refused)? })
    }

    /// The forecaster of the bytes of a model file.
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        Ok(Trained { forecaster: Forecaster::from_bytes("the model", bytes).map_err(refused)? })
    }

    /// Reads a table that it is to forecast, or one on which its network is to be trained further or again.
    #[pyo3(signature = (source, options, *, to_train))]
    fn read(&self, py: Python<'_>, source: Source, options: &Bound<'_, PyDict>, to_train: bool) -> PyResult<Table> {
        let (card, options) = (&self.forecaster.card, read_options(&Given(options))?);
        let options = if to_train { card.read_options_to_train(options) } else { card.read_options(options) };
        Table::of(py, &source, options)
    }

    /// The bytes of its model file.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| self.forecaster.to_bytes()).map_err(refused)?;
        Ok(PyBytes::new(py, &bytes))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        Ok((py.get_type::<Trained>().getattr("from_bytes")?, (self.to_bytes(py)?,)))
    }

    /// Writes its model file.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let bytes = py.detach(|| self.forecaster.to_bytes()).map_err(refused)?;
        let written = py.detach(|| disk::write_whole(&[(&path, &bytes)]));
        written.map_err(|error| PyOSError::new_err(error.to_string()))
    }

    /// What it is, as JSON.
    fn description(&self) -> PyResult<String> {
        let Forecaster { model, card } = &self.forecaster;
        to_json(&json!({
            "plan": card.plan,
            "spec": model.spec,
            "bidirectional": model.spec.bidirectional,
            "cell": model.spec.cell.name(),
            "parameters": model.parameters.len(),
            "rows": model.provenance.get("rows"),
            "frequency": card.frequency.to_string(),
            "within_days": card.frequency.is_within_days(),
            "time": card.time,
            "id": card.id,
            "series": card.series.len(),
        }))
    }

    /// Why forecasts have no intervals where nothing is said of them; none where they have.
    fn without_intervals(&self) -> Option<String> {
        self.forecaster.card.without_intervals(COVERAGE).map(|words| in_arguments(&words))
    }

    /// What comes after a table's end: columns, and a picture.
    #[pyo3(signature = (table, *, device, options))]
    fn forecast<'py>(
        &self,
        py: Python<'py>,
        table: &Table,
        device: &str,
        options: &Bound<'py, PyDict>,
    ) -> PyResult<(Columns<'py>, String, Vec<String>)> {
        let given = Given(options);
        let (steps, coverage) = (given.whole("h", 1)?, given.number("level", "a coverage", |_| true)?);
        let Forecaster { model, card } = &self.forecaster;
        let made = py.detach(|| {
            let device = select(device)?;
            let found = pollster::block_on(self.forecaster.forecast(&device, &table.table, steps, coverage))?;
            Ok((found.sheet(), found.picture(&model.spec, card, &table.table)?.svg(WIDTH), found.notes))
        });
        let (sheet, picture, notes) = made.map_err(refused)?;
        Ok((columns(py, &sheet)?, picture, notes))
    }

    /// Forecasts from many rows of a table against what came, by networks that are trained again as time goes on where
    /// that is asked for: errors as JSON, every forecast, a picture, and what the errors say against the model.
    #[pyo3(signature = (table, *, device, options))]
    fn backtest<'py>(
        &self,
        py: Python<'py>,
        table: &Table,
        device: &str,
        options: &Bound<'py, PyDict>,
    ) -> PyResult<(String, Columns<'py>, String, Vec<String>)> {
        let given = Given(options);
        let (forecaster, refit) = (&self.forecaster, given.whole("refit", 1)?);
        let Forecaster { model, card } = forecaster;
        let options = BacktestOptions {
            from: given.parsed("from_")?,
            to: given.parsed("to")?,
            stride: given.whole("stride", 1)?,
            season: given.whole("season", 1)?,
            coverage: card.coverage(given.number("level", "a coverage", |_| true)?),
            keep: true,
        };
        let mut watch = Watch::new(None, false);
        let made = py.detach(|| -> refrain::Result<Option<(Backtest, Sheet, String)>> {
            let (Table { table, options: read }, device) = (table, select(device)?);
            let found = match refit {
                None => Some(pollster::block_on(forecaster.backtest(&device, table, &options))?),
                Some(count) => {
                    let look = |_: usize, epoch: &Epoch| watch.signals(epoch);
                    pollster::block_on(backtest_refitted(&device, forecaster, table, read, &options, count, look))?
                }
            };
            let Some(found) = found else { return Ok(None) };
            let sheet = found.sheet(table)?;
            let picture = found.picture(&model.spec, card, table)?.svg(WIDTH);
            Ok(Some((found, sheet, picture)))
        });
        watch.raised()?;
        let (found, sheet, picture) = made.map_err(refused)?.expect("nothing but a signal ends a backtest");
        let verdict = found.warnings.iter().map(|words| in_arguments(words)).collect();
        Ok((to_json(&found)?, columns(py, &sheet)?, picture, verdict))
    }
}
