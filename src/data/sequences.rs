//! Sequences given outright.

use std::borrow::Cow;
use std::ops::Range;

/// Sequences given outright, with the states that they start from.
#[derive(Clone, Debug, Default)]
pub struct Sequences<'a> {
    /// Batch rows (B).
    pub rows: usize,
    /// Time steps (T).
    pub steps: usize,
    /// [B, T, I], row-major; owned or borrowed.
    pub x: Cow<'a, [f32]>,
    /// Initial states [S, L*D, B, H] (h, then c), or zeros.
    pub states: Option<Vec<f32>>,
    /// The length of each row, `[B]`, from 1 to T; or T for all. What lies beyond is never read.
    pub lengths: Option<Vec<u32>>,
    /// Features of each row that do not change in time, [B, C]; empty of a network that has none.
    pub statics: Cow<'a, [f32]>,
}

impl<'a> Sequences<'a> {
    /// Sequences `x` [B, T, I] that start from zeros and have all T steps.
    pub fn new(rows: usize, steps: usize, x: impl Into<Cow<'a, [f32]>>) -> Self {
        Sequences { rows, steps, x: x.into(), states: None, lengths: None, statics: Cow::default() }
    }

    /// The steps of row `b` within its length.
    pub fn length(&self, b: usize) -> usize {
        self.lengths.as_ref().map_or(self.steps, |lengths| lengths[b] as usize)
    }

    /// The rows `part` alone, for a network of `hidden` units.
    ///
    /// # Panics
    /// Where there are no such rows.
    pub fn part(&self, part: &Range<usize>, hidden: usize) -> Sequences<'_> {
        assert!(part.end <= self.rows && self.rows > 0, "rows {part:?} of {}", self.rows);
        let [width, statics] = [self.x.len() / self.rows, self.statics.len() / self.rows];
        Sequences {
            rows: part.len(),
            steps: self.steps,
            x: self.x[part.start * width..part.end * width].into(),
            states: self.states.as_ref().map(|states| state_rows(states, self.rows, part, hidden)),
            lengths: self.lengths.as_ref().map(|lengths| lengths[part.clone()].to_vec()),
            statics: self.statics[part.start * statics..part.end * statics].into(),
        }
    }
}

/// The rows `part` of states of `rows` rows and `hidden` units, [S, L*D, B, H].
pub(crate) fn state_rows(states: &[f32], rows: usize, part: &Range<usize>, hidden: usize) -> Vec<f32> {
    let blocks = states.chunks_exact(rows * hidden);
    blocks.flat_map(|block| &block[part.start * hidden..part.end * hidden]).copied().collect()
}
