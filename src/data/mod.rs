//! What a network is trained on: windows over a series, and sequences given outright. On a device both are the same: a
//! flat series and the start of each window in it. Nothing here knows a network.

mod held_out;
mod lengths;
mod sequences;
mod targets;
mod windows;

pub use held_out::HeldOut;
pub(crate) use lengths::check_lengths;
pub use sequences::Sequences;
pub(crate) use sequences::state_rows;
pub use targets::{Center, Targets};
pub use windows::Windows;
