//! The recurrent kernels of a layer as products: a dispatch a time step, or a scan in lanes.

use super::super::array::Array;
use super::super::context::Gpu;
use super::super::dims::{Dims, STEP_STRIDE, Time};
use super::super::network::Dispatch;
use super::super::pieces::{Lengths, Pre, Tape};
use super::super::shaders::{KernelId, KernelKind};
use super::super::variant::{Method, lane_scan, product};
use super::super::work::Work;
use super::Shared;
use super::buffers::{Buffers, LayerBuffers};
use crate::error::Result;

/// The places in time 0 to `last`, each behind its dynamic offset.
pub fn places(gpu: &Gpu, last: usize) -> Result<Array> {
    let buffer = gpu.uniform("places", last + 1, STEP_STRIDE)?;
    let mut bytes = vec![0; (last + 1) * STEP_STRIDE];
    for (s, slot) in bytes.chunks_exact_mut(STEP_STRIDE).enumerate() {
        slot[..size_of::<Time>()].copy_from_slice(bytemuck::bytes_of(&Time { s: s as u32 }));
    }
    gpu.write(&buffer, 0, &bytes);
    Ok(buffer)
}

/// Forwards through a layer: the input is projected for a chunk of steps at once, and each step completes its part.
pub fn forward(
    shared: &Shared,
    buffers: &Buffers,
    layer: &LayerBuffers,
    packed: &Array,
    list: &mut Vec<Dispatch>,
) -> Result<()> {
    let gpu = shared.gpu;
    let cell = buffers.purpose.spec.cell;
    let Dims { directions, hidden_quads, chunk, .. } = layer.dims;
    let (quads, chunk) = (hidden_quads as usize, chunk as usize);
    let gates = cell.facts().gates;
    let tape = buffers.purpose.tape();
    let (pre, waiting) = match &buffers.pre {
        None => (Pre::Tape, &layer.tape),
        Some(pre) => (Pre::Chunk, pre),
    };
    let shared_by_both = [("dims", &layer.uniform), ("time", &buffers.places), ("packed", packed)];

    let rows = chunk * buffers.rows;
    let work = product(gpu, rows, quads, gates, false);
    let mut bound = shared_by_both.to_vec();
    bound.extend([("x", &layer.x), ("pre", waiting)]);
    let items = quads.div_ceil(work.columns() / gates);
    let project = KernelId { kind: KernelKind::Project(cell), work };
    let project = Dispatch::product(gpu, project, &bound, rows, items, directions)?;

    let mut bound = shared_by_both.to_vec();
    bound.push(("states", &layer.states));
    if pre == Pre::Chunk {
        bound.push(("pre", waiting));
    }
    if tape == Tape::Keep {
        bound.push(("tape", &layer.tape));
    }
    if buffers.ragged {
        bound.push(("rows", &buffers.row_table));
    }
    let lengths = Lengths::of(buffers.ragged);
    let firsts = (0..buffers.time).step_by(chunk);
    if let Method::LaneScan(side) = buffers.method {
        let work = lane_scan(gpu, side, quads, gates);
        let kind = KernelKind::LaneForward(cell, pre, tape, lengths);
        let scan = Dispatch::new(gpu, KernelId { kind, work }, &bound, lane_groups(work, buffers, directions))?;
        list.extend(firsts.flat_map(|first| [project.at(first), scan.at(first)]));
        return Ok(());
    }
    let work = product(gpu, buffers.rows, quads, gates, true);
    let kind = KernelKind::StepForward(cell, pre, tape, lengths);
    let items = quads.div_ceil(work.columns() / gates);
    let step = Dispatch::product(gpu, KernelId { kind, work }, &bound, buffers.rows, items, directions)?;
    for first in firsts {
        list.push(project.at(first));
        list.extend((first..buffers.time.min(first + chunk)).map(|s| step.at(s)));
    }
    Ok(())
}

/// Back through a layer: the deltas of every step over the tape, and where it is wanted the gradient of the initial states.
pub fn backward(
    shared: &Shared,
    buffers: &Buffers,
    layer: &LayerBuffers,
    bound: &[(&str, &Array)],
    list: &mut Vec<Dispatch>,
) -> Result<()> {
    let gpu = shared.gpu;
    let cell = buffers.purpose.spec.cell;
    let Dims { directions, hidden_quads, passes, .. } = layer.dims;
    let quads = hidden_quads as usize;
    let lengths = Lengths::of(buffers.ragged);
    if let Method::LaneScan(side) = buffers.method {
        let work = lane_scan(gpu, side, quads, 1);
        let id = KernelId { kind: KernelKind::LaneBackward(cell, lengths), work };
        list.push(Dispatch::new(gpu, id, bound, lane_groups(work, buffers, directions))?);
        return Ok(());
    }
    let work = product(gpu, buffers.rows, quads, 1, true);
    let mut bound = bound.to_vec();
    bound.push(("time", &buffers.places));
    let id = KernelId { kind: KernelKind::StepBackward(cell, lengths), work };
    let items = quads.div_ceil(work.columns());
    let step = Dispatch::product(gpu, id, &bound, buffers.rows, items, directions)?;
    list.extend((0..passes as usize).map(|s| step.at(s)));
    Ok(())
}

/// Workgroups of a scan in lanes: one owns some rows in one direction.
fn lane_groups(work: Work, buffers: &Buffers, directions: u32) -> [u32; 3] {
    [work.workgroups(buffers.rows, 1) as u32, directions, 1]
}
