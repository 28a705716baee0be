//! Keyword arguments of Python, a dict of them. What makes no sense is refused in the library's words.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString};
use std::fmt::Display;
use std::str::FromStr;

/// Arguments by their names.
pub struct Given<'a, 'py>(pub &'a Bound<'py, PyDict>);

impl<'py> Given<'_, 'py> {
    /// An argument; none where it is None, or was not given.
    pub fn get(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.0.get_item(name)?.filter(|value| !value.is_none()))
    }

    /// A whole number of at least `least`.
    pub fn whole(&self, name: &str, least: i64) -> PyResult<Option<usize>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        let found = value.extract().ok().filter(|&number: &i64| number >= least && !value.is_instance_of::<PyBool>());
        let number = found.and_then(|number| usize::try_from(number).ok());
        number.map(Some).ok_or_else(|| refuse(name, &value, format_args!("a whole number of at least {least}")))
    }

    /// A finite number that `fits`.
    pub fn number(&self, name: &str, expected: &str, fits: impl Fn(f64) -> bool) -> PyResult<Option<f64>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        let found = value.extract().ok().filter(|number: &f64| number.is_finite() && fits(*number));
        found.map(Some).ok_or_else(|| refuse(name, &value, expected))
    }

    /// Whether.
    pub fn flag(&self, name: &str) -> PyResult<Option<bool>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        value.extract().map(Some).map_err(|_| refuse(name, &value, "True or False"))
    }

    /// A word.
    pub fn word(&self, name: &str) -> PyResult<Option<String>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        value.str()?.extract().map(Some)
    }

    /// What a word says.
    pub fn parsed<T: FromStr<Err: Display>>(&self, name: &str) -> PyResult<Option<T>> {
        let Some(word) = self.word(name)? else { return Ok(None) };
        word.parse().map(Some).map_err(|error| PyValueError::new_err(format!("{name}: {error}")))
    }

    /// One of some words.
    pub fn choice<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> PyResult<Option<T>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        let word: String = value.str()?.extract()?;
        let found = words.iter().find(|(known, _)| *known == word).map(|(_, choice)| *choice);
        let known = || words.iter().map(|(known, _)| format!("{known:?}")).collect::<Vec<_>>().join(", ");
        found.map(Some).ok_or_else(|| refuse(name, &value, format_args!("one of {}", known())))
    }

    /// Names: one, or several in any order.
    pub fn names(&self, name: &str) -> PyResult<Vec<String>> {
        let Some(value) = self.get(name)? else { return Ok(Vec::new()) };
        if value.is_instance_of::<PyString>() {
            return Ok(vec![value.extract()?]);
        }
        let several = value.try_iter().map_err(|_| refuse(name, &value, "a name, or a list of names"))?;
        several.map(|value| value?.str()?.extract()).collect()
    }
}

/// The refusal of an argument.
fn refuse(name: &str, value: &Bound<'_, PyAny>, expected: impl Display) -> PyErr {
    let found = value.repr().map_or_else(|_| "of no use".to_owned(), |found| found.to_string());
    PyValueError::new_err(format!("{name} is {found}, expected {expected}"))
}
