//! What the oracle reads, in f64.

use crate::data;
use crate::error::Result;

/// [`data::Sequences`] in f64, with the length of each row. With lengths, a row is what `torch.nn.utils.rnn` makes of
/// it by `pack_padded_sequence(.., batch_first=True, enforce_sorted=False)`: what lies beyond its length is never read,
/// hidden states and outputs are zero there, the final states are those at the row's true end, the reverse direction
/// starts there, and [`Readout::Last`](crate::model::Readout::Last) reads there.
#[derive(Clone, Debug, Default)]
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
    /// Features of each row that do not change in time, [B, C]; empty of a network that has none.
    pub statics: Vec<f64>,
}

/// The same values in f64, exactly.
pub fn widen(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| value.into()).collect()
}

impl From<&data::Sequences<'_>> for Sequences {
    fn from(from: &data::Sequences) -> Self {
        let states = from.states.as_deref().map(widen);
        let lengths = from.lengths.as_ref().map(|lengths| lengths.iter().map(|&length| length as usize).collect());
        let (x, statics) = (widen(&from.x), widen(&from.statics));
        Sequences { rows: from.rows, steps: from.steps, x, states, lengths, statics }
    }
}

impl Sequences {
    /// The windows `ids` as one batch that starts from zeros, and their targets [B, target_len].
    ///
    /// # Errors
    /// [`Error::Index`](crate::Error::Index) where an id is not a window.
    pub fn of_windows(windows: &data::Windows, ids: &[u32]) -> Result<(Self, Vec<f64>)> {
        windows.check_ids(ids)?;
        let ids = || ids.iter().map(|&id| id as usize);
        let x = ids().flat_map(|id| widen(&windows.input(id))).collect();
        let targets = ids().flat_map(|id| widen(&windows.target(id))).collect();
        let lengths = windows.lengths().map(|_| ids().map(|id| windows.length(id)).collect());
        let statics = ids().flat_map(|id| widen(windows.statics(id))).collect();
        Ok((Sequences { rows: ids().len(), steps: windows.steps(), x, states: None, lengths, statics }, targets))
    }
}
