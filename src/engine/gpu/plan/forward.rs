//! From the windows to the outputs.

use super::super::network::Dispatch;
use super::super::pieces::{Lengths, Tape};
use super::super::shaders::{KernelId, KernelKind};
use super::super::variant::Method;
use super::buffers::{Buffers, LayerBuffers};
use super::{Shared, fused, steps};
use crate::error::Result;

/// The dispatches of a forward pass.
pub fn dispatches(shared: &Shared, buffers: &Buffers) -> Result<Vec<Dispatch>> {
    if let Some(whole) = fused::forward(shared, buffers)? {
        return Ok(vec![whole]);
    }
    let &Shared { gpu, network, data, steps: constants, .. } = shared;
    let (spec, first) = (&buffers.purpose.spec, &buffers.layers[0]);
    let mut dispatches = Vec::new();

    if first.dims.centered > 0 {
        let bound = [
            ("dims", &first.uniform),
            ("step", constants),
            ("series", &data.series),
            ("windows", &data.places),
            ("order", &data.order),
            ("bases", &buffers.bases),
        ];
        let items = buffers.rows * first.dims.centered as usize;
        dispatches.push(Dispatch::items(gpu, KernelKind::Center, &bound, items)?);
    }
    let bound = [
        ("dims", &first.uniform),
        ("step", constants),
        ("series", &data.series),
        ("windows", &data.places),
        ("order", &data.order),
        ("bases", &buffers.bases),
        ("x", &first.x),
        ("rows", &buffers.row_table),
    ];
    let items = buffers.time * buffers.rows * first.dims.input_quads as usize;
    dispatches.push(Dispatch::items(gpu, KernelKind::Stage, &bound, items)?);

    let tape = buffers.purpose.tape();
    for (index, (layer, packed)) in buffers.layers.iter().zip(&network.packed).enumerate() {
        if index > 0 && buffers.purpose.dropout {
            let below = &buffers.layers[index - 1].states;
            let bound = [("dims", &layer.uniform), ("step", constants), ("below", below), ("x", &layer.x)];
            let items = buffers.time * buffers.rows * layer.dims.input_quads as usize;
            dispatches.push(Dispatch::items(gpu, KernelKind::Drop, &bound, items)?);
        }
        let Method::Scan(scan, _) = buffers.method else {
            steps::forward(shared, buffers, layer, packed, &mut dispatches)?;
            continue;
        };
        let mut bound = vec![("dims", &layer.uniform), ("packed", packed), ("x", &layer.x), ("states", &layer.states)];
        if tape == Tape::Keep {
            bound.push(("tape", &layer.tape));
        }
        if buffers.ragged {
            bound.push(("rows", &buffers.row_table));
        }
        let kind = KernelKind::ScanForward(spec.cell, tape, Lengths::of(buffers.ragged));
        let groups = buffers.scan_groups(scan);
        dispatches.push(Dispatch::new(gpu, KernelId { kind, work: scan.work }, &bound, groups)?);
    }

    let mut bound = vec![
        ("dims", &buffers.top().uniform),
        ("step", constants),
        ("states", &buffers.top().states),
        ("rows", &buffers.row_table),
        ("y", &buffers.y),
    ];
    let kind = match spec.head {
        None => KernelKind::Bare,
        Some(_) => {
            bound.push(("parameters", &network.parameters));
            KernelKind::Head
        }
    };
    let items = buffers.rows * spec.read_steps(buffers.time) * spec.outputs();
    dispatches.push(Dispatch::items(gpu, kind, &bound, items)?);
    Ok(dispatches)
}

/// The dispatches that carry the final states over to the next batch.
pub fn carry(shared: &Shared, buffers: &Buffers) -> Result<Vec<Dispatch>> {
    let spec = &buffers.purpose.spec;
    let items = spec.facts().states * buffers.rows * spec.hidden.div_ceil(4);
    let carry = |layer: &LayerBuffers| {
        let bound = [("dims", &layer.uniform), ("states", &layer.states)];
        Dispatch::items(shared.gpu, KernelKind::Carry(spec.cell), &bound, items)
    };
    buffers.layers.iter().map(carry).collect()
}
