//! Trains and runs recurrent neural networks (RNN, LSTM, GRU) on any GPU, with hand-written WGSL kernels on wgpu, and
//! on the CPU where there is no GPU.
#![warn(missing_docs)]

pub mod arrays;
pub mod bench_table;
pub mod data;
#[cfg(not(target_arch = "wasm32"))]
pub mod disk;
pub mod engine;
pub mod error;
pub mod exercise;
#[cfg(feature = "forecast")]
pub mod forecast;
pub mod loss;
mod memory;
pub mod model;
pub mod optim;
pub mod reference;
pub mod rng;
pub mod train;
pub mod verify;

pub use error::{Error, Result};

/// Compiles and runs the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
