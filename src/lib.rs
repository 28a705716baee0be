//! Trains and runs recurrent neural networks (RNN, LSTM, GRU) on any GPU, with hand-written WGSL kernels on wgpu, and
//! on the CPU where there is no GPU.
//!
//! A network that learns the next value of a sine from 50 values:
//!
//! ```
//! use refrain::data::{Targets, Windows};
//! use refrain::engine::{Engine, cpu::CpuEngine};
//! use refrain::model::{CellKind, Spec, initial_parameters};
//! use refrain::train::{self, Options, State};
//! use std::ops::ControlFlow::Continue;
//!
//! let sine: Vec<f32> = (0..600).map(|t| (t as f32 / 8.0).sin()).collect();
//! let windows = Windows::new(sine, 1, 50, (0..550).collect(), Targets::Horizon { steps: 1, features: 1 })?;
//! let spec = Spec::new(CellKind::Lstm, 1, 20, 1); // inputs, hidden units, outputs
//! let mut lstm = CpuEngine::new(spec, &initial_parameters(&spec, 0))?;
//! lstm.load_data(&windows)?;
//! let rows: Vec<u32> = (0..550).collect();
//! let options = Options { epochs: 5, ..Options::default() };
//! let training = train::fit(&mut lstm, &options, &rows, State::default(), async |_, _| Ok(Continue(())));
//! println!("mean squared error: {}", pollster::block_on(training)?.loss);
//! # Ok::<(), refrain::Error>(())
//! ```
//!
//! [`engine::Device`] picks an adapter in place of the CPU engine. Longer programs are among the
//! [examples](https://docs.rs/crate/refrain/latest/source/examples/): `simple_rnn`, `classify`, `long_memory`,
//! `forecast`.
//!
//! | module | what it has |
//! |---|---|
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
//! | `zstd` | Parquet compressed with zstd, which needs a C compiler |
//! | `cli` (default) | the command `refrain`; implies `gpu` and `forecast`, and adds nothing to the library |
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
#[cfg(feature = "forecast")]
pub mod forecast;
pub mod loss;
mod memory;
pub mod model;
pub mod optim;
pub mod plot;
pub mod rng;
pub mod train;

// What proves the engines and times them, and the course's exercise: public for the command, the tests and the
// benchmarks, and no part of what a program builds on.
#[doc(hidden)]
pub mod bench_table;
#[doc(hidden)]
pub mod exercise;
#[doc(hidden)]
pub mod reference;
#[doc(hidden)]
pub mod verify;

pub use error::{Error, Result};

/// Compiles and runs the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
