//! A small network's training step in three dispatches, its update included, and its forward pass in one.

use super::buffers::Given;
use super::layers::Layers;
use super::outer::Outer;
use super::purpose::{Batches, Reach};
use super::schedule::Scheduled;
use crate::engine::gpu::kernels::{Dims, Fused, FusedInference, FusedUpdate, Sides, Storage, WeightGradient};
use crate::engine::gpu::tuning::{fused, splits};

/// The dispatch of a whole forward pass, where the fused kernel takes it.
pub fn inference(layers: &mut Layers) -> Option<Scheduled> {
    let layout = fused(layers.tuning, &layers.purpose.spec, layers.purpose.batch, layers.steps)?;
    if layers.purpose.reach != Reach::Outputs {
        return None;
    }
    let first = layers.layers[0];
    let dims = Dims { group_rows: layout.group_rows, ..first.dims };
    let kernel = FusedInference {
        dims: layers.buffers.dims(Some(0), dims),
        step: layers.step,
        packed: first.packed,
        series: layers.series,
        windows: layers.windows,
        order: layers.order,
        states: first.states,
        y: layers.y,
    };
    let dispatch = kernel.dispatch(layers.specialization(), layout, &dims);
    Some(layers.once(dispatch))
}

/// The dispatches of a whole training step, where the fused kernels take it: in 32 bits, of batches that are taken
/// whole, since they end the step.
pub fn training(layers: &mut Layers) -> Option<Vec<Scheduled>> {
    let spec = layers.purpose.spec;
    let layout = fused(layers.tuning, &spec, layers.purpose.batch, layers.steps)?;
    let is_whole = layers.purpose.reach == Reach::Parameters && layers.purpose.batches != Batches::Micro;
    if !is_whole || layers.tuning.storage != Storage::F32 {
        return None;
    }
    let (facts, first) = (spec.facts(), layers.layers[0]);
    let quads = first.dims.hidden_quads as usize;
    let input_sums = facts.slots * quads * 4 * ((spec.input + 4) / 4);
    let hidden = Outer::new(facts.gates * quads, quads);
    let at_head_partial = input_sums + hidden.sums();
    let at_loss_partial = at_head_partial + spec.outputs() * (quads + 1);
    let partial_stride = at_loss_partial + 1;
    let [step_splits, row_splits] = splits(layers.tuning, hidden.workgroups(), layers.steps, layers.rows);
    let dims = Dims {
        sums_head: 1,
        step_splits: step_splits as u32,
        row_splits: row_splits as u32,
        at_hidden_partial: input_sums as u32,
        at_head_partial: at_head_partial as u32,
        at_loss_partial: at_loss_partial as u32,
        partial_stride: partial_stride as u32,
        group_rows: layout.group_rows,
        groups: layout.groups,
        loss_parts: 1,
        ..first.dims
    };
    layers.loss_parts = 1;
    let uniform = layers.buffers.dims(Some(0), dims);
    let parts = (layout.groups as usize).max(step_splits * row_splits);
    let partial = layers.buffers.own("partial", 16, vec![("groups or splits", parts), ("stride", partial_stride)]);
    let targets = layers.targets();
    let (specialization, step) = (layers.specialization(), layers.step);

    let fused = Fused {
        dims: uniform,
        step,
        packed: first.packed,
        series: layers.series,
        windows: layers.windows,
        order: layers.order,
        states: first.states,
        targets,
        tape: first.tape,
        partial,
    };
    let fused = fused.dispatch(specialization, layout, &dims);
    let sides = Sides::Hidden { tape: first.tape, states: first.states };
    let hidden_gradient = WeightGradient { dims: uniform, step, partial, sides }.dispatch(
        &layers.tuning.capabilities,
        specialization,
        hidden.layout,
        &dims,
        hidden.sides,
        1,
    );
    let network = layers.network;
    let mut given = |given| network.given(&mut layers.buffers, given);
    let update = FusedUpdate {
        dims: uniform,
        step,
        partial,
        gradients: given(Given::Gradients),
        parameters: given(Given::Parameters),
        moment1: given(Given::Moment1),
        moment2: given(Given::Moment2),
        packed: first.packed,
        losses: layers.losses,
    };
    let update = update.dispatch(specialization, &dims);
    Some([fused, hidden_gradient, update].into_iter().map(|dispatch| layers.once(dispatch)).collect())
}
