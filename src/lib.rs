//! Trains and runs recurrent neural networks (RNN, LSTM, GRU) on any GPU, with hand-written WGSL kernels on wgpu, and
//! on the CPU where there is no GPU.
//!
//! ```
//! use refrain::{Dataset, Fit, Gru};
//!
//! // Rows of unequal length, one feature a step: do they rise or fall?
//! let rows = [vec![0.1, 0.2, 0.4], vec![0.9, 0.5], vec![0.3, 0.8], vec![0.7, 0.6, 0.2]];
//! let data = Dataset::from_rows(&rows, 1)?.classes([0, 1, 0, 1])?;
//! let mut network = Gru::builder(1, 8).head(2).build()?; // inputs, hidden units; 2 classes
//! network.fit(&data, Fit::default().epochs(200).adam(1e-2))?;
//! assert_eq!(network.evaluate(&data)?.accuracy, Some(1.0));
//! assert_eq!(network.predict(&data)?.classes(), [0, 1, 0, 1]);
//! # Ok::<(), refrain::Error>(())
//! ```
//!
//! [`network`] has the plain calls, which wait until they are done; [`engine::Engine`] is what they are made of, and
//! [`train`] the training on it. [`forecast`](forecast/index.html) goes from tables to forecasts.
//! The [examples](https://docs.rs/crate/refrain/latest/source/examples/) go further.
//!
//! | module | what it has |
//! |---|---|
//! | [`network`] | networks, data and fits in plain calls, which wait until they are done |
//! | [`model`] | what a network is: spec, cells, parameters in PyTorch's layout, initial weights, model files |
//! | [`data`] | sequences; windows over a series, with their targets |
//! | [`engine`] | the trait [`Engine`](engine::Engine), the CPU engine, the GPU engine, and `Device`, which picks one |
//! | [`train`] | epochs, reports, validation, early stopping, checkpoints |
//! | [`loss`], [`optim`] | losses; optimisers, clipping, schedules |
//! | [`forecast`](forecast/index.html) | from a table to a forecast with intervals, and backtests |
//! | [`arrays`] | `.safetensors`, `.npz` and `.npy` files |
//! | [`disk`] | files that are written whole or not at all |
//! | [`rng`] | seeded random numbers |
//!
//! | feature | what it adds |
//! |---|---|
//! | `gpu` (default) | the engine on wgpu; without it, [`engine::Device`] is the CPU engine |
//! | `forecast` (default) | the module `forecast`, with tables of CSV |
//! | `parquet` (default) | tables of Parquet |
//! | `npz` (default) | arrays in NumPy's `.npz` archives |
//! | `zstd` | Parquet compressed with zstd, which needs a C compiler |
//! | `ndarray` | data and predictions as arrays of that crate |
//! | `cli` (default) | the command `refrain`; implies `gpu`, `forecast` and `npz`, and adds nothing to the library |
//!
//! A program that links the library sets `default-features = false` and names those that it needs. With none of them
//! there are the CPU engine, training and model files, and no dependency on wgpu or on what reads tables.
#![warn(missing_docs)]

pub mod arrays;
pub mod data;
#[cfg(not(target_arch = "wasm32"))]
pub mod disk;
pub mod engine;
pub mod error;
mod fnv;
#[cfg(feature = "forecast")]
pub mod forecast;
pub mod loss;
mod memory;
pub mod model;
pub mod network;
pub mod optim;
pub mod plot;
pub mod rng;
pub mod train;
#[doc(hidden)]
pub mod words;

// What proves the engines and times them, and the course's exercise: public for the command, the tests and the
// benchmarks, and no part of what a program builds on.
#[doc(hidden)]
pub mod bench_table;
#[doc(hidden)]
pub mod exercise;
#[cfg(feature = "gpu")]
#[doc(hidden)]
pub mod measure;
#[doc(hidden)]
pub mod reference;
#[doc(hidden)]
pub mod verify;

pub use engine::Device;
pub use error::{Error, Result};
pub use network::{Builder, Dataset, Fit, Gru, Lstm, Predictions, Rnn};
#[cfg(not(target_arch = "wasm32"))]
pub use network::{Network, Stream};

/// Compiles and runs the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
