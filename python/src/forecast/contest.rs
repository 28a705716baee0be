//! Comparisons over many tables.

use super::columns::{Columns, columns};
use super::options::{read_options, recipe, task};
use super::table::{Source, Table};
use super::trained::to_json;
use super::{in_arguments, refused};
use crate::device::select;
use crate::given::Given;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use refrain::forecast::{Architecture, Benchmark, Contest as Compared, Failed, OfTable};
use std::time::Instant;

/// What is compared on each of several tables.
#[pyclass(frozen, module = "refrain._refrain")]
pub struct Contest {
    contest: Compared,
    device: String,
}

/// What came out of one table.
#[pyclass(frozen, module = "refrain._refrain")]
pub struct Measured(OfTable);

#[pymethods]
impl Contest {
    /// Of these options, all of which are looked at here, so that a table is not what is at fault.
    #[new]
    fn new(options: &Bound<'_, PyDict>, device: String) -> PyResult<Self> {
        let given = Given(options);
        read_options(&given)?;
        let names = given.names("models")?;
        let models = names.iter().map(|name| match name.as_str() {
            "default" => Ok(None),
            "segrnn" => Ok(Some(Architecture::Segments(None))),
            "rows" => Ok(Some(Architecture::Rows)),
            _ => {
                let words = format!("models has {name:?}, expected some of \"default\", \"segrnn\", \"rows\"");
                Err(PyValueError::new_err(words))
            }
        });
        let models = models.collect::<PyResult<Vec<_>>>()?;
        if models.is_empty() {
            return Err(PyValueError::new_err("models is empty, expected one at least"));
        }
        let stride = given.whole("stride", 1)?;
        let (task, recipe) = (task(&given)?, recipe(&given, None)?);
        Ok(Contest { contest: Compared { task, recipe, models, stride }, device })
    }

    /// Reads a table that is to be compared on.
    fn read(&self, py: Python<'_>, source: Source, options: &Bound<'_, PyDict>) -> PyResult<Table> {
        let columns = Table::names(py, &source, options)?;
        Table::of(py, &source, self.contest.task(&columns).read_options(read_options(&Given(options))?))
    }

    /// What models and baselines make of a table.
    fn run(&self, py: Python<'_>, name: &str, table: &Table) -> PyResult<Measured> {
        let mut raised = None;
        let stop = || {
            raised = raised.take().or_else(|| Python::attach(|py| py.check_signals()).err());
            raised.is_some()
        };
        let begun = Instant::now();
        let clock = || begun.elapsed().as_secs_f64();
        let found = py.detach(|| -> refrain::Result<Option<OfTable>> {
            let (Table { table, options }, device) = (table, select(&self.device)?);
            let task = self.contest.task(&table.columns);
            pollster::block_on(self.contest.run(&device, (name, table), &task, options, stop, clock))
        });
        raised.map_or(Ok(()), Err)?;
        Ok(Measured(found.map_err(refused)?.expect("nothing but a signal ends a comparison")))
    }
}

#[pymethods]
impl Measured {
    /// The errors for a reader.
    fn __str__(&self) -> String {
        self.0.to_string()
    }
}

/// What came out over tables, and which failed and why: as JSON, as columns, and for a reader.
#[pyfunction]
pub fn ranked<'py>(
    py: Python<'py>,
    tables: Vec<PyRef<'py, Measured>>,
    failed: Vec<(String, String)>,
) -> PyResult<(String, Columns<'py>, String)> {
    let failed = failed.into_iter().map(|(name, reason)| Failed { name, reason }).collect();
    let found = Benchmark::of(tables.iter().map(|table| table.0.clone()).collect(), failed);
    Ok((to_json(&found)?, columns(py, &found.sheet())?, in_arguments(&found.to_string())))
}
