//! The library's front: a [`Network`] is built, fitted, asked, saved and streamed in plain calls that wait until they
//! are done. It is written on the engines, training and data below it and computes nothing itself. A browser cannot
//! wait: there, the package for JavaScript is made of [`Builder`], [`Dataset`] and [`Fit`].

mod builder;
mod dataset;
#[cfg(not(target_arch = "wasm32"))]
mod device;
mod fit;
#[cfg(feature = "ndarray")]
mod ndarray;
#[cfg(not(target_arch = "wasm32"))]
mod on_device;
#[doc(hidden)]
pub mod on_engine;
mod predictions;
#[cfg(not(target_arch = "wasm32"))]
mod stream;

pub use builder::{Builder, Gru, Lstm, Rnn};
pub use dataset::Dataset;
pub use fit::{Fit, GoOn};
#[cfg(not(target_arch = "wasm32"))]
pub use on_device::Network;
pub use predictions::Predictions;
#[cfg(not(target_arch = "wasm32"))]
pub use stream::Stream;
