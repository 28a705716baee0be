//! Copies rows of a batch into the vectors of a tile.

use super::batch::Batch;
use super::kernel::TileLengths;
use super::network::Network;
use super::tile::Workspace;
use std::ops::Range;

impl Workspace {
    /// Loads the times `times` of the batch rows `rows`. The first times start from the batch's states, later ones from
    /// the final states of the times before. Lanes beyond the rows repeat the last row, so that they are finite where
    /// it is; their outputs have no gradient.
    pub fn load(&mut self, network: &Network, batch: &Batch<'_>, rows: &Range<usize>, times: &Range<usize>) {
        for (lane, row) in self.kept.rows.iter_mut().enumerate() {
            *row = (rows.start + lane).min(rows.end - 1) as u32;
        }
        if times.start > 0 {
            self.continue_states(network);
        }
        self.kept.steps = times.len();
        if times.start == 0 {
            self.load_states(network, batch);
        }
        let length = |row: &u32| batch.length(*row as usize).clamp(times.start, times.end) - times.start;
        self.kept.lengths = TileLengths::new(self.kept.rows[..self.lanes].iter().map(length), self.kept.steps);
        for lane in 0..self.lanes {
            self.load_x(network, batch, lane, times);
        }
    }

    /// x of one lane: centred, and zero where its row has ended.
    fn load_x(&mut self, network: &Network, batch: &Batch<'_>, lane: usize, times: &Range<usize>) {
        let (lanes, inputs, row) = (self.lanes, network.spec.input, self.kept.rows[lane] as usize);
        let length = self.kept.length(lane);
        let sequence = batch.sequence(row)[times.start * inputs..].chunks_exact(inputs).take(length);
        for (x, values) in self.kept.x.chunks_exact_mut(network.x_stride() * lanes).zip(sequence) {
            for (x, &value) in x[lane..].iter_mut().step_by(lanes).zip(values) {
                *x = value;
            }
        }
        let stride = network.x_stride() * lanes;
        for feature in 0..batch.centered() {
            let base = batch.base(row, feature);
            for x in self.kept.x[feature * lanes + lane..].iter_mut().step_by(stride).take(length) {
                *x -= base;
            }
        }
        if length < self.kept.steps {
            for x in self.kept.x.chunks_exact_mut(stride).take(self.kept.steps).skip(length) {
                x[lane..].iter_mut().step_by(lanes).for_each(|x| *x = 0.0);
            }
        }
    }

    /// The states that the batch begins with.
    fn load_states(&mut self, network: &Network, batch: &Batch<'_>) {
        let (lanes, hidden) = (self.lanes, network.spec.hidden);
        for scan in 0..network.scan_count() {
            let initial = network.geometry(scan, self.kept.steps, self.shape.keep_tape).initial() * lanes;
            for s in 0..network.facts.states {
                let states = &mut self.states_mut(s, scan / network.spec.directions())[initial..][..hidden * lanes];
                let Some(given) = batch.states() else {
                    states.fill(0.0);
                    continue;
                };
                let first = (s * network.scan_count() + scan) * batch.rows();
                for lane in 0..lanes {
                    let row = self.kept.rows[lane] as usize;
                    let given = &given[(first + row) * hidden..][..hidden];
                    let states = &mut self.states_mut(s, scan / network.spec.directions())[initial..];
                    for (state, &value) in states[lane..].iter_mut().step_by(lanes).zip(given) {
                        *state = value;
                    }
                }
            }
        }
    }

    /// The last states become the first.
    fn continue_states(&mut self, network: &Network) {
        let len = network.spec.hidden * self.lanes;
        for scan in 0..network.scan_count() {
            let geometry = network.geometry(scan, self.kept.steps, self.shape.keep_tape);
            let (last, initial) = (geometry.last() * self.lanes, geometry.initial() * self.lanes);
            for s in 0..network.facts.states {
                self.states_mut(s, scan).copy_within(last..last + len, initial);
            }
        }
    }

    /// h or c of a layer.
    fn states_mut(&mut self, s: usize, layer: usize) -> &mut [f32] {
        if s == 0 { &mut self.kept.h[layer] } else { &mut self.kept.c[layer] }
    }

    /// The targets of `rows`, zero in the lanes beyond them.
    pub fn load_targets(&mut self, batch: &Batch<'_>, rows: &Range<usize>) {
        let (targets, lanes) = (&mut self.targets, self.lanes);
        targets.fill(0.0);
        for (lane, row) in rows.clone().enumerate() {
            batch.each_target(row, |index, value| targets[index * lanes + lane] = value);
        }
    }

    /// The gradient of the outputs of `rows`, from `d_y` [B, read steps, O] or zeros: zero beyond a row's length and in
    /// the lanes beyond the rows.
    pub fn load_d_y(&mut self, d_y: &[f32], outputs: usize, rows: &Range<usize>, batch_rows: usize) {
        self.d_y.fill(0.0);
        for (lane, row) in rows.clone().enumerate() {
            let counted = self.counted(lane) * outputs;
            let of_row = d_y.get(row * (d_y.len() / batch_rows)..).unwrap_or_default();
            let to = self.d_y[lane..].iter_mut().step_by(self.lanes).take(counted);
            to.zip(of_row).for_each(|(to, &from)| *to = from);
        }
    }

    /// The gradient of the final states of `rows`, from [S, L*D, B, H] or zeros: zero in the lanes beyond the rows.
    pub fn load_d_states(&mut self, network: &Network, given: &[f32], rows: &Range<usize>, batch_rows: usize) {
        let (lanes, hidden) = (self.lanes, network.spec.hidden);
        for (scan, d_states) in self.d_states.iter_mut().enumerate() {
            d_states.fill(0.0);
            for (s, d_states) in d_states.chunks_exact_mut(hidden * lanes).enumerate() {
                let first = (s * network.scan_count() + scan) * batch_rows;
                for (lane, row) in rows.clone().enumerate() {
                    let given = given.get((first + row) * hidden..).unwrap_or_default();
                    let to = d_states[lane..].iter_mut().step_by(lanes);
                    to.zip(given).for_each(|(to, &from)| *to = from);
                }
            }
        }
    }
}
