//! One tile of batch rows, as many as a vector has lanes, through the whole network: forward, and back.

use super::batch::Batch;
use super::kernel::{Lines, SCRATCH};
use super::network::Network;
use std::ops::Range;

/// What one tile needs beside the weights. A thread has one of these and takes one tile after the other through it. Each
/// value is one vector of lanes, one lane for each row.
#[derive(Debug)]
pub(super) struct Workspace {
    /// T.
    pub steps: usize,
    /// Whether the tape of every time is kept for a backward pass.
    pub keep_tape: bool,
    /// Lanes of a vector.
    pub lanes: usize,
    /// [T, I].
    pub x: Lines,
    /// h of each layer, [T+2, D*H].
    pub h: Vec<Lines>,
    /// The second state of each layer, likewise; empty where the cell has none.
    pub c: Vec<Lines>,
    /// Of each layer and direction, [T, slots*H]: the tape, then the deltas.
    pub tapes: Vec<Lines>,
    /// Outputs, [read steps, O].
    pub y: Lines,
    /// Gradient of the outputs.
    pub d_y: Lines,
    /// Gradient of the output of the layer at hand, [T, D*H].
    pub d_h: Lines,
    /// Gradient of the output of the layer below.
    pub d_below: Lines,
    /// Gradient of x, [T, I].
    pub d_x: Lines,
    /// Gradient of the states of each layer and direction, [S, H].
    pub d_states: Vec<Lines>,
    /// Sums over all times of the deltas of the layer and direction at hand, [slots*H].
    pub d_bias: Lines,
    /// What [`super::kernel::Outer`] needs.
    pub scratch: Lines,
}

impl Workspace {
    /// For sequences of `steps`. Without `keep_tape` it serves forward passes alone.
    pub fn new(network: &Network, lanes: usize, steps: usize, keep_tape: bool) -> Self {
        let spec = &network.spec;
        let scans = network.scans.len();
        let geometry = network.geometry(0, steps, keep_tape);
        let vectors = |count: usize| Lines::zeroed(count * lanes);
        let states = || vectors((steps + 2) * geometry.state_stride);
        let of_steps = |wanted: bool, stride: usize| vectors(if wanted { steps * stride } else { 0 });
        let slots = network.facts.slots * spec.hidden;
        Workspace {
            steps,
            keep_tape,
            lanes,
            x: of_steps(true, network.x_stride()),
            h: (0..spec.layers).map(|_| states()).collect(),
            c: (0..spec.layers).map(|_| if network.facts.states > 1 { states() } else { Lines::default() }).collect(),
            tapes: (0..scans)
                .map(|_| if keep_tape { of_steps(true, geometry.tape_stride) } else { vectors(slots) })
                .collect(),
            y: vectors(spec.read_steps(steps) * spec.outputs()),
            d_y: vectors(if keep_tape { spec.read_steps(steps) * spec.outputs() } else { 0 }),
            d_h: of_steps(keep_tape, geometry.state_stride),
            d_below: of_steps(keep_tape && spec.layers > 1, geometry.state_stride),
            d_x: of_steps(keep_tape, network.x_stride()),
            d_bias: vectors(slots),
            scratch: Lines::zeroed(if keep_tape { SCRATCH } else { 0 }),
            d_states: (0..scans).map(|_| vectors(network.facts.states * spec.hidden)).collect(),
        }
    }

    /// Takes x and the initial states of the batch rows `rows`. Lanes beyond them repeat the last one, so that they are
    /// finite wherever it is; their outputs have no gradient.
    pub fn load(&mut self, network: &Network, batch: &Batch<'_>, rows: &Range<usize>) {
        let (lanes, inputs) = (self.lanes, network.spec.input);
        let row_of = |lane: usize| (rows.start + lane).min(rows.end - 1);
        for lane in 0..lanes {
            let sequence = batch.sequence(row_of(lane)).chunks_exact(inputs);
            for (x, values) in self.x.chunks_exact_mut(network.x_stride() * lanes).zip(sequence) {
                for (x, &value) in x[lane..].iter_mut().step_by(lanes).zip(values) {
                    *x = value;
                }
            }
        }

        let hidden = network.spec.hidden;
        for scan in 0..network.scans.len() {
            let initial = network.geometry(scan, self.steps, self.keep_tape).initial() * lanes;
            let layer = scan / network.spec.directions();
            for (s, states) in
                [&mut self.h[layer], &mut self.c[layer]].into_iter().take(network.facts.states).enumerate()
            {
                let states = &mut states[initial..][..hidden * lanes];
                let Some(given) = batch.states() else {
                    states.fill(0.0);
                    continue;
                };
                for lane in 0..lanes {
                    let first = ((s * network.scans.len() + scan) * batch.rows() + row_of(lane)) * hidden;
                    for (state, &value) in states[lane..].iter_mut().step_by(lanes).zip(&given[first..][..hidden]) {
                        *state = value;
                    }
                }
            }
        }
    }

    /// Sets the gradient of the outputs under the mean squared error over `count` outputs of the whole batch, and gives the
    /// sum of the squared errors of these rows.
    pub fn loss(&mut self, batch: &Batch<'_>, rows: &Range<usize>, count: usize) -> f64 {
        let scale = 2.0 / count as f32;
        let mut sum = 0.0;
        self.d_y.fill(0.0);
        for (lane, row) in rows.clone().enumerate() {
            let y = self.y[lane..].iter().step_by(self.lanes);
            let d_y = self.d_y[lane..].iter_mut().step_by(self.lanes);
            for ((y, d_y), target) in y.zip(d_y).zip(batch.target(row).iter()) {
                let difference = y - target;
                sum += f64::from(difference) * f64::from(difference);
                *d_y = scale * difference;
            }
        }
        sum
    }
}
