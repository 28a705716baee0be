//! All layers of a network of one direction side by side, each some steps behind the one that it waits for: a
//! wavefront, as in Appleyard et al. 2016, Optimizing Performance of Recurrent Neural Networks on GPUs. A span of
//! steps, or a step, of every layer is one dispatch.

use super::buffers::Layered;
use super::layers::{Chains, Layers};
use super::recurrent::{self, ChainsBack, dropout, input_gradient, project};
use super::schedule::{Scheduled, at};
use crate::engine::gpu::kernels::Dims;
use crate::engine::gpu::tuning::Method;

/// Where a wavefront ends that has `steps` steps in each of its layers, counted from the first one's first.
fn end(wave: &Chains, steps: usize) -> usize {
    steps + (wave.count as usize - 1) * wave.dims.span as usize
}

/// Forwards through all layers.
pub fn forward(layers: &mut Layers, wave: Chains, schedule: &mut Vec<Scheduled>) {
    let (span, end) = (wave.dims.span as usize, end(&wave, layers.steps));
    let above = wave.count - 1;
    // The first layer's input is staged already; what those above read is there once the layers below have ended a
    // span.
    let first_layer = layers.layers[0];
    let project_first = project(layers, first_layer, 1);
    let dropped = layers.purpose.dropout.then(|| dropout(layers, wave, wave.states, above));
    let project_above = project(layers, wave, above);
    let scan_or_step = recurrent::forward(layers, wave);
    for first in (0..end).step_by(span) {
        if first < layers.steps {
            schedule.push(at(project_first, first));
        }
        if first > 0 {
            schedule.extend(dropped.into_iter().chain([project_above]).map(|dispatch| at(dispatch, first)));
        }
        match layers.method {
            Method::Scan { .. } => schedule.push(at(scan_or_step, first)),
            Method::Steps { .. } => schedule.extend((first..end.min(first + span)).map(|s| at(scan_or_step, s))),
        }
    }
}

/// Back through all layers, from the gradient of the top one's output.
pub fn backward(
    layers: &mut Layers,
    mut wave: Chains,
    [d_out, d_states]: [&Layered; 2],
    schedule: &mut Vec<Scheduled>,
) {
    wave.dims = Dims {
        row_quads: layers.method.row_quads()[1],
        d_states_stride: d_states.stride,
        d_out_stride: d_out.stride,
        d_in_stride: d_out.stride,
        ..wave.dims
    };
    wave.uniform = layers.buffers.dims(None, wave.dims);
    let back = ChainsBack { chains: wave, d_out: d_out.whole(), d_states: d_states.whole() };
    let scan_or_step = recurrent::backward(layers, back);
    let input = input_gradient(layers, wave, d_out.whole(), wave.count - 1);
    let span = wave.dims.span as usize;
    // How many steps a layer has, and how many go at a time.
    let (steps, each) = match layers.method {
        Method::Scan { .. } => (layers.steps, span),
        Method::Steps { .. } => (wave.dims.passes as usize, 1),
    };
    // The first layer has no layer below.
    let (end, inputs) = (end(&wave, steps), end(&wave, layers.steps) - span);
    for first in (0..end).step_by(span) {
        schedule.extend((first..end.min(first + span)).step_by(each).map(|s| at(scan_or_step, s)));
        schedule.extend((first < inputs).then(|| at(input, first)));
    }
}
