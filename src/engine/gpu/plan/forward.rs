//! From the windows to the outputs.

use super::super::network::Dispatch;
use super::super::shaders::{KernelId, KernelKind, Lengths, Tape};
use super::super::variant::Method;
use super::buffers::Buffers;
use super::{Reach, Shared, steps};
use crate::error::Result;

/// The dispatches of a forward pass.
pub fn dispatches(shared: &Shared, buffers: &Buffers) -> Result<Vec<Dispatch>> {
    let &Shared { gpu, network, data, steps, .. } = shared;
    let (spec, first) = (&network.spec, &buffers.layers[0]);
    let mut dispatches = Vec::new();

    if first.dims.centered > 0 {
        let bound = [
            ("dims", &first.uniform),
            ("step", steps),
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
        ("step", steps),
        ("series", &data.series),
        ("windows", &data.places),
        ("order", &data.order),
        ("bases", &buffers.bases),
        ("x", &first.x),
        ("rows", &buffers.row_table),
    ];
    let items = buffers.time * buffers.rows * first.dims.input_quads as usize;
    dispatches.push(Dispatch::items(gpu, KernelKind::Stage, &bound, items)?);

    let tape = if buffers.purpose.reach == Reach::Outputs { Tape::Skip } else { Tape::Keep };
    for (layer, packed) in buffers.layers.iter().zip(&network.packed) {
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

    let bound = [
        ("dims", &buffers.top().uniform),
        ("step", steps),
        ("parameters", &network.parameters),
        ("states", &buffers.top().states),
        ("rows", &buffers.row_table),
        ("y", &buffers.y),
    ];
    let items = buffers.rows * spec.read_steps(buffers.time) * spec.outputs();
    dispatches.push(Dispatch::items(gpu, KernelKind::Head, &bound, items)?);
    Ok(dispatches)
}
