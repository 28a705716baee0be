//! Copies the vectors of tiles back to row-major tensors.

use super::network::Network;
use super::tile::Workspace;
use crate::engine::{Gradients, Outputs};
use crate::model::Readout;
use std::ops::Range;

/// Tensors of a whole batch, which tiles fill in any order. A tensor that is not asked for is empty and stays so.
/// Values beyond a row's length stay zero.
#[derive(Debug, Default)]
pub(super) struct Results {
    /// B.
    pub rows: usize,
    pub outputs: Outputs,
    /// The parameters' gradient is not filled by tiles but by groups of them.
    pub gradients: Gradients,
}

impl Results {
    /// The outputs of `rows` at the times that a tile has from `first` on.
    pub fn take_outputs(&mut self, network: &Network, workspace: &Workspace, rows: &Range<usize>, first: usize) {
        let row_len = self.outputs.y.len() / self.rows;
        let first = if workspace.shape.readout == Readout::Every { first * network.spec.outputs() } else { 0 };
        let y = self.outputs.y.get_mut(rows.start * row_len + first..rows.end * row_len).unwrap_or_default();
        copy_outputs(network, workspace, y, row_len);
    }

    /// The states that `rows` end with.
    pub fn take_states(&mut self, network: &Network, workspace: &Workspace, rows: &Range<usize>) {
        let hidden = network.spec.hidden * workspace.lanes;
        self.each_state(network, |results, scan, s, first| {
            let last = network.geometry(scan, workspace.kept.steps, workspace.shape.keep_tape).last() * workspace.lanes;
            let layer = scan / network.spec.directions();
            let states = if s == 0 { &workspace.kept.h[layer] } else { &workspace.kept.c[layer] };
            take_state(&states[last..][..hidden], workspace.lanes, rows, &mut results.outputs.states, first);
        });
    }

    /// The gradients of x and of the initial states of `rows`.
    pub fn take_gradients(&mut self, network: &Network, workspace: &Workspace, rows: &Range<usize>) {
        let row_len = workspace.kept.steps * network.spec.input;
        copy_d_x(network, workspace, &mut self.gradients.x[rows.start * row_len..rows.end * row_len]);
        self.take_d_states(network, workspace, rows);
    }

    /// The gradients of the initial states of `rows`.
    pub fn take_d_states(&mut self, network: &Network, workspace: &Workspace, rows: &Range<usize>) {
        let hidden = network.spec.hidden * workspace.lanes;
        self.each_state(network, |results, scan, s, first| {
            let states = &workspace.d_states[scan][s * hidden..][..hidden];
            take_state(states, workspace.lanes, rows, &mut results.gradients.states, first);
        });
    }

    /// Calls `show` for each state vector of each layer and direction, with its first row in [S*L*D*B, H].
    fn each_state(&mut self, network: &Network, mut show: impl FnMut(&mut Self, usize, usize, usize)) {
        for scan in 0..network.scan_count() {
            for s in 0..network.facts.states {
                show(self, scan, s, (s * network.scan_count() + scan) * self.rows);
            }
        }
    }
}

/// Copies the outputs of a tile's rows, whose values begin `row_len` apart.
pub(super) fn copy_outputs(network: &Network, workspace: &Workspace, y: &mut [f32], row_len: usize) {
    for (lane, y) in y.chunks_mut(row_len.max(1)).enumerate() {
        copy_lane(&workspace.y, lane, workspace.lanes, y, workspace.counted(lane) * network.spec.outputs());
    }
}

/// Copies the gradient of x of a tile's rows, [rows, T, I].
pub(super) fn copy_d_x(network: &Network, workspace: &Workspace, x: &mut [f32]) {
    let (inputs, lanes) = (network.spec.input, workspace.lanes);
    for (lane, x) in x.chunks_mut(workspace.kept.steps * inputs).enumerate() {
        for (x, vectors) in x.chunks_exact_mut(inputs).zip(workspace.d_x.chunks_exact(network.x_stride() * lanes)) {
            copy_lane(vectors, lane, lanes, x, inputs);
        }
    }
}

/// Copies the vectors `from` [H] of a tile to `rows` of `out`, which has one of H values for each row from `first` on.
fn take_state(from: &[f32], lanes: usize, rows: &Range<usize>, out: &mut [f32], first: usize) {
    let hidden = from.len() / lanes;
    for (lane, row) in rows.clone().enumerate() {
        let out = out.get_mut((first + row) * hidden..).unwrap_or_default();
        copy_lane(from, lane, lanes, out, hidden);
    }
}

/// Copies `count` values of one lane.
fn copy_lane(vectors: &[f32], lane: usize, lanes: usize, out: &mut [f32], count: usize) {
    for (out, &value) in out.iter_mut().zip(vectors[lane..].iter().step_by(lanes)).take(count) {
        *out = value;
    }
}
