//! The compiled part of the Python package `refrain`: networks on a device, fed from NumPy's memory. What users see is
//! in `python/refrain`.

mod arrays;
mod device;
mod error;
mod file;
mod fit;
mod forecast;
mod given;
mod network;
mod order;
mod passes;
mod tape;
mod unbiased;

use pyo3::prelude::*;

/// The compiled part of `refrain`.
#[pymodule]
mod _refrain {
    #[pymodule_export]
    use super::device::devices;
    #[pymodule_export]
    use super::forecast::{Contest, Measured, Table, Trained, ranked};
    #[pymodule_export]
    use super::network::Network;
    #[pymodule_export]
    use super::tape::Tape;
    use super::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
