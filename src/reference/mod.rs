//! The oracle: the whole network, forward and backward, in f64 and in plain loops that read like the formulas, and
//! where wanted with the error that each value is expected to have in f32 ([`Rounded`]). Every engine is compared with
//! it, and it is compared with PyTorch (`tests/golden.rs`) and with central differences
//! (`tests/finite_differences.rs`). No SIMD, no threads, no wgpu lives here, and nothing that makes it faster but
//! harder to read. It shares with the engines the cells' pointwise functions and the layout of the parameter block, no
//! more.
//!
//! ```
//! use refrain::model::{CellKind, Layout, Spec};
//! use refrain::reference::{self, Sequences};
//!
//! let spec = Spec::new(CellKind::Gru, 2, 5, 1);
//! let parameters = vec![0.1; Layout::new(&spec).len()];
//! let sequences = Sequences { rows: 3, steps: 4, x: vec![0.5; 3 * 4 * 2], states: None, lengths: None, statics: Vec::new() };
//! let found = reference::differentiate(&spec, &parameters, &sequences, &[1.0; 3])?;
//! assert_eq!(found.outputs, reference::forward(&spec, &parameters, &sequences)?);
//! # Ok::<(), refrain::Error>(())
//! ```

mod head;
mod layer;
mod network;
mod optim;
mod results;
mod rounded;
mod run;
mod segments;
mod sequences;
#[cfg(test)]
mod tests;

pub use optim::{Moments, clip_gradients, optimizer_step};
pub use results::{Differentiated, Gradients, Outputs};
pub use rounded::Rounded;
pub use run::{
    backward, backward_rounded, differentiate, differentiate_rounded, differentiate_with, forward, forward_rounded,
};
pub use sequences::{Sequences, widen};
