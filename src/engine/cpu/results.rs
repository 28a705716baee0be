//! Copies the vectors of tiles back to row-major tensors.

use super::network::Network;
use super::tile::Workspace;
use crate::engine::Gradients;
use crate::model::Readout;
use std::ops::Range;

/// Tensors of a whole batch, which tiles fill in any order. A tensor that is not asked for is empty and stays so.
/// Values beyond a row's length stay zero.
#[derive(Debug, Default)]
pub(super) struct Results {
    /// B.
    pub rows: usize,
    /// The parameters' gradient is not filled by tiles but by groups of them.
    pub gradients: Gradients,
}

impl Results {
    /// The outputs of `rows` at the times that a tile has from `first` on.
    pub fn take_outputs(&mut self, network: &Network, workspace: &Workspace, rows: &Range<usize>, first: usize) {
        let outputs = network.spec.outputs();
        let per_row = self.gradients.outputs.y.len() / self.rows;
        let first = if workspace.shape.readout == Readout::Every { first * outputs } else { 0 };
        for (lane, row) in rows.clone().enumerate() {
            let y = self.gradients.outputs.y.get_mut(row * per_row + first..).unwrap_or_default();
            copy_lane(&workspace.y, lane, workspace.lanes, y, workspace.counted(lane) * outputs);
        }
    }

    /// The states that `rows` end with.
    pub fn take_states(&mut self, network: &Network, workspace: &Workspace, rows: &Range<usize>) {
        let hidden = network.spec.hidden * workspace.lanes;
        self.each_state(network, |results, scan, s, first| {
            let last = network.geometry(scan, workspace.steps, workspace.shape.keep_tape).last() * workspace.lanes;
            let layer = scan / network.spec.directions();
            let states = if s == 0 { &workspace.h[layer] } else { &workspace.c[layer] };
            take_state(&states[last..][..hidden], workspace.lanes, rows, &mut results.outputs.states, first);
        });
    }

    /// The gradients of x and of the initial states of `rows`.
    pub fn take_gradients(&mut self, network: &Network, workspace: &Workspace, rows: &Range<usize>) {
        let (inputs, lanes) = (network.spec.input, workspace.lanes);
        for (lane, row) in rows.clone().enumerate() {
            let d_x = self.gradients.x.get_mut(row * workspace.steps * inputs..).unwrap_or_default();
            for (d_x, vectors) in
                d_x.chunks_exact_mut(inputs).zip(workspace.d_x.chunks_exact(network.x_stride() * lanes))
            {
                copy_lane(vectors, lane, lanes, d_x, inputs);
            }
        }
        let hidden = network.spec.hidden * lanes;
        self.each_state(network, |results, scan, s, first| {
            let states = &workspace.d_states[scan][s * hidden..][..hidden];
            take_state(states, lanes, rows, &mut results.states, first);
        });
    }

    /// Calls `show` for each state vector of each layer and direction, with its first row in [S*L*D*B, H].
    fn each_state(&mut self, network: &Network, mut show: impl FnMut(&mut Gradients, usize, usize, usize)) {
        for scan in 0..network.scan_count() {
            for s in 0..network.facts.states {
                show(&mut self.gradients, scan, s, (s * network.scan_count() + scan) * self.rows);
            }
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
