//! Trains and runs recurrent neural networks (RNN, LSTM, GRU) on any GPU, with hand-written WGSL kernels on wgpu, and on
//! the CPU where there is no GPU.
#![warn(missing_docs)]

pub mod data;
pub mod engine;
pub mod error;
pub mod model;
pub mod reference;
pub mod verify;

pub use error::{Error, Result};
