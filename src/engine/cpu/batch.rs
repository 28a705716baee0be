//! The rows of a batch, wherever they lie.

use crate::data::{Sequences, Windows};
use std::borrow::Cow;

/// A batch: loaded windows, or sequences given outright. All lengths have been checked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Batch<'a> {
    /// The windows with these ids.
    Windows(&'a Windows, &'a [u32]),
    /// The sequences, and their targets where there are any.
    Sequences(&'a Sequences, &'a [f32]),
}

impl<'a> Batch<'a> {
    /// B.
    pub fn rows(&self) -> usize {
        match self {
            Batch::Windows(_, ids) => ids.len(),
            Batch::Sequences(sequences, _) => sequences.rows,
        }
    }

    /// T.
    pub fn steps(&self) -> usize {
        match self {
            Batch::Windows(windows, _) => windows.steps(),
            Batch::Sequences(sequences, _) => sequences.steps,
        }
    }

    /// x of one row, [T, I].
    pub fn sequence(&self, row: usize) -> &'a [f32] {
        match self {
            Batch::Windows(windows, ids) => windows.window(ids[row] as usize),
            Batch::Sequences(sequences, _) => row_of(&sequences.x, sequences.rows, row),
        }
    }

    /// The target of one row.
    pub fn target(&self, row: usize) -> Cow<'a, [f32]> {
        match self {
            Batch::Windows(windows, ids) => windows.target(ids[row] as usize),
            Batch::Sequences(sequences, targets) => Cow::Borrowed(row_of(targets, sequences.rows, row)),
        }
    }

    /// Initial states [S, L*D, B, H], or zeros.
    pub fn states(&self) -> Option<&'a [f32]> {
        match self {
            Batch::Windows(..) => None,
            Batch::Sequences(sequences, _) => sequences.states.as_deref(),
        }
    }
}

/// One of `rows` equal parts.
fn row_of(values: &[f32], rows: usize, row: usize) -> &[f32] {
    let len = values.len() / rows;
    &values[row * len..][..len]
}
