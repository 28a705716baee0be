//! One member's part of the head: the outputs of some positions, and of the loss back to the top layer's output those
//! of its own units.

use super::pass::{Geometry, Member, Pass};
use super::share::{Share, ShareGradient};
use super::workspace::POSITIONS;
use crate::engine::OutputGradients;
use crate::engine::cpu::kernel::{
    AlignedBuffer, LossGradient, RowsOuter, RowsProduct, Start, Wide, accumulate, vectors,
};
use crate::engine::cpu::pass::Minimised;
use crate::model::Readout;
use pulp::Simd;
use std::ops::Range;
use std::slice::from_ref;

impl Member {
    /// y = W h + b at the member's positions, or h itself where there is no head; 0 where a row has ended.
    pub fn outputs<S: Simd>(&mut self, simd: S, pass: &Pass<'_>) {
        let (outputs, top) = (pass.spec.outputs(), pass.spec.top());
        let own = pass.input.own_positions(pass.readout, self.index, pass.team.members());
        self.workspace.y.clear();
        self.workspace.y.resize(own.len() * outputs, 0.0);
        for first in own.clone().step_by(POSITIONS) {
            let count = POSITIONS.min(own.end - first);
            let mut tops = std::mem::take(&mut self.workspace.top);
            self.gather(pass, first..first + count, &mut tops);
            let workspace = &mut self.workspace;
            let y = &mut workspace.y[(first - own.start) * outputs..][..count * outputs];
            match pass.head {
                None => y.copy_from_slice(&tops[..count * top]),
                Some(head) => {
                    y.chunks_exact_mut(outputs).for_each(|y| y.copy_from_slice(&head.bias));
                    simd.vectorize(RowsProduct {
                        weights: &head.weights,
                        start: Start::Add,
                        input: &tops,
                        input_stride: top,
                        segments: from_ref(&(0..top)),
                        out: y,
                        out_stride: outputs,
                        rows: count,
                        scratch: &mut workspace.inputs,
                    });
                }
            }
            for (n, y) in (first..).zip(y.chunks_exact_mut(outputs)) {
                if !pass.input.position(pass.readout, n).2 {
                    y.fill(0.0);
                }
            }
            self.workspace.top = tops;
        }
    }

    /// Copies h of the top layer where the head reads it, [positions, D*H]. A row's forward scan keeps its last output
    /// to the end; the reverse one begins there, and ends at time 0.
    fn gather(&self, pass: &Pass<'_>, positions: Range<usize>, tops: &mut AlignedBuffer) {
        let (spec, h) = (pass.spec, &self.workspace.h[pass.spec.layers - 1]);
        for (n, top) in positions.zip(tops.chunks_exact_mut(spec.top())) {
            let (row, read, _) = pass.input.position(pass.readout, n);
            for (direction, top) in top.chunks_exact_mut(spec.hidden).enumerate() {
                let geometry = Geometry::new(pass.spec, pass.input, &self.share, direction);
                let time = match pass.readout {
                    Readout::Every => read,
                    Readout::Last if direction == 1 => 0,
                    Readout::Last | Readout::LastStep => pass.input.length(row).max(1) - 1,
                };
                let place = geometry.own_h(time).1 - geometry.first + row * geometry.strides.h;
                top.copy_from_slice(&h[place..][..spec.hidden]);
            }
        }
    }

    /// The gradient of the outputs of all positions, of which the member makes its own; and the loss's terms of
    /// those, which were none before.
    pub fn loss<S: Simd>(&mut self, simd: S, pass: &Pass<'_>, minimised: &Minimised<'_>) {
        let outputs = pass.spec.outputs();
        let own = pass.input.own_positions(pass.readout, self.index, pass.team.members());
        let width = minimised.loss.target_width(outputs);
        let lanes = const { vectors::<S>() } * S::F32_LANES;
        // [values of a position][lane].
        let [mut y, mut target, mut d_y] =
            [outputs, width, outputs].map(|values| AlignedBuffer::zeroed(values * lanes));
        let mut position = vec![0.0; outputs + width];
        let workspace = &mut self.workspace;
        for first in own.clone().step_by(lanes) {
            let positions = first..own.end.min(first + lanes);
            // Those that count, one a lane.
            let counting: Vec<usize> = positions.filter(|&n| pass.input.position(pass.readout, n).2).collect();
            y.fill(0.0);
            target.fill(0.0);
            for (lane, &n) in counting.iter().enumerate() {
                let from = &workspace.y[(n - own.start) * outputs..][..outputs];
                let wanted = pass.input.target(pass.readout, n, width);
                y[lane..].iter_mut().step_by(lanes).zip(from).for_each(|(to, from)| *to = *from);
                target[lane..].iter_mut().step_by(lanes).zip(wanted).for_each(|(to, from)| *to = *from);
                position.iter_mut().zip(from.iter().chain(wanted)).for_each(|(to, &from)| *to = from.into());
                let (y, target) = position.split_at(outputs);
                workspace.terms.push(minimised.loss.value(y, target));
            }
            simd.vectorize(Wide(LossGradient {
                loss: minimised.loss,
                outputs,
                rows: counting.len(),
                lengths: None,
                terms: minimised.terms,
                y: &y,
                targets: &target,
                d_y: &mut d_y,
            }));
            for n in first..own.end.min(first + lanes) {
                workspace.d_y[n * outputs..][..outputs].fill(0.0);
            }
            for (lane, &n) in counting.iter().enumerate() {
                let to = workspace.d_y[n * outputs..][..outputs].iter_mut();
                to.zip(d_y[lane..].iter().step_by(lanes)).for_each(|(to, from)| *to = *from);
            }
        }
        let (me, turn) = (self.index, &mut workspace.turn);
        pass.team.give(me, *turn, |mail| {
            mail.extend_from_slice(&workspace.d_y[own.start * outputs..own.end * outputs]);
        });
        pass.team.take(me, turn, |member, values| {
            let first = pass.input.own_positions(pass.readout, member, pass.team.members()).start * outputs;
            workspace.d_y[first..first + values.len()].copy_from_slice(values);
        });
    }

    /// The gradients of the outputs of all positions and of the final states of the member's units, from those of the
    /// whole batch or from zeros; what lies beyond a row's length is zero.
    pub fn load_d_outputs(&mut self, pass: &Pass<'_>, d_outputs: OutputGradients<'_>) {
        let OutputGradients { y, states } = d_outputs;
        let (outputs, spec) = (pass.spec.outputs(), pass.spec);
        let of_row = y.len() / pass.batch_rows;
        let positions = pass.input.positions(pass.readout);
        for (n, d_y) in self.workspace.d_y.chunks_exact_mut(outputs).take(positions).enumerate() {
            let (place, read, counts) = pass.input.position(pass.readout, n);
            let at = (pass.input.rows.start + place) * of_row + read * outputs;
            match y.get(at..at + outputs) {
                Some(given) if counts => d_y.copy_from_slice(given),
                _ => d_y.fill(0.0),
            }
        }
        let (rows, scans) = (pass.input.rows.len(), spec.layers * spec.directions());
        for (scan, d_states) in self.workspace.d_states.iter_mut().enumerate() {
            let of_units = d_states.chunks_exact_mut(self.share.units.len()).take(spec.facts().states * rows);
            for (n, d_state) in of_units.enumerate() {
                let (s, row) = (n / rows, pass.input.rows.start + n % rows);
                let first = ((s * scans + scan) * pass.batch_rows + row) * spec.hidden;
                match states.get(first..first + spec.hidden) {
                    Some(given) => d_state.copy_from_slice(&given[self.share.units.clone()]),
                    None => d_state.fill(0.0),
                }
            }
        }
    }

    /// Adds the head's gradients of the member's outputs, and makes the gradient of the top layer's output in its
    /// units.
    pub fn head_back<S: Simd>(&mut self, simd: S, pass: &Pass<'_>, gradient: &mut ShareGradient<'_>) {
        let (outputs, top, count) = (pass.spec.outputs(), pass.spec.top(), pass.input.positions(pass.readout));
        let (units, directions) = (self.share.units.len(), pass.spec.directions());
        let own: Share = self.share.clone();
        if pass.head.is_some() && !own.outputs.is_empty() {
            let mut tops = std::mem::take(&mut self.workspace.top);
            for first in (0..count).step_by(POSITIONS) {
                let positions = first..count.min(first + POSITIONS);
                self.gather(pass, positions.clone(), &mut tops);
                let workspace = &mut self.workspace;
                let d_y = &workspace.d_y[first * outputs + own.outputs.start..];
                simd.vectorize(RowsOuter {
                    a: d_y,
                    a_stride: outputs,
                    b: &tops,
                    b_stride: top,
                    positions: positions.len(),
                    columns: top,
                    gradient: gradient.head_weight,
                    scratch: &mut workspace.scratch,
                });
                for d_y in d_y.chunks(outputs).take(positions.len()) {
                    accumulate(gradient.head_bias, &d_y[..own.outputs.len()]);
                }
            }
            self.workspace.top = tops;
        }
        let workspace = &mut self.workspace;
        let width = directions * units;
        let d_top = match pass.readout {
            Readout::Every => &mut workspace.d_h,
            Readout::Last | Readout::LastStep => &mut workspace.d_last,
        };
        let d_top = &mut d_top[..count * width];
        match &self.weights.head_back {
            Some(weights) => {
                d_top.fill(0.0);
                simd.vectorize(RowsProduct {
                    weights,
                    start: Start::Add,
                    input: &workspace.d_y,
                    input_stride: outputs,
                    segments: from_ref(&(0..outputs)),
                    out: d_top,
                    out_stride: width,
                    rows: count,
                    scratch: &mut workspace.inputs,
                });
            }
            None => {
                for (d_top, d_y) in d_top.chunks_exact_mut(width).zip(workspace.d_y.chunks_exact(outputs)) {
                    for (direction, d_top) in d_top.chunks_exact_mut(units).enumerate() {
                        d_top.copy_from_slice(&d_y[direction * pass.spec.hidden..][own.units.clone()]);
                    }
                }
            }
        }
    }
}
