//! From the windows to the outputs.

use super::super::network::Dispatch;
use super::super::shaders::KernelKind;
use super::buffers::{Buffers, LayerBuffers};
use super::recurrent::Forward;
use super::{Shared, fused, wave};
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

    match &buffers.wave {
        Some(wave) => wave::forward(shared, buffers, wave, network.packed.whole(), &mut dispatches)?,
        None => {
            for (index, (layer, packed)) in buffers.layers.iter().zip(&network.packed.layers).enumerate() {
                let layer = Forward { shared, buffers, layer, packed };
                if index > 0 && buffers.purpose.dropout {
                    dispatches.push(layer.drop(&buffers.layers[index - 1].states)?);
                }
                layer.alone(&mut dispatches)?;
            }
        }
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
