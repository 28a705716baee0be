//! The recurrent kernels of a layer where the hidden size is large: a dispatch a time step.

use super::super::context::Gpu;
use super::super::dims::{Dims, STEP_STRIDE, Time};
use super::super::network::Dispatch;
use super::super::shaders::{KernelId, KernelKind, Lengths, Pre, Tape};
use super::super::variant::product;
use super::buffers::{Buffers, LayerBuffers};
use super::{Reach, Shared};
use crate::error::Result;
use wgpu::{Buffer, BufferUsages};

/// The places in time 0 to `last`, each behind its dynamic offset.
pub fn places(gpu: &Gpu, last: usize) -> Result<Buffer> {
    let buffer = gpu.buffer("places", last + 1, STEP_STRIDE, BufferUsages::UNIFORM | BufferUsages::COPY_DST)?;
    let mut bytes = vec![0; (last + 1) * STEP_STRIDE];
    for (s, slot) in bytes.chunks_exact_mut(STEP_STRIDE).enumerate() {
        slot[..size_of::<Time>()].copy_from_slice(bytemuck::bytes_of(&Time { s: s as u32 }));
    }
    gpu.write(&buffer, 0, &bytes);
    Ok(buffer)
}

/// Forwards through a layer: the input is projected for a chunk of steps at once, then each step completes its part.
pub fn forward(
    shared: &Shared,
    buffers: &Buffers,
    layer: &LayerBuffers,
    packed: &Buffer,
    list: &mut Vec<Dispatch>,
) -> Result<()> {
    let gpu = shared.gpu;
    let cell = shared.network.spec.cell;
    let Dims { directions, hidden_quads, chunk, .. } = layer.dims;
    let (quads, chunk) = (hidden_quads as usize, chunk as usize);
    let gates = cell.facts().gates;
    let (tape, pre, waiting) = match &buffers.pre {
        None => (Tape::Keep, Pre::Tape, &layer.tape),
        Some(pre) => (Tape::Skip, Pre::Chunk, pre),
    };
    let shared_by_both = [("dims", &layer.uniform), ("time", &buffers.places), ("packed", packed)];

    let rows = chunk * buffers.rows;
    let work = product(gpu, rows, quads, gates, false);
    let mut bound = shared_by_both.to_vec();
    bound.extend([("x", &layer.x), ("pre", waiting)]);
    let items = quads.div_ceil(work.columns() / gates);
    let project = KernelId { kind: KernelKind::Project(cell), work };
    let project = Dispatch::product(gpu, project, &bound, rows, items, directions)?;

    let work = product(gpu, buffers.rows, quads, gates, true);
    let mut bound = shared_by_both.to_vec();
    bound.extend([("states", &layer.states), (if pre == Pre::Tape { "tape" } else { "pre" }, waiting)]);
    if buffers.ragged {
        bound.push(("rows", &buffers.row_table));
    }
    let kind = KernelKind::StepForward(cell, pre, tape, Lengths::of(buffers.ragged));
    let items = quads.div_ceil(work.columns() / gates);
    let step = Dispatch::product(gpu, KernelId { kind, work }, &bound, buffers.rows, items, directions)?;

    for first in (0..buffers.time).step_by(chunk) {
        list.push(project.at(first));
        list.extend((first..buffers.time.min(first + chunk)).map(|s| step.at(s)));
    }
    Ok(())
}

/// Back through a layer: the deltas of every step over the tape; where `d_states` is wanted, the gradient of the initial states.
pub fn backward(
    shared: &Shared,
    buffers: &Buffers,
    layer: &LayerBuffers,
    bound: &[(&str, &Buffer)],
    list: &mut Vec<Dispatch>,
) -> Result<()> {
    let cell = shared.network.spec.cell;
    let quads = layer.dims.hidden_quads as usize;
    let work = product(shared.gpu, buffers.rows, quads, 1, true);
    let mut bound = bound.to_vec();
    bound.push(("time", &buffers.places));
    let kind = KernelKind::StepBackward(cell, Lengths::of(buffers.ragged));
    let items = quads.div_ceil(work.columns());
    let id = KernelId { kind, work };
    let step = Dispatch::product(shared.gpu, id, &bound, buffers.rows, items, layer.dims.directions)?;
    let end = if buffers.purpose.reach == Reach::Inputs { buffers.time + 1 } else { buffers.time };
    list.extend((0..end).map(|s| step.at(s)));
    Ok(())
}
