//! Reads the rows of a batch, whether they are windows or sequences given outright.

use crate::data::{Sequences, Targets, Windows};
use crate::loss::Loss;
use crate::model::Spec;

/// A batch: loaded windows, or sequences given outright. All lengths have been checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch<'a> {
    source: Source<'a>,
    /// Initial states [S, L*D, B, H], or zeros.
    states: Option<&'a [f32]>,
}

#[derive(Clone, Copy, Debug)]
enum Source<'a> {
    /// The windows with these ids.
    Windows(&'a Windows, &'a [u32]),
    /// Sequences x [B, T, I], and their targets where there are any.
    Rows { rows: usize, steps: usize, x: &'a [f32], lengths: Option<&'a [u32]>, targets: &'a [f32] },
}

impl<'a> Batch<'a> {
    /// The windows `ids`, from these states.
    pub fn windows(windows: &'a Windows, ids: &'a [u32], states: Option<&'a [f32]>) -> Self {
        Batch { source: Source::Windows(windows, ids), states }
    }

    /// Sequences with their targets, or with none.
    pub fn sequences(sequences: &'a Sequences, targets: &'a [f32]) -> Self {
        let &Sequences { rows, steps, ref x, ref states, ref lengths, .. } = sequences;
        let source = Source::Rows { rows, steps, x, lengths: lengths.as_deref(), targets };
        Batch { source, states: states.as_deref() }
    }

    /// The next steps of a stream, x [B, T, I].
    pub fn stream(rows: usize, steps: usize, x: &'a [f32], states: &'a [f32]) -> Self {
        Batch { source: Source::Rows { rows, steps, x, lengths: None, targets: &[] }, states: Some(states) }
    }

    /// B.
    pub fn rows(&self) -> usize {
        match self.source {
            Source::Windows(_, ids) => ids.len(),
            Source::Rows { rows, .. } => rows,
        }
    }

    /// T.
    pub fn steps(&self) -> usize {
        match self.source {
            Source::Windows(windows, _) => windows.steps(),
            Source::Rows { steps, .. } => steps,
        }
    }

    /// The steps of a row within its length.
    pub fn length(&self, row: usize) -> usize {
        match self.source {
            Source::Windows(windows, ids) => windows.length(ids[row] as usize),
            Source::Rows { steps, lengths, .. } => lengths.map_or(steps, |lengths| lengths[row] as usize),
        }
    }

    /// The terms of the whole batch that `loss` is the mean of.
    pub fn terms(&self, loss: Loss, spec: &Spec) -> usize {
        let positions: usize = (0..self.rows()).map(|row| spec.readout().positions(self.length(row))).sum();
        positions * loss.terms_of_position(spec.outputs())
    }

    /// The values of one row, neither centred nor cut at its length, [T, I].
    pub fn sequence(&self, row: usize) -> &'a [f32] {
        match self.source {
            Source::Windows(windows, ids) => windows.window(ids[row] as usize),
            Source::Rows { rows, x, .. } => part(x, rows, row),
        }
    }

    /// The number of features that are centred: the first ones of each row.
    pub fn centered(&self) -> usize {
        match self.source {
            Source::Windows(windows, _) => windows.center().1,
            Source::Rows { .. } => 0,
        }
    }

    /// What is subtracted from a centred feature of a row.
    pub fn base(&self, row: usize, feature: usize) -> f32 {
        match self.source {
            Source::Windows(windows, ids) => windows.base(ids[row] as usize, feature),
            Source::Rows { .. } => 0.0,
        }
    }

    /// Calls `show` for each value of a row's target, with its index.
    pub fn each_target(&self, row: usize, mut show: impl FnMut(usize, f32)) {
        let given = match self.source {
            Source::Rows { rows, targets, .. } => part(targets, rows, row),
            Source::Windows(windows, ids) => {
                let id = ids[row] as usize;
                match *windows.targets() {
                    Targets::Given { ref values, len } => &values[id * len..][..len],
                    Targets::Horizon { steps, features } => {
                        let first = windows.starts()[id] as usize + windows.steps();
                        let horizon = &windows.series()[first * windows.inputs()..][..steps * windows.inputs()];
                        for feature in 0..features {
                            let base = windows.base(id, feature);
                            let values = horizon[feature..].iter().step_by(windows.inputs());
                            values.enumerate().for_each(|(k, value)| show(k * features + feature, value - base));
                        }
                        return;
                    }
                }
            }
        };
        given.iter().enumerate().for_each(|(index, &value)| show(index, value));
    }

    /// Initial states [S, L*D, B, H], or zeros.
    pub fn states(&self) -> Option<&'a [f32]> {
        self.states
    }
}

/// One of `count` equal parts.
fn part(values: &[f32], count: usize, index: usize) -> &[f32] {
    let len = values.len() / count;
    &values[index * len..][..len]
}
