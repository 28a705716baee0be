//! The oracle: the whole network, forward and backward, in f64 and in plain loops that read like the formulas, and at wish with
//! the error that each value is expected to have in f32 ([`Rounded`]). Every engine is held against it, and it is held against PyTorch (`tests/golden.rs`) and against central differences
//! (`tests/finite_differences.rs`). No SIMD, no threads, no wgpu lives here, and nothing that makes it faster but harder to
//! read. It shares with the engines the cells' pointwise functions and the layout of the parameter block, no more.
//!
//! ```
//! use refrain::model::{CellKind, Layout, Spec};
//! use refrain::reference::{self, Sequences};
//!
//! let spec = Spec::new(CellKind::Gru, 2, 5, 1);
//! let parameters = vec![0.1; Layout::new(&spec).len()];
//! let sequences = Sequences { rows: 3, steps: 4, x: vec![0.5; 3 * 4 * 2], states: None, lengths: None };
//! let gradients = reference::differentiate(&spec, &parameters, &sequences, &[1.0; 3])?;
//! assert_eq!(gradients.outputs, reference::forward(&spec, &parameters, &sequences)?);
//! # Ok::<(), refrain::Error>(())
//! ```

mod head;
mod layer;
mod loss;
mod network;
mod optim;
mod rounded;
#[cfg(test)]
mod tests;

pub use network::{differentiate, differentiate_rounded, differentiate_with, forward, forward_rounded};
pub use optim::{Moments, clip_gradients, optimizer_step};
pub use rounded::Rounded;

use crate::data;
use crate::error::Result;

/// [`data::Sequences`] in f64, with the length of each row. With lengths, a row is what `torch.nn.utils.rnn` makes of it by
/// `pack_padded_sequence(.., batch_first=True, enforce_sorted=False)`: what lies beyond its length is never read, hidden
/// states and outputs are zero there, the final states are those at the row's true end, the reverse direction starts there,
/// and [`Readout::Last`](crate::model::Readout::Last) reads there.
#[derive(Clone, Debug)]
pub struct Sequences {
    /// Batch rows (B).
    pub rows: usize,
    /// Time steps (T).
    pub steps: usize,
    /// [B, T, I], row-major.
    pub x: Vec<f64>,
    /// Initial states [S, L*D, B, H] (h, then c), or zeros.
    pub states: Option<Vec<f64>>,
    /// The length of each row, `[B]`, from 1 to T; or T for all.
    pub lengths: Option<Vec<usize>>,
}

/// [`crate::engine::Outputs`] in f64.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outputs<R = f64> {
    /// The head's outputs: [B, O], or [B, T, O] where it reads every step.
    pub y: Vec<R>,
    /// Final states, [S, L*D, B, H] (h, then c).
    pub states: Vec<R>,
}

/// [`crate::engine::Gradients`] in f64.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gradients<R = f64> {
    /// The loss: the mean over what counts.
    pub loss: f64,
    /// The forward pass.
    pub outputs: Outputs<R>,
    /// Gradient of every parameter, in the layout of the parameter block.
    pub parameters: Vec<R>,
    /// Gradient of the input, [B, T, I].
    pub x: Vec<R>,
    /// Gradient of the initial states, [S, L*D, B, H], also where they were zeros that nobody gave.
    pub states: Vec<R>,
}

/// The same values in f64, exactly.
pub fn widen(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| value.into()).collect()
}

impl From<&data::Sequences> for Sequences {
    fn from(from: &data::Sequences) -> Self {
        let states = from.states.as_deref().map(widen);
        let lengths = from.lengths.as_ref().map(|lengths| lengths.iter().map(|&length| length as usize).collect());
        Sequences { rows: from.rows, steps: from.steps, x: widen(&from.x), states, lengths }
    }
}

impl Sequences {
    /// The windows `ids` as one batch that starts from zeros, and their targets [B, target_len].
    pub fn of_windows(windows: &data::Windows, ids: &[u32]) -> Result<(Self, Vec<f64>)> {
        windows.check_ids(ids)?;
        let ids = || ids.iter().map(|&id| id as usize);
        let x = ids().flat_map(|id| widen(&windows.input(id))).collect();
        let targets = ids().flat_map(|id| widen(&windows.target(id))).collect();
        let lengths = windows.lengths().map(|_| ids().map(|id| windows.length(id)).collect());
        Ok((Sequences { rows: ids().len(), steps: windows.steps(), x, states: None, lengths }, targets))
    }
}
