//! A small network's training step in two or three dispatches, its update included, and its forward pass in one.

use super::super::array::Array;
use super::super::dims::Dims;
use super::super::network::{Dispatch, dims_buffer};
use super::super::pieces::{Goal, Operand};
use super::super::shaders::{KernelId, KernelKind};
use super::super::variant::{FusedShape, fused, splits};
use super::super::work::Work;
use super::backward::Outer;
use super::buffers::Buffers;
use super::{Batches, Reach, Shared};
use crate::error::Result;

/// The dispatch of a whole forward pass, where it takes a fused kernel.
pub fn forward(shared: &Shared, buffers: &Buffers) -> Result<Option<Dispatch>> {
    let (gpu, spec) = (shared.gpu, &buffers.purpose.spec);
    let shape = fused(gpu, spec, buffers.purpose.batch, buffers.time);
    let Some(FusedShape { group_rows, groups, work }) = shape.filter(|_| buffers.purpose.reach == Reach::Outputs)
    else {
        return Ok(None);
    };
    let layer = &buffers.layers[0];
    let uniform = dims_buffer(gpu, &Dims { group_rows: group_rows as u32, ..layer.dims })?;
    let mut bound = on_the_way_forward(shared, buffers, &uniform);
    bound.push(("y", &buffers.y));
    let id = KernelId::new(KernelKind::Predict(spec.cell), work);
    Dispatch::new(gpu, id, &bound, [groups as u32, 1, 1]).map(Some)
}

/// What `fused/rows.wgsl` and `fused/forward.wgsl` read and write.
fn on_the_way_forward<'a>(
    shared: &Shared<'a>,
    buffers: &'a Buffers,
    uniform: &'a Array,
) -> Vec<(&'static str, &'a Array)> {
    vec![
        ("dims", uniform),
        ("step", shared.steps),
        ("packed", &shared.network.packed.layers[0]),
        ("series", &shared.data.series),
        ("windows", &shared.data.places),
        ("order", &shared.data.order),
        ("states", &buffers.layers[0].states),
    ]
}

/// The dispatches of a whole training step, where it takes the fused kernels.
pub fn training(shared: &Shared, buffers: &Buffers) -> Result<Option<Vec<Dispatch>>> {
    let &Shared { gpu, network, data, steps: constants, losses } = shared;
    let spec = &buffers.purpose.spec;
    let shape = fused(gpu, spec, buffers.purpose.batch, buffers.time).filter(|shape| shape.trains(gpu, spec));
    let Some(FusedShape { group_rows, groups, work }) = shape else { return Ok(None) };
    // They end the step, which a portion does not.
    if buffers.purpose.reach != Reach::Parameters || buffers.purpose.batches == Batches::InPortions {
        return Ok(None);
    }
    let (facts, layer) = (spec.facts(), &buffers.layers[0]);
    let quads = layer.dims.hidden_quads as usize;
    let input_sums = facts.slots * quads * 4 * ((spec.input + 4) / 4);
    let hidden = Outer::new(gpu, facts.gates * quads, quads);
    let at_head_partial = input_sums + hidden.sums();
    let at_loss_partial = at_head_partial + spec.outputs() * (quads + 1);
    let partial_stride = at_loss_partial + 1;
    let is_held = matches!(work, Work::Fused { lanes: Some(_), .. });
    let (step_splits, row_splits) = match is_held {
        true => (groups, 1),
        false => splits(gpu, hidden.workgroups(), buffers.time, buffers.rows),
    };
    let splits = step_splits * row_splits;
    let dims = Dims {
        step_splits: step_splits as u32,
        row_splits: row_splits as u32,
        at_hidden_partial: input_sums as u32,
        at_head_partial: at_head_partial as u32,
        at_loss_partial: at_loss_partial as u32,
        partial_stride: partial_stride as u32,
        group_rows: group_rows as u32,
        parts: groups as u32,
        ..layer.dims
    };
    let uniform = dims_buffer(gpu, &dims)?;
    let partial = gpu.vec4s("partial", groups.max(splits) * partial_stride)?;
    let mut dispatches = Vec::new();

    let goal = Goal::of(data.windows.targets());
    let mut bound = on_the_way_forward(shared, buffers, &uniform);
    bound.extend([("tape", &layer.tape), ("partial", &partial)]);
    if goal == Goal::Given {
        bound.push(("targets", &data.targets));
    }
    let kind = KernelKind::Fused(spec.cell, buffers.purpose.loss, goal);
    dispatches.push(Dispatch::new(gpu, KernelId::new(kind, work), &bound, [groups as u32, 1, 1])?);

    if !is_held {
        let bound = [
            ("dims", &uniform),
            ("step", constants),
            ("partial", &partial),
            ("tape", &layer.tape),
            ("states", &layer.states),
        ];
        let kind = KernelKind::WeightGradient(spec.cell, Operand::Hidden);
        let id = KernelId::new(kind, hidden.work);
        dispatches.push(Dispatch::new(gpu, id, &bound, hidden.groups(splits as u32, 1))?);
    }

    let [moment1, moment2] = &network.moments;
    let bound = [
        ("dims", &uniform),
        ("step", constants),
        ("partial", &partial),
        ("gradients", &network.gradients),
        ("parameters", &network.parameters),
        ("moment1", moment1),
        ("moment2", moment2),
        ("packed", &network.packed.layers[0]),
        ("sums", losses),
    ];
    let id = KernelId::new(KernelKind::Finish(spec.cell), Work::Items { invocations: 256 });
    dispatches.push(Dispatch::new(gpu, id, &bound, [1, 1, 1])?);
    Ok(Some(dispatches))
}
