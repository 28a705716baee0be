//! The recurrent cells: each one file here and one of the same stem in `shaders/cells/`. What lives here is pointwise
//! and generic over the number type, so that the f64 oracle and the CPU engine's f32 lanes share it. No loops over
//! units, rows or time: the scan around a cell is the engines' business.

mod cell;
mod gru;
mod lstm;
mod real;
mod rnn;

pub use cell::{Cell, MAX_SLOTS, MAX_STATES, Slots, States};
pub use gru::Gru;
pub use lstm::Lstm;
pub use real::{Number, Real};
pub use rnn::{Activation, Elman, Relu, RnnRelu, RnnTanh, Tanh};
