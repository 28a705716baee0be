//! From the top layer's states to the outputs, and from the loss back to them.

use super::kernel::{LossGradient, Outer, Product, Sum, Wide};
use super::network::Network;
use super::pass::{Backward, Forward, Minimised, SimdPass, Source, Task};
use super::tile::Workspace;
use crate::loss::Loss;
use crate::model::Readout;
use pulp::Simd;
use std::slice::from_ref;

impl<S: Simd> SimdPass<S, Forward<'_>> {
    /// y = W h + b at each time that is read, or h itself where there is no head.
    pub(super) fn head(&mut self) {
        let SimdPass { simd, pass: Forward { task: Task { network, .. }, workspace, .. } } = self;
        let (lanes, outputs) = (workspace.lanes, network.spec.outputs());
        if gathers(network, workspace) {
            gather_last(network, workspace);
        }
        let mut y = std::mem::take(&mut workspace.y);
        let rows = y.chunks_exact_mut(outputs * lanes).take(workspace.read());
        let (top, stride) = top(network, workspace);
        match &network.head {
            None => {
                for (y, h) in rows.zip(top.chunks(stride * lanes)) {
                    y.copy_from_slice(&h[..outputs * lanes]);
                }
            }
            Some(head) => {
                for y in rows {
                    for (y, &bias) in y.chunks_exact_mut(lanes).zip(&head.bias) {
                        y.fill(bias);
                    }
                }
                simd.vectorize(Wide(Product {
                    weights: &head.weights,
                    input: top,
                    input_stride: stride,
                    segments: from_ref(&(0..network.spec.top())),
                    out: &mut y,
                    out_stride: outputs,
                }));
            }
        }
        workspace.y = y;
    }
}

impl<S: Simd> SimdPass<S, Backward<'_>> {
    /// The gradient of the outputs, to `d_y`, and of the final states, to `d_states`. Returns the sum of the loss's
    /// terms.
    pub(super) fn begin(&mut self) -> f64 {
        let SimdPass { simd, pass: Backward { task: Task { network, .. }, options, rows, workspace, .. } } = self;
        let (outputs, lanes, read) = (network.spec.outputs(), workspace.lanes, workspace.read());
        let Minimised { batch, loss, terms } = match options.source {
            Source::Loss(minimised) => minimised,
            Source::Gradients(batch_rows, d_outputs) => {
                workspace.load_d_y(d_outputs.y, outputs, rows, batch_rows);
                workspace.load_d_states(network, d_outputs.states, rows, batch_rows);
                return 0.0;
            }
        };
        workspace.d_states.iter_mut().for_each(|d_states| d_states.fill(0.0));
        let width = loss.target_width(outputs);
        workspace.load_targets(batch, rows);
        let sum = sum_of_terms(workspace, loss, outputs, rows.len());
        simd.vectorize(Wide(LossGradient {
            loss,
            outputs,
            rows: rows.len(),
            lengths: if workspace.shape.readout == Readout::Every { workspace.kept.lengths } else { None },
            terms,
            y: &workspace.y[..read * outputs * lanes],
            targets: &workspace.targets[..read * width * lanes],
            d_y: &mut workspace.d_y,
        }));
        sum
    }

    /// Adds the head's gradients, and writes the gradient of the top layer's output to `d_h`. Returns the first time
    /// that has one.
    pub(super) fn head(&mut self) -> usize {
        let SimdPass { simd, pass: Backward { task: Task { network, .. }, workspace, gradient, .. } } = self;
        let (spec, layout, lanes) = (&network.spec, &network.layout, workspace.lanes);
        let (outputs, read) = (spec.outputs(), workspace.read());
        let stride = network.state_stride();
        let gathers = gathers(network, workspace);
        let Some(back) = &network.head_back else {
            let d_y = workspace.d_y.chunks_exact(outputs * lanes);
            for (d_h, d_y) in workspace.d_h.chunks_exact_mut(stride * lanes).zip(d_y) {
                d_h[..outputs * lanes].copy_from_slice(d_y);
            }
            return 0;
        };
        let all = 0..outputs;
        let segments = from_ref(&all);
        let mut scratch = std::mem::take(&mut workspace.scratch);
        let (top, top_stride) = top(network, workspace);
        simd.vectorize(Wide(Outer {
            a: &workspace.d_y,
            a_stride: outputs,
            segments,
            b: top,
            b_stride: top_stride,
            columns: spec.top(),
            gradient: &mut gradient[layout.head_weight()],
            scratch: &mut scratch,
        }));
        workspace.scratch = scratch;
        simd.vectorize(Wide(Sum { a: &workspace.d_y, stride: outputs, gradient: &mut gradient[layout.head_bias()] }));

        let d_top = if gathers { &mut workspace.kept.last } else { &mut workspace.d_h };
        let d_top = &mut d_top[..read * stride * lanes];
        d_top.fill(0.0);
        simd.vectorize(Wide(Product {
            weights: back,
            input: &workspace.d_y,
            input_stride: outputs,
            segments,
            out: d_top,
            out_stride: stride,
        }));
        if gathers {
            scatter_last(network, workspace);
            return 0;
        }
        workspace.kept.steps - read
    }
}

/// The sum of the terms of the first `rows` lanes, row after row.
fn sum_of_terms(workspace: &mut Workspace, loss: Loss, outputs: usize, rows: usize) -> f64 {
    let (lanes, width) = (workspace.lanes, loss.target_width(outputs));
    let mut position = std::mem::take(&mut workspace.position);
    position.resize(outputs + width, 0.0);
    let mut sum = 0.0;
    for lane in 0..rows {
        for r in 0..workspace.counted(lane) {
            let (y, target) = position.split_at_mut(outputs);
            for (to, from) in [(&mut *y, &workspace.y), (&mut *target, &workspace.targets)] {
                let from = from[r * to.len() * lanes + lane..].iter().step_by(lanes);
                to.iter_mut().zip(from).for_each(|(to, &from)| *to = from.into());
            }
            sum += loss.value(y, target);
        }
    }
    workspace.position = position;
    sum
}

/// h of the top layer at the times that the head reads, and its stride in time.
fn top<'a>(network: &Network, workspace: &'a Workspace) -> (&'a [f32], usize) {
    let (read, stride) = (workspace.read(), network.state_stride());
    if gathers(network, workspace) {
        return (&workspace.kept.last, stride);
    }
    let first = (workspace.kept.steps - read + 1) * stride * workspace.lanes;
    (&workspace.kept.h[network.spec.layers - 1][first..][..read * stride * workspace.lanes], stride)
}

/// Whether what the head reads of each row has to be gathered from times of its own. A forward scan keeps its last
/// output to the end of the tile; a reverse scan begins there, and ends at time 0.
fn gathers(network: &Network, workspace: &Workspace) -> bool {
    let apart = match workspace.shape.readout {
        Readout::Last => true,
        Readout::LastStep => workspace.kept.lengths.is_some(),
        Readout::Every => false,
    };
    network.spec.bidirectional && apart
}

/// Gathers h of the top layer where the head reads it.
fn gather_last(network: &Network, workspace: &mut Workspace) {
    let (lanes, h) = (workspace.lanes, &workspace.kept.h[network.spec.layers - 1]);
    for (first, units, place) in last_places(network, workspace) {
        // Place 0 of h holds an initial state.
        let from = h[(place + network.state_stride() * lanes)..].iter().step_by(lanes);
        let to = workspace.kept.last[first..].iter_mut().step_by(lanes).take(units);
        to.zip(from).for_each(|(to, from)| *to = *from);
    }
}

/// Scatters the gradient of the gathered states: the top layer's output has one there alone.
fn scatter_last(network: &Network, workspace: &mut Workspace) {
    let lanes = workspace.lanes;
    workspace.d_h.fill(0.0);
    for (first, units, place) in last_places(network, workspace) {
        let from = workspace.kept.last[first..].iter().step_by(lanes).take(units);
        let to = workspace.d_h[place..].iter_mut().step_by(lanes);
        to.zip(from).for_each(|(to, from)| *to = *from);
    }
}

/// For each lane and direction: where its units begin in [D*H], how many they are, and where they begin in [T, D*H] at
/// the time that the head reads.
fn last_places(network: &Network, workspace: &Workspace) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
    let (lanes, steps, lengths) = (workspace.lanes, workspace.kept.steps, workspace.kept.lengths);
    let (stride, hidden) = (network.state_stride() * lanes, network.spec.hidden);
    let final_states = workspace.shape.readout == Readout::Last;
    let directions = network.spec.directions();
    (0..lanes * directions).map(move |n| {
        let (lane, direction) = (n / directions, n % directions);
        let last = lengths.map_or(steps, |lengths| lengths.length(lane)) - 1;
        let time = if final_states && direction == 1 { 0 } else { last };
        let first = direction * hidden * lanes + lane;
        (first, hidden, time * stride + first)
    })
}
