//! From the members' buffers back to row-major tensors.

use super::pass::{Geometry, Member};
use super::workspace::Workspace;
use super::{Call, Units};
use crate::engine::cpu::threads::lock;
use crate::engine::{Differentiated, Gradients};
use crate::model::Readout;

impl Units {
    /// The outputs of the last pass, to [B, read steps, O].
    pub(super) fn take_outputs(&self, call: &Call<'_>, y: &mut [f32]) {
        let Units { input, members, .. } = self;
        let (outputs, per_row) = (call.spec.outputs(), y.len() / call.rows);
        let first = if call.readout == Readout::Every { input.times.start } else { 0 };
        for (index, member) in members.iter().enumerate() {
            let own = input.own_positions(call.readout, index, members.len());
            for (n, values) in own.zip(lock(member).workspace.y.chunks_exact(outputs)) {
                let (place, read, _) = input.position(call.readout, n);
                let at = (input.rows.start + place) * per_row + (first + read) * outputs;
                y[at..at + outputs].copy_from_slice(values);
            }
        }
    }

    /// The states after the last pass, to [S, L*D, B, H].
    pub fn take_states(&self, call: &Call<'_>, states: &mut [f32]) {
        self.each_state(call, states, |member, scan, s, row, geometry| {
            let (layer, (_, last)) = (scan / call.spec.directions(), geometry.ends());
            let Workspace { h, c, .. } = &member.workspace;
            let own = if s == 0 {
                &h[layer][geometry.h_at(last) + geometry.first + row * geometry.strides.h..]
            } else {
                &c[layer][geometry.c_at(last) + row * geometry.strides.c..]
            };
            &own[..geometry.units]
        });
    }

    /// The outputs and all gradients but the parameters', of a pass there and back; it had the `last` times or not.
    pub fn take_results(&self, call: &Call<'_>, last: bool, results: &mut Differentiated) {
        let Differentiated { outputs, gradients, .. } = results;
        if last || call.readout == Readout::Every {
            self.take_outputs(call, &mut outputs.y);
        }
        if last {
            self.take_states(call, &mut outputs.states);
        }
        self.take_gradients(call, gradients);
    }

    /// All gradients but the parameters', of a pass that went back; that of x where it has room. That of the initial
    /// states is overwritten until the first times are reached.
    pub fn take_gradients(&self, call: &Call<'_>, results: &mut Gradients) {
        self.each_state(call, &mut results.states, |member, scan, s, row, geometry| {
            let first = (s * geometry.rows + row) * geometry.units;
            &member.workspace.d_states[scan][first..][..geometry.units]
        });
        if results.x.is_empty() {
            return;
        }
        let (input, inputs) = (&self.input, call.spec.input);
        for (member, share) in self.members.iter().zip(&self.shares) {
            let own = share.inputs.len().max(1);
            for (position, d_x) in lock(member).workspace.d_x.chunks_exact(own).enumerate() {
                let (time, row) = (position / input.rows.len(), input.rows.start + position % input.rows.len());
                if time == input.steps() {
                    break;
                }
                let at = (row * call.steps + input.times.start + time) * inputs;
                results.x[at..at + inputs][share.inputs.clone()].copy_from_slice(&d_x[..share.inputs.len()]);
            }
        }
    }

    /// Copies what `of` gives for a row of a state [units] of each member, layer and direction to [S, L*D, B, H], where
    /// that has room.
    fn each_state(
        &self,
        call: &Call<'_>,
        states: &mut [f32],
        of: impl for<'m> Fn(&'m Member, usize, usize, usize, &Geometry) -> &'m [f32],
    ) {
        let (spec, scans) = (call.spec, call.spec.layers * call.spec.directions());
        if states.is_empty() {
            return;
        }
        for member in &self.members {
            let member = lock(member);
            for scan in 0..scans {
                let geometry = Geometry::new(spec, &self.input, &member.share, scan);
                for s in 0..spec.facts().states {
                    for row in 0..geometry.rows {
                        let first = (s * scans + scan) * call.rows + self.input.rows.start + row;
                        let to = &mut states[first * spec.hidden..][member.share.units.clone()];
                        to.copy_from_slice(of(&member, scan, s, row, &geometry));
                    }
                }
            }
        }
    }
}
