//! A pass of some rows through the network: what all members are given, and what each has of its own.

use super::share::Share;
use super::team::Team;
use super::weights::ShareWeights;
use super::workspace::{Strides, Workspace};
use crate::engine::cpu::batch::Batch;
use crate::engine::cpu::kernel::{AlignedBuffer, PackedHead};
use crate::model::{Mask, Readout, Spec};
use std::ops::Range;

/// One thread's part of a network.
#[derive(Debug)]
pub(super) struct Member {
    pub index: usize,
    pub share: Share,
    pub weights: ShareWeights,
    pub workspace: Workspace,
}

/// What a pass reads, the same for every member.
pub(super) struct Pass<'a> {
    pub spec: &'a Spec,
    pub team: &'a Team,
    pub head: Option<&'a PackedHead>,
    pub input: &'a Input,
    /// Whether the pass goes on from the states that the last one ended with.
    pub continues: bool,
    /// Else the states that it begins with, [S, L*D, B, H], or zeros.
    pub states: Option<&'a [f32]>,
    /// Rows of the whole batch (B).
    pub batch_rows: usize,
    pub readout: Readout,
    pub mask: Option<Mask>,
}

/// The rows of a pass, loaded: all members read them.
#[derive(Debug, Default)]
pub(super) struct Input {
    /// The batch rows.
    pub rows: Range<usize>,
    /// The times.
    pub times: Range<usize>,
    /// [T, B, I].
    pub x: AlignedBuffer,
    /// The steps of each row within the times, where not all have every one.
    pub lengths: Option<Vec<usize>>,
    /// Target values of each row at all times, where there is a loss.
    targets: Vec<f32>,
}

impl Input {
    /// Loads some rows of a batch at some times: centred, and zero where a row has ended.
    pub fn load(&mut self, batch: &Batch<'_>, inputs: usize, rows: Range<usize>, times: Range<usize>) {
        let (count, steps) = (rows.len(), times.len());
        if self.x.len() < steps * count * inputs {
            self.x = AlignedBuffer::zeroed(steps * count * inputs);
        }
        let length = |row: usize| batch.length(row).clamp(times.start, times.end) - times.start;
        let all = rows.clone().all(|row| length(row) == steps);
        self.lengths = (!all).then(|| rows.clone().map(length).collect());
        for (place, row) in rows.clone().enumerate() {
            let sequence = batch.sequence(row)[times.start * inputs..].chunks_exact(inputs);
            let length = length(row);
            let x = self.x[place * inputs..].chunks_mut(count * inputs);
            for (x, values) in x.zip(sequence).take(length) {
                x[..inputs].copy_from_slice(values);
                for (feature, x) in x[..batch.centered()].iter_mut().enumerate() {
                    *x -= batch.base(row, feature);
                }
            }
            for x in self.x[place * inputs..].chunks_mut(count * inputs).take(steps).skip(length) {
                x[..inputs].fill(0.0);
            }
        }
        (self.rows, self.times) = (rows, times);
    }

    /// The target values of some rows at all times, `len` each.
    pub fn load_targets(&mut self, batch: &Batch<'_>, rows: &Range<usize>, len: usize) {
        self.targets.clear();
        self.targets.resize(rows.len() * len, 0.0);
        for (row, targets) in rows.clone().zip(self.targets.chunks_exact_mut(len)) {
            batch.each_target(row, |index, value| targets[index] = value);
        }
    }

    /// The target values of a position, `width` of them.
    pub fn target(&self, readout: Readout, position: usize, width: usize) -> &[f32] {
        let (place, read, _) = self.position(readout, position);
        let time = if readout == Readout::Every { self.times.start + read } else { 0 };
        let of_row = self.targets.len() / self.rows.len();
        &self.targets[place * of_row + time * width..][..width]
    }

    /// T.
    pub fn steps(&self) -> usize {
        self.times.len()
    }

    /// Positions that have an output: of every time, or one for each row.
    pub fn positions(&self, readout: Readout) -> usize {
        readout.positions(self.steps()) * self.rows.len()
    }

    /// The place of a position's row, its number among the row's outputs, and whether it counts.
    pub fn position(&self, readout: Readout, position: usize) -> (usize, usize, bool) {
        let (read, place) = (position / self.rows.len(), position % self.rows.len());
        (place, read, readout != Readout::Every || read < self.length(place))
    }

    /// The positions that a member makes the outputs of.
    pub fn own_positions(&self, readout: Readout, member: usize, members: usize) -> Range<usize> {
        let count = self.positions(readout);
        member * count / members..(member + 1) * count / members
    }

    /// The steps of the row at `place` within the times.
    pub fn length(&self, place: usize) -> usize {
        self.lengths.as_ref().map_or(self.steps(), |lengths| lengths[place])
    }
}

/// Where things lie in a member's buffers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    /// T, B and H.
    pub steps: usize,
    pub rows: usize,
    pub hidden: usize,
    /// Units of the member, and the first of them.
    pub units: usize,
    pub first: usize,
    /// 0, or 1 where the scan runs backwards in time.
    pub direction: usize,
    pub strides: Strides,
}

impl Geometry {
    pub fn new(spec: &Spec, input: &Input, share: &Share, scan: usize) -> Self {
        Geometry {
            steps: input.steps(),
            rows: input.rows.len(),
            hidden: spec.hidden,
            units: share.units.len(),
            first: share.units.start,
            direction: scan % spec.directions(),
            strides: Strides::new(spec, share),
        }
    }

    /// The time of step `k`.
    pub fn time(&self, k: usize) -> usize {
        if self.direction == 0 { k } else { self.steps - 1 - k }
    }

    /// The places before and after time `t`.
    fn places(&self, t: usize) -> (usize, usize) {
        (if self.direction == 0 { t } else { t + 2 }, t + 1)
    }

    /// The place of the states before the first step, and of those after the last.
    pub fn ends(&self) -> (usize, usize) {
        (self.places(self.time(0)).0, self.places(self.time(self.steps - 1)).1)
    }

    /// Where h of the direction begins at a place.
    pub fn h_at(&self, place: usize) -> usize {
        place * self.rows * self.strides.h + self.direction * self.hidden
    }

    /// Where the member's units of the second state begin at a place.
    pub fn c_at(&self, place: usize) -> usize {
        place * self.rows * self.strides.c + self.direction * self.units
    }

    /// Where h of the direction begins before time `t`.
    pub fn h_before(&self, t: usize) -> usize {
        self.h_at(self.places(t).0)
    }

    /// Where the member's units of h begin before and after time `t`.
    pub fn own_h(&self, t: usize) -> (usize, usize) {
        let (before, after) = self.places(t);
        (self.h_at(before) + self.first, self.h_at(after) + self.first)
    }

    /// The same for the second state.
    pub fn own_c(&self, t: usize) -> (usize, usize) {
        let (before, after) = self.places(t);
        (self.c_at(before), self.c_at(after))
    }

    /// Where the tape of time `t` begins.
    pub fn tape_at(&self, t: usize) -> usize {
        t * self.rows * self.strides.tape
    }
}
