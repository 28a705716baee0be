//! Tables, as Python holds them.

use super::options::{read_options, task};
use super::{in_arguments, refused};
use crate::given::Given;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use refrain::forecast::table::{ReadOptions, Table as Read};
use refrain::{Result, disk};
use std::path::PathBuf;

/// A table that was read.
#[pyclass(frozen, module = "refrain._refrain")]
pub struct Table {
    pub(super) table: Read,
    /// How it was read.
    pub(super) options: ReadOptions,
}

/// Where a table comes from: a file, or text or Parquet that Python holds.
#[derive(FromPyObject)]
pub enum Source {
    /// The bytes, and what errors call them.
    Held(String, pyo3::pybacked::PyBackedBytes),
    /// A path.
    File(PathBuf),
}

impl Table {
    /// Reads a table.
    pub(super) fn of(py: Python<'_>, source: &Source, options: ReadOptions) -> PyResult<Self> {
        let table = py.detach(|| source.with(|name, bytes| Read::read(name, bytes, &options)));
        Ok(Table { table: table.map_err(refused)?, options })
    }

    /// The names of a table's columns.
    pub(super) fn names(py: Python<'_>, source: &Source, options: &Bound<'_, PyDict>) -> PyResult<Vec<String>> {
        let options = read_options(&Given(options))?;
        py.detach(|| source.with(|name, bytes| Read::names(name, bytes, &options))).map_err(refused)
    }
}

impl Source {
    fn with<T>(&self, take: impl FnOnce(&str, &mut dyn std::io::Read) -> Result<T>) -> Result<T> {
        match self {
            Source::Held(name, bytes) => take(name, &mut &bytes[..]),
            Source::File(path) => take(&path.display().to_string(), &mut disk::open(path)?),
        }
    }
}

#[pymethods]
impl Table {
    /// The names of a table's columns.
    #[staticmethod]
    #[pyo3(name = "names")]
    fn py_names(py: Python<'_>, source: Source, options: &Bound<'_, PyDict>) -> PyResult<Vec<String>> {
        Table::names(py, &source, options)
    }

    /// Reads a table that is to be learned from.
    #[staticmethod]
    fn read(py: Python<'_>, source: Source, options: &Bound<'_, PyDict>) -> PyResult<Self> {
        let given = Given(options);
        Table::of(py, &source, task(&given)?.read_options(read_options(&given)?))
    }

    /// What was assumed, a sentence each.
    fn notes(&self) -> Vec<String> {
        let filled = self.table.mostly_filled();
        self.table.notes.iter().chain(&filled).map(|note| in_arguments(note)).collect()
    }
}
