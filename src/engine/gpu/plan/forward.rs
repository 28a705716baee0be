//! From the windows to the outputs.

use super::buffers::Given;
use super::layers::{Chains, Layers};
use super::recurrent::{dropout, forward as recurrent, project};
use super::schedule::{Scheduled, at};
use super::{fused, wavefront};
use crate::engine::gpu::kernels::{Carry, Head, Stage};
use crate::engine::gpu::tuning::Method;

/// The dispatches of a forward pass.
pub fn schedule(layers: &mut Layers) -> Vec<Scheduled> {
    if let Some(whole) = fused::inference(layers) {
        return vec![whole];
    }
    let (tuning, specialization, first) = (layers.tuning, layers.specialization(), layers.layers[0]);
    let stage = Stage {
        dims: first.uniform,
        step: layers.step,
        series: layers.series,
        windows: layers.windows,
        order: layers.order,
        x: layers.x,
        rows: layers.row_table,
    };
    let stage = stage.dispatch(&tuning.capabilities, specialization, &first.dims);
    let mut schedule = vec![layers.once(stage)];

    match layers.wavefront {
        Some(wave) => wavefront::forward(layers, wave, &mut schedule),
        None => (0..layers.layers.len()).for_each(|layer| one_layer(layers, layer, &mut schedule)),
    }

    let top = *layers.top();
    let head = Head {
        dims: top.uniform,
        step: layers.step,
        parameters: layers.given(Given::Parameters),
        states: top.states,
        rows: layers.row_table,
        y: layers.y,
    };
    let head = head.dispatch(&tuning.capabilities, specialization, &top.dims);
    schedule.push(layers.once(head));
    schedule
}

/// A layer by itself: its input is projected for a chunk of the steps at once, where it is wide, and a scan or step
/// after step completes it.
fn one_layer(layers: &mut Layers, layer: usize, schedule: &mut Vec<Scheduled>) {
    let own = layers.layers[layer];
    let chunk = own.dims.chunk as usize;
    if layer > 0 && layers.purpose.dropout {
        let below = layers.layers[layer - 1].states;
        let dropout = dropout(layers, own, below, 1);
        schedule.push(at(dropout, 0));
    }
    let project = (own.dims.projected == 1).then(|| project(layers, own, own.count));
    let scan_or_step = recurrent(layers, own);
    for first in (0..layers.steps).step_by(chunk) {
        schedule.extend(project.map(|project| at(project, first)));
        match layers.method {
            Method::Scan { .. } => schedule.push(at(scan_or_step, first)),
            Method::Steps { .. } => {
                schedule.extend((first..layers.steps.min(first + chunk)).map(|s| at(scan_or_step, s)));
            }
        }
    }
}

/// The dispatches that carry the final states over to the next batch.
pub fn carry(layers: &mut Layers) -> Vec<Scheduled> {
    let (tuning, specialization) = (layers.tuning, layers.specialization());
    let carry = |layer: &Chains| {
        let kernel = Carry { dims: layer.uniform, states: layer.states };
        kernel.dispatch(&tuning.capabilities, specialization, &layer.dims)
    };
    let dispatches: Vec<_> = layers.layers.iter().map(carry).collect();
    dispatches.into_iter().map(|dispatch| layers.once(dispatch)).collect()
}
