//! How rows fall into segments.

use crate::data::{Sequences, Windows};
use crate::model::{Segments, Spec};
use std::borrow::Cow;

/// The rows of a batch: windows, or sequences given outright.
pub(super) enum Rows<'a> {
    Windows(&'a Windows, &'a [u32]),
    Sequences(&'a Sequences<'a>),
}

impl<'a> Rows<'a> {
    pub fn windows(windows: &'a Windows, ids: &'a [u32]) -> Self {
        Rows::Windows(windows, ids)
    }

    pub fn sequences(sequences: &'a Sequences<'a>) -> Self {
        Rows::Sequences(sequences)
    }

    /// B.
    pub fn count(&self) -> usize {
        match self {
            Rows::Windows(_, ids) => ids.len(),
            Rows::Sequences(sequences) => sequences.rows,
        }
    }

    /// T.
    pub fn steps(&self) -> usize {
        match self {
            Rows::Windows(windows, _) => windows.steps(),
            Rows::Sequences(sequences) => sequences.steps,
        }
    }

    /// The steps of a row within its length.
    pub fn length(&self, row: usize) -> usize {
        match self {
            Rows::Windows(windows, ids) => windows.length(ids[row] as usize),
            Rows::Sequences(sequences) => sequences.length(row),
        }
    }

    /// The features of every row that do not change in time, [B, C].
    pub fn statics(&self) -> Cow<'a, [f32]> {
        match *self {
            Rows::Windows(windows, ids) => ids.iter().flat_map(|&id| windows.statics(id as usize)).copied().collect(),
            Rows::Sequences(sequences) => Cow::Borrowed(&sequences.statics),
        }
    }

    /// The values of a row, [T, I].
    fn values(&self, row: usize) -> Cow<'a, [f32]> {
        match *self {
            Rows::Windows(windows, ids) => windows.input(ids[row] as usize),
            Rows::Sequences(Sequences { rows, x, .. }) => {
                let len = x.len() / rows;
                Cow::Borrowed(&x[row * len..][..len])
            }
        }
    }
}

/// How the rows of a batch, and the horizon after them, fall into segments.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// B.
    pub rows: usize,
    /// Segments of T steps (N).
    pub segments: usize,
    /// Values of a segment (w*I).
    pub input: usize,
    /// Hidden units (H).
    pub hidden: usize,
    /// Segments of the horizon (M).
    pub positions: usize,
    /// Values of a segment of the horizon (w*F).
    pub output: usize,
    /// Values of the horizon (O).
    pub outputs: usize,
    /// Values of a step (I).
    step: usize,
    /// T.
    steps: usize,
    /// Segments of each row, where not all have N.
    pub lengths: Option<Vec<u32>>,
    /// Steps of each row, likewise.
    row_steps: Vec<usize>,
}

impl Shape {
    pub fn new(spec: &Spec, rows: &Rows<'_>) -> Self {
        let Segments { steps: of_segment, targets, .. } = spec.segments.expect("a network over segments");
        let row_steps: Vec<usize> = (0..rows.count()).map(|row| rows.length(row)).collect();
        let count = |steps: usize| steps.div_ceil(of_segment);
        let segments = count(rows.steps());
        let lengths: Vec<u32> = row_steps.iter().map(|&steps| count(steps) as u32).collect();
        Shape {
            rows: rows.count(),
            segments,
            input: of_segment * spec.input,
            hidden: spec.hidden,
            positions: spec.positions(),
            output: of_segment * targets,
            outputs: spec.outputs(),
            step: spec.input,
            steps: rows.steps(),
            lengths: lengths.iter().any(|&length| length as usize != segments).then_some(lengths),
            row_steps,
        }
    }

    /// Where the values of a row lie among its segments, [N, w*I]: they end where the row ends, and zeros come before.
    fn place(&self, row: usize) -> std::ops::Range<usize> {
        let of_segment = self.input / self.step;
        let end = self.row_steps[row].div_ceil(of_segment) * self.input;
        end - self.row_steps[row] * self.step..end
    }

    /// The values of every segment, [B, N, w*I]; zero where a row has none.
    pub fn split(&self, rows: &Rows<'_>) -> Vec<f32> {
        let mut values = vec![0.0; self.rows * self.segments * self.input];
        for (row, segments) in values.chunks_exact_mut(self.segments * self.input).enumerate() {
            let place = self.place(row);
            let own = rows.values(row);
            segments[place.clone()].copy_from_slice(&own[..place.len()]);
        }
        values
    }

    /// [B, T, I] from [B, N, w*I]; zero beyond a row's length.
    pub fn join(&self, values: &[f32]) -> Vec<f32> {
        let mut joined = vec![0.0; self.rows * self.steps * self.step];
        let rows = joined.chunks_exact_mut(self.steps * self.step).zip(values.chunks_exact(self.segments * self.input));
        for (row, (joined, segments)) in rows.enumerate() {
            let place = self.place(row);
            joined[..place.len()].copy_from_slice(&segments[place]);
        }
        joined
    }

    /// The outputs [B, O] of the segments of the horizon, [B, M, w*F].
    pub fn cut(&self, segments: &[f32]) -> Vec<f32> {
        segments.chunks_exact(self.positions * self.output).flat_map(|row| &row[..self.outputs]).copied().collect()
    }

    /// The segments of the horizon, [B, M, w*F], zero beyond it, from the outputs [B, O].
    pub fn fill(&self, outputs: &[f32]) -> Vec<f32> {
        let mut segments = vec![0.0; self.rows * self.positions * self.output];
        let rows = segments.chunks_exact_mut(self.positions * self.output).zip(outputs.chunks_exact(self.outputs));
        rows.for_each(|(row, outputs)| row[..self.outputs].copy_from_slice(outputs));
        segments
    }
}
