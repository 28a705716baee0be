//! What both ways through a network share: its layers with their shapes, the staged batch, states, tapes, outputs.

use super::DataShape;
use super::buffers::{Buffers, Given, Layered, ROWS};
use super::network::NetworkDescription;
use super::purpose::{Purpose, Reach};
use super::schedule::Scheduled;
use crate::engine::gpu::kernels::{
    BufferId, Dims, Dispatch, READ_EVERY, READ_FINAL, READ_LAST_STEP, Row, Specialization, Window,
};
use crate::engine::gpu::tuning::{Method, ROW_QUAD, Tuning, loss_parts, method, projection_chunk, wavefront_span};
use crate::model::Readout;

/// Some chains that a dispatch takes side by side: the directions of one layer, or in a wavefront all layers.
#[derive(Clone, Copy, Debug)]
pub struct Chains {
    /// How many.
    pub count: u32,
    /// Their shapes, with those of the batch.
    pub dims: Dims,
    /// The same on the device.
    pub uniform: BufferId,
    /// Their packed weights.
    pub packed: BufferId,
    /// What they read, [T, B, IQ] vec4s from `dims.at_input` on.
    pub x: BufferId,
    /// What a scan binds as `x`. In a wavefront it is the staged batch, which no scan reads, since all inputs are
    /// projected there: `x` may lie among the states, and a kernel cannot bind one buffer both to read and to write.
    pub scanned: BufferId,
    /// [S, T + 2, B, D, HQ] vec4s.
    pub states: BufferId,
    /// [D, T, B, SLOTS, HQ] quads, then the deltas; empty where there are no gradients.
    pub tape: BufferId,
}

/// A plan while it is described.
pub struct Layers<'a> {
    pub tuning: &'a Tuning,
    pub network: &'a NetworkDescription,
    pub purpose: Purpose,
    pub data: DataShape,
    /// Rows that buffers hold (B), a multiple of four.
    pub rows: usize,
    /// T.
    pub steps: usize,
    pub method: Method,
    pub buffers: Buffers,
    pub dispatches: Vec<Dispatch>,
    /// Each layer.
    pub layers: Vec<Chains>,
    /// All layers of a wavefront.
    pub wavefront: Option<Chains>,
    pub x: BufferId,
    /// The staged rows, [B] of [`Row`].
    pub row_table: BufferId,
    /// Projected inputs of a chunk of the steps, [D, chunk, B, SLOTS, HQ] vec4s.
    pub pre: BufferId,
    pub states: Layered,
    pub tape: Layered,
    /// The outputs, [B, T or 1, O].
    pub y: BufferId,
    pub series: BufferId,
    pub windows: BufferId,
    pub order: BufferId,
    /// The constants of a submission's steps, and their losses.
    pub step: BufferId,
    pub losses: BufferId,
    /// Places in time, behind dynamic offsets.
    pub times: BufferId,
    pub loss_parts: u32,
}

impl<'a> Layers<'a> {
    /// Declares what both ways share.
    pub fn new(tuning: &'a Tuning, network: &'a NetworkDescription, purpose: Purpose, data: DataShape) -> Self {
        let spec = &purpose.spec;
        let facts = spec.facts();
        let rows = purpose.batch.next_multiple_of(ROW_QUAD);
        let (steps, directions, quads) = (data.steps, spec.directions(), spec.hidden.div_ceil(4));
        let method = method(tuning, spec, rows);
        let span = network.packed_stride.and_then(|_| wavefront_span(tuning, spec, &method, rows, steps));
        // A wavefront's layers lie in one buffer: where that has no room, layers go one after another.
        let largest = spec.layers * (facts.states * (steps + 2)).max(facts.slots * steps) * rows * quads * 16;
        let span = span.filter(|_| (largest as u64) < tuning.capabilities.largest_binding);
        let together = span.is_some();

        let mut buffers = Buffers::default();
        let vec4s = 16;
        let x = buffers.own("x", vec4s, vec![("T", steps), (ROWS, rows), ("IQ", spec.input.div_ceil(4))]);
        let states_shape = |_| {
            let quads = [("D", directions), ("HQ", quads)];
            [vec![("S", facts.states), ("T+2", steps + 2), (ROWS, rows)], quads.to_vec()].concat()
        };
        let states = buffers.layered("states", vec4s, 0..spec.layers, together, states_shape);
        // Where there is no tape, kernels still bind one.
        let taped = if purpose.keeps_tape() { steps } else { 0 };
        let tape_shape = |_| vec![("D", directions), ("T", taped), (ROWS, rows), ("slots", facts.slots), ("HQ", quads)];
        let tape = buffers.layered("tape", tuning.storage.quad_bytes(), 0..spec.layers, together, tape_shape);
        let dropped = purpose.dropout.then(|| {
            let shape = |_| vec![("T", steps), (ROWS, rows), ("D", directions), ("HQ", quads)];
            buffers.layered("dropped", vec4s, 1..spec.layers, together, shape)
        });

        let most_steps = if let Method::Scan { most_steps, .. } = method { most_steps.min(steps) } else { steps };
        let loss_parts = loss_parts(rows * spec.read_steps(steps) * spec.outputs());
        let step_bytes = directions * rows * facts.slots * quads * 16;
        let tape_stride = steps * rows * facts.slots * quads;
        let mut layers: Vec<Chains> = Vec::new();
        let mut most_projected = 0;
        for (layer, &of_network) in network.layers.iter().enumerate() {
            // Layers that can go side by side find their inputs projected whether they do or not, so that a sequence
            // gives the same bits whole and in pieces.
            let is_projected = network.packed_stride.is_some() || method.projects(spec, of_network.inputs as usize);
            let chunk = match is_projected {
                true => span.unwrap_or_else(|| projection_chunk(tuning, steps, step_bytes, purpose.keeps_tape())),
                false => steps,
            };
            let chunk = chunk.min(most_steps);
            if is_projected {
                most_projected = most_projected.max(chunk);
            }
            let (x, at_input) = match (layer.checked_sub(1), &dropped) {
                (None, _) => (x, 0),
                (Some(below), Some(dropped)) => (dropped.layers[below], 0),
                // The states of the layer below, from those after its first step on.
                (Some(below), None) => (states.layers[below], rows * directions * quads),
            };
            let dims = Dims {
                rows: rows as u32,
                steps: steps as u32,
                row_quads: method.row_quads()[0],
                chunk: chunk as u32,
                span: steps as u32,
                passes: (steps + usize::from(purpose.reach == Reach::Inputs)) as u32,
                reads_d_states: u32::from(purpose.reach == Reach::Inputs),
                readout: match spec.readout() {
                    Readout::Last => READ_FINAL,
                    Readout::Every => READ_EVERY,
                    Readout::LastStep => READ_LAST_STEP,
                },
                keeps_tape: u32::from(purpose.keeps_tape()),
                projected: u32::from(is_projected),
                at_input: at_input as u32,
                at_bases: data.series as u32,
                centered: data.centered as u32,
                target_len: data.target_len as u32,
                horizon_features: data.horizon_features as u32,
                loss_parts,
                states_stride: quads as u32,
                tape_stride: tape_stride as u32,
                pre_stride: (chunk * rows * facts.slots * quads) as u32,
                d_states_stride: quads as u32,
                d_out_stride: quads as u32,
                ..of_network
            };
            layers.push(Chains {
                count: directions as u32,
                dims,
                uniform: buffers.dims(Some(layer), dims),
                packed: network.given(&mut buffers, Given::Packed(layer)),
                x,
                scanned: x,
                states: states.layers[layer],
                tape: tape.layers[layer],
            });
        }
        let chains = if together { spec.layers } else { directions };
        let pre_shape =
            vec![("D", chains), ("chunk", most_projected), (ROWS, rows), ("slots", facts.slots), ("HQ", quads)];
        let pre = buffers.own("pre", vec4s, pre_shape);
        let wavefront = span.map(|span| {
            let above = &layers[1];
            let (x, at_input, input_stride) = match &dropped {
                Some(dropped) => (dropped.whole(), 0, dropped.stride),
                None => (states.whole(), above.dims.at_input, states.stride),
            };
            let dims = Dims {
                chunk: span as u32,
                span: span as u32,
                layers: spec.layers as u32,
                packed_stride: network.packed_stride.expect("a wavefront's weights lie in one buffer") as u32,
                at_input,
                input_stride,
                states_stride: states.stride,
                tape_stride: tape.stride,
                ..above.dims
            };
            Chains {
                count: spec.layers as u32,
                dims,
                uniform: buffers.dims(None, dims),
                packed: network.given(&mut buffers, Given::PackedLayers),
                x,
                scanned: layers[0].x,
                states: states.whole(),
                tape: tape.whole(),
            }
        });
        // The last layer begins so many steps behind the first.
        let behind = (spec.layers - 1) * span.unwrap_or(0);

        let series = vec![("series", data.series + data.windows * data.centered)];
        let series = buffers.given(Given::Series, "series", 4, series);
        Layers {
            tuning,
            network,
            purpose,
            data,
            rows,
            steps,
            method,
            dispatches: Vec::new(),
            layers,
            wavefront,
            x,
            row_table: buffers.own("rows", size_of::<Row>(), vec![(ROWS, rows)]),
            pre,
            states,
            tape,
            y: buffers.own("y", 4, vec![(ROWS, rows), ("T", spec.read_steps(steps)), ("O", spec.outputs())]),
            series,
            windows: buffers.given(Given::Windows, "windows", size_of::<Window>(), vec![("N", data.windows)]),
            order: buffers.given(Given::Order, "order", 4, vec![("N", data.order)]),
            step: network.given(&mut buffers, Given::Steps),
            losses: network.given(&mut buffers, Given::Losses),
            times: buffers.times(steps + behind),
            loss_parts,
            buffers,
        }
    }

    /// What the kernels are specialized for.
    pub fn specialization(&self) -> Specialization {
        self.network.specialization
    }

    /// The targets, empty where they are steps of the series.
    pub fn targets(&mut self) -> BufferId {
        self.buffers.given(Given::Targets, "targets", 4, vec![("targets", self.data.given_targets())])
    }

    /// One of the network's buffers.
    pub fn given(&mut self, given: Given) -> BufferId {
        self.network.given(&mut self.buffers, given)
    }

    /// The topmost layer.
    pub fn top(&self) -> &Chains {
        self.layers.last().expect("a network has a layer")
    }

    /// Adds a dispatch to the list; its place in it.
    pub fn add(&mut self, dispatch: Dispatch) -> usize {
        self.dispatches.push(dispatch);
        self.dispatches.len() - 1
    }

    /// Adds one that runs once.
    pub fn once(&mut self, dispatch: Dispatch) -> Scheduled {
        Scheduled { dispatch: self.add(dispatch), time: 0 }
    }
}
