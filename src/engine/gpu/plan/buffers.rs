//! What both ways through a network share: shapes, the staged batch, states, tapes, outputs.

use super::super::array::Array;
use super::super::dims::{Dims, Row};
use super::super::network::{dims_buffer, layer_dims};
use super::super::pieces::Tape;
use super::super::variant::{self, Method, ScanShape, chunk, method};
use super::{Purpose, Reach, Shared, steps};
use crate::data::{Center, Targets};
use crate::engine::Precision;
use crate::error::Result;
use crate::model::Readout;

/// One layer's buffers.
#[derive(Debug)]
pub struct LayerBuffers {
    /// The shapes of the layer and the batch.
    pub dims: Dims,
    /// The same on the device.
    pub uniform: Array,
    /// What the layer reads, [T, B, IQ] vec4s from `dims.at_input` on.
    pub x: Array,
    /// [S, T + 2, B, D, HQ] vec4s.
    pub states: Array,
    /// [D, T, B, slots, HQ] vec4s, then the deltas; empty where there are no gradients.
    pub tape: Array,
}

/// The buffers of a plan.
pub struct Buffers {
    pub purpose: Purpose,
    pub rows: usize,
    /// T.
    pub time: usize,
    /// Whether rows have lengths of their own.
    pub ragged: bool,
    pub layers: Vec<LayerBuffers>,
    /// The staged rows, [B] of [`Row`].
    pub row_table: Array,
    /// What is subtracted from the centred features, [B, centred].
    pub bases: Array,
    /// The outputs, [B, T or 1, O].
    pub y: Array,
    /// How the recurrent kernels go through time.
    pub method: Method,
    /// Places in time behind dynamic offsets, where a dispatch takes one time step.
    pub places: Array,
    /// Projected inputs of a chunk of steps, [D, chunk, B, slots, HQ] vec4s, where nothing keeps them.
    pub pre: Option<Array>,
}

impl Buffers {
    /// Allocates them; the initial states are zero.
    pub fn new(shared: &Shared, purpose: Purpose) -> Result<Self> {
        let &Shared { gpu, network, data, .. } = shared;
        let (spec, windows) = (&purpose.spec, &data.windows);
        let facts = spec.facts();
        let rows = variant::padded(gpu, purpose.batch);
        let (time, directions, quads) = (windows.steps(), spec.directions(), spec.hidden.div_ceil(4));
        let method = method(gpu, spec, rows, time);
        let step_len = directions * rows * facts.slots * quads;
        let (row_quads, chunk, pre) = match (method, purpose.tape(), gpu.precision) {
            (Method::Scan(scan, _), ..) => (scan.row_quads, time, None),
            // The projected inputs wait where the tape will be.
            (_, Tape::Keep, Precision::F32) => (0, time, None),
            (_, tape, _) => {
                // Beside a tape of 16 bits they take an eighth of its bytes.
                let most = if tape == Tape::Keep { time.div_ceil(16) } else { time };
                let chunk = chunk(gpu, most, step_len * 16);
                (0, chunk, Some(gpu.vec4s("pre", chunk * step_len)?))
            }
        };
        let (center, centered) = windows.center();
        let ahead = match windows.targets() {
            Targets::Given { .. } => 0,
            Targets::Ahead { features, .. } => *features,
        };

        let mut layers: Vec<LayerBuffers> = Vec::new();
        for layer in 0..spec.layers {
            let of_network = layer_dims(spec, &network.layout, layer);
            let (x, at_input) = match layers.last() {
                None => (gpu.vec4s("x", time * rows * of_network.input_quads as usize)?, 0),
                Some(_) if purpose.dropout => (gpu.vec4s("x", time * rows * of_network.input_quads as usize)?, 0),
                // The states of the layer below, from those after its first step on.
                Some(below) => (below.states.clone(), rows * directions * quads),
            };
            let dims = Dims {
                rows: rows as u32,
                steps: time as u32,
                row_quads,
                chunk: chunk as u32,
                passes: (time + usize::from(purpose.reach == Reach::Inputs)) as u32,
                read_every: u32::from(spec.readout() == Readout::Every),
                at_input: at_input as u32,
                centered: centered as u32,
                center_mean: u32::from(center == Center::Mean),
                target_len: windows.target_len() as u32,
                ahead: ahead as u32,
                ..of_network
            };
            let tape = match purpose.tape() {
                Tape::Skip => 0,
                Tape::Keep => time * step_len,
            };
            layers.push(LayerBuffers {
                dims,
                uniform: dims_buffer(gpu, &dims)?,
                x,
                states: gpu.vec4s("states", facts.states * (time + 2) * rows * directions * quads)?,
                tape: gpu.quads("tape", tape)?,
            });
        }
        let mut encoder = gpu.device.create_command_encoder(&Default::default());
        let bytes = (facts.states * (time + 2) * rows * directions * quads * 16) as u64;
        for layer in &layers {
            layer.states.clear(gpu, &mut encoder, 0, bytes)?;
        }
        gpu.queue.submit([encoder.finish()]);

        Ok(Buffers {
            purpose,
            rows,
            time,
            ragged: windows.lengths().is_some(),
            layers,
            row_table: gpu.storage::<Row>("rows", rows)?,
            bases: gpu.storage::<f32>("bases", rows * centered)?,
            y: gpu.storage::<f32>("y", rows * spec.read_steps(time) * spec.outputs())?,
            method,
            places: steps::places(gpu, time)?,
            pre,
        })
    }

    /// The topmost layer.
    pub fn top(&self) -> &LayerBuffers {
        self.layers.last().expect("a network has a layer")
    }

    /// Workgroups of a scan of this shape: one owns some row quads in one direction.
    pub fn scan_groups(&self, shape: ScanShape) -> [u32; 3] {
        [(self.rows as u32 / 4).div_ceil(shape.row_quads), self.top().dims.directions, 1]
    }
}
