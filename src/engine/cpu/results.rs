//! From the vectors of tiles back to row-major tensors.

use super::network::Network;
use super::tile::Workspace;
use crate::engine::{Gradients, Outputs};
use std::ops::Range;

/// Tensors of a whole batch, which tiles fill in any order. One that nobody wants is empty and stays so.
#[derive(Debug, Default)]
pub(super) struct Results {
    /// B.
    pub rows: usize,
    /// The parameters' gradient is not a tile's to fill.
    pub gradients: Gradients,
}

impl Results {
    /// Copies out what a tile computed for `rows`.
    pub fn take(&mut self, network: &Network, workspace: &Workspace, rows: &Range<usize>) {
        let lanes = workspace.lanes;
        let Gradients { outputs: Outputs { y, states }, x: d_x, states: d_states, .. } = &mut self.gradients;
        let per_row = y.len() / self.rows;
        for (lane, row) in rows.clone().enumerate() {
            copy_lane(&workspace.y, lane, lanes, y.get_mut(row * per_row..).unwrap_or_default(), per_row);
        }

        let inputs = network.spec.input;
        for (lane, row) in rows.clone().enumerate() {
            let d_x = d_x.get_mut(row * workspace.steps * inputs..).unwrap_or_default().chunks_exact_mut(inputs);
            for (d_x, vectors) in d_x.zip(workspace.d_x.chunks_exact(network.x_stride() * lanes)) {
                copy_lane(vectors, lane, lanes, d_x, inputs);
            }
        }

        let hidden = network.spec.hidden;
        for scan in 0..network.scans.len() {
            let last = network.geometry(scan, workspace.steps, workspace.keep_tape).last() * lanes;
            let layer = scan / network.spec.directions();
            for (s, vectors) in
                [&workspace.h[layer], &workspace.c[layer]].into_iter().take(network.facts.states).enumerate()
            {
                for (lane, row) in rows.clone().enumerate() {
                    let first = ((s * network.scans.len() + scan) * self.rows + row) * hidden;
                    let out = states.get_mut(first..).unwrap_or_default();
                    copy_lane(&vectors[last..], lane, lanes, out, hidden);
                    let out = d_states.get_mut(first..).unwrap_or_default();
                    copy_lane(&workspace.d_states[scan][s * hidden * lanes..], lane, lanes, out, hidden);
                }
            }
        }
    }
}

/// Copies `count` values of one lane.
fn copy_lane(vectors: &[f32], lane: usize, lanes: usize, out: &mut [f32], count: usize) {
    for (out, &value) in out.iter_mut().zip(vectors[lane..].iter().step_by(lanes)).take(count) {
        *out = value;
    }
}
