//! What both ways through a network share: shapes, the staged batch, states, tapes, outputs.

use super::super::array::{Array, Layered};
use super::super::dims::{Dims, Row};
use super::super::network::{dims_buffer, layer_dims};
use super::super::pieces::{Chains, Tape};
use super::super::shaders::{KernelId, KernelKind};
use super::super::variant::{self, Method, ScanShape, chunk, method};
use super::sizes::row_bytes;
use super::{Purpose, Reach, Shared, recurrent};
use crate::data::{Center, Targets};
use crate::engine::Precision;
use crate::error::Result;
use crate::model::Readout;

/// One layer's buffers, or those of all layers in one.
#[derive(Debug)]
pub struct LayerBuffers {
    /// The chains of steps that they are for, and how many.
    pub chains: Chains,
    pub count: u32,
    /// Whether they read the data, and not the states of a layer.
    pub reads_data: bool,
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

impl LayerBuffers {
    /// A kernel of these chains.
    pub fn id(&self, kind: KernelKind) -> KernelId {
        KernelId { chains: self.chains, ..kind.into() }
    }

    /// Those of the chains whose input is projected with the others': of all layers, those above the first.
    pub fn projected(&self) -> u32 {
        if self.chains == Chains::Directions { self.count } else { self.count - 1 }
    }

    /// Layers that read what a layer leaves, both directions of which are one.
    pub fn readers(&self) -> u32 {
        if self.chains == Chains::Directions { 1 } else { self.count - 1 }
    }
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
    /// All layers, where they go side by side.
    pub wave: Option<LayerBuffers>,
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
        let wave = variant::wave(gpu, spec, method, rows, time).filter(|&span| {
            let pre = (spec.layers * span) as u64 * step_len as u64 * 16;
            pre <= gpu.largest_array() && fit_together(shared, &purpose, rows)
        });
        let chunk = match (method, purpose.tape(), gpu.precision) {
            (Method::Scan(..), ..) => None,
            // The projected inputs wait where the tape will be.
            (_, Tape::Keep, Precision::F32) => None,
            // Beside a tape of 16 bits they take an eighth of its bytes.
            (_, tape, _) => {
                let most = if tape == Tape::Keep { time.div_ceil(16) } else { time };
                Some(wave.unwrap_or_else(|| chunk(gpu, most, step_len * 16)))
            }
        };
        let count = if wave.is_some() { spec.layers } else { 1 };
        let pre = chunk.map(|chunk| gpu.vec4s("pre", count * chunk * step_len)).transpose()?;
        let (center, centered) = windows.center();
        let ahead = match windows.targets() {
            Targets::Given { .. } => 0,
            Targets::Horizon { features, .. } => *features,
        };

        let of_network: Vec<Dims> = (0..spec.layers).map(|layer| layer_dims(spec, &network.layout, layer)).collect();
        let together = wave.is_some();
        let states_len = facts.states * (time + 2) * rows * directions * quads;
        let tape_len = match purpose.tape() {
            Tape::Skip => 0,
            Tape::Keep => time * step_len,
        };
        // Each layer reads what is staged or dropped, or else the states of the layer below: side by side, all of it in one array.
        let staged = if purpose.dropout { spec.layers } else { 1 };
        let x_len = |dims: &Dims| time * rows * dims.input_quads as usize;
        let mut x: Vec<usize> = of_network[..staged].iter().map(x_len).collect();
        let mut states = vec![states_len; spec.layers];
        let at_states = if together && !purpose.dropout { staged } else { 0 };
        states.splice(..0, x.drain(..at_states));
        let mut x = Layered::new(&x, 16, together && purpose.dropout, |len| gpu.vec4s("x", len))?;
        let mut states = Layered::new(&states, 16, together, |len| gpu.vec4s("states", len))?;
        x.layers.extend(states.layers.drain(..at_states));
        let tape =
            Layered::new(&vec![tape_len; spec.layers], gpu.quad_bytes(), together, |len| gpu.quads("tape", len))?;

        let chunk = chunk.unwrap_or(time) as u32;
        let mut layers: Vec<LayerBuffers> = Vec::new();
        for (layer, of_network) in of_network.into_iter().enumerate() {
            let (x, at_input) = match x.layers.get(layer) {
                Some(x) => (x, 0),
                // From those after its first step on.
                None => (&states.layers[layer - 1], rows * directions * quads),
            };
            let dims = Dims {
                rows: rows as u32,
                steps: time as u32,
                row_quads: method.row_quads()[0],
                chunk,
                room: chunk,
                span: time as u32,
                passes: (time + usize::from(purpose.reach == Reach::Inputs)) as u32,
                read_every: u32::from(spec.readout() == Readout::Every),
                at_input: at_input as u32,
                centered: centered as u32,
                center_mean: u32::from(center == Center::Mean),
                target_len: windows.target_len() as u32,
                ahead: ahead as u32,
                ..of_network
            };
            layers.push(LayerBuffers {
                chains: Chains::Directions,
                count: directions as u32,
                reads_data: layer == 0,
                dims,
                uniform: dims_buffer(gpu, &dims)?,
                x: x.clone(),
                states: states.layers[layer].clone(),
                tape: tape.layers[layer].clone(),
            });
        }
        let mut encoder = gpu.device.create_command_encoder(&Default::default());
        for layer in &layers {
            layer.states.clear(gpu, &mut encoder, 0, (states_len * 16) as u64)?;
        }
        gpu.queue.submit([encoder.finish()]);
        let wave = match wave {
            None => None,
            Some(span) => {
                let states_stride = states.stride(at_states);
                let (at_states, at_input, input_stride) = match purpose.dropout {
                    true => (0, x.stride(0), x.stride(1)),
                    false => (states.stride(0), states.stride(0) + layers[1].dims.at_input, states_stride),
                };
                let dims = Dims {
                    chunk: span as u32,
                    span: span as u32,
                    at_input,
                    layers: spec.layers as u32,
                    first_inputs: layers[0].dims.inputs,
                    packed_stride: network.packed.stride(0),
                    input_stride,
                    at_states,
                    states_stride,
                    tape_stride: tape.stride(0),
                    pre_stride: if pre.is_some() { (span * step_len) as u32 } else { tape.stride(0) },
                    ..layers[1].dims
                };
                Some(LayerBuffers {
                    chains: if purpose.dropout { Chains::DroppedLayers } else { Chains::Layers },
                    count: spec.layers as u32,
                    reads_data: false,
                    dims,
                    uniform: dims_buffer(gpu, &dims)?,
                    x: x.whole.unwrap_or_else(|| states.whole().clone()),
                    states: states.whole().clone(),
                    tape: tape.whole().clone(),
                })
            }
        };
        // The last layer begins so many steps behind the first.
        let behind = wave.as_ref().map_or(0, |wave| (spec.layers - 1) * wave.dims.span as usize);

        Ok(Buffers {
            purpose,
            rows,
            time,
            ragged: windows.lengths().is_some(),
            layers,
            wave,
            row_table: gpu.storage::<Row>("rows", rows)?,
            bases: gpu.storage::<f32>("bases", rows * centered)?,
            y: gpu.storage::<f32>("y", rows * spec.read_steps(time) * spec.outputs())?,
            method,
            places: recurrent::places(gpu, time + behind)?,
            pre,
        })
    }

    /// The topmost layer.
    pub fn top(&self) -> &LayerBuffers {
        self.layers.last().expect("a network has a layer")
    }

    /// Workgroups of a scan of this shape over so many chains: one owns some row quads in one of them.
    pub fn scan_groups(&self, shape: ScanShape, chains: u32) -> [u32; 3] {
        [(self.rows as u32 / 4).div_ceil(shape.row_quads), chains, 1]
    }
}

/// Whether every array of a plan for so many rows has room for all layers in one.
fn fit_together(shared: &Shared, purpose: &Purpose, rows: usize) -> bool {
    let &Shared { gpu, network, data, .. } = shared;
    let (_, centered) = data.windows.center();
    let bytes = row_bytes(purpose, gpu.precision, data.windows.steps(), centered);
    let fit = |labels: &[&str]| {
        let all = bytes.iter().filter(|(label, _)| labels.contains(label)).map(|(_, bytes)| bytes * rows as u64).sum();
        Layered::most(all, 2 * purpose.spec.layers) <= gpu.largest_array()
    };
    let arrays = [["x", "states"].as_slice(), &["tape"], &["d_states"], &["d_out"]];
    network.packed.whole.is_some() && arrays.into_iter().all(fit)
}
