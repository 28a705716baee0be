//! Tables that Python is given: columns by their names.

use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use refrain::forecast::time::{Style, to_utc};
use refrain::forecast::{Sheet, Values};

/// Names and values. Values are an array, a list of words, or, of times in dates, a dict of three of them: `text` as the
/// table writes them, `wall`, microseconds since 1970 on the clock on the wall, and `utc`, where times have offsets.
pub type Columns<'py> = Vec<(String, Bound<'py, PyAny>)>;

/// The columns of a sheet.
pub fn columns<'py>(py: Python<'py>, sheet: &Sheet) -> PyResult<Columns<'py>> {
    sheet.columns().map(|(name, values)| Ok((name.to_owned(), column(py, values)?))).collect()
}

fn column<'py>(py: Python<'py>, values: &Values) -> PyResult<Bound<'py, PyAny>> {
    let Values::Times(style, times) = values else {
        return match values {
            Values::Text(words) => Ok(words.into_pyobject(py)?.into_any()),
            Values::Whole(numbers) => Ok(PyArray1::from_slice(py, numbers).into_any()),
            Values::Numbers(numbers) => Ok(PyArray1::from_slice(py, numbers).into_any()),
            Values::Times(..) => unreachable!("times are taken below"),
        };
    };
    match style {
        Style::Row => Ok(PyArray1::from_iter(py, times.iter().map(|(time, _)| time / 1_000_000)).into_any()),
        Style::Number => Ok(PyArray1::from_iter(py, times.iter().map(|(time, _)| *time as f64 / 1e6)).into_any()),
        Style::Civil(format) => {
            let of = PyDict::new(py);
            of.set_item("text", times.iter().map(|&(time, offset)| style.print(time, offset)).collect::<Vec<_>>())?;
            of.set_item("wall", PyArray1::from_iter(py, times.iter().map(|(time, _)| *time)))?;
            let utc = PyArray1::from_iter(py, times.iter().map(|&(time, offset)| to_utc(time, offset)));
            of.set_item("utc", format.has_offset().then_some(utc))?;
            Ok(of.into_any())
        }
    }
}
