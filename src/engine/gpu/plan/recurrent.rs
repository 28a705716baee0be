//! The dispatches of some chains, as parts of which both one layer and a wavefront are made.

use super::layers::{Chains, Layers};
use crate::engine::gpu::kernels::{
    BufferId, Dropout, InputGradient, Project, ScanBackward, ScanForward, StepBackward, StepForward,
};
use crate::engine::gpu::tuning::{Method, product};

/// What dropout leaves of the states of the layers below.
pub fn dropout(layers: &mut Layers, chains: Chains, below: BufferId, count: u32) -> usize {
    let kernel = Dropout { dims: chains.uniform, step: layers.step, time: layers.times, below, x: chains.x };
    let dispatch = kernel.dispatch(&layers.tuning.capabilities, layers.specialization(), &chains.dims, count);
    layers.add(dispatch)
}

/// What the input of a chunk of steps adds to the pre-activations, of so many of the chains.
pub fn project(layers: &mut Layers, chains: Chains, count: u32) -> usize {
    let specialization = layers.specialization();
    let (quads, gates) = (chains.dims.hidden_quads as usize, specialization.cell.facts().gates);
    let layout = product(layers.tuning, chains.dims.chunk as usize * layers.rows, quads, gates, false);
    let kernel =
        Project { dims: chains.uniform, time: layers.times, packed: chains.packed, x: chains.x, pre: layers.pre };
    let dispatch = kernel.dispatch(&layers.tuning.capabilities, specialization, layout, &chains.dims, count);
    layers.add(dispatch)
}

/// The recurrent kernel of the way forward: a scan over a chunk of the steps, or one step.
pub fn forward(layers: &mut Layers, chains: Chains) -> usize {
    let specialization = layers.specialization();
    let Chains { dims, uniform, packed, states, tape, .. } = chains;
    let (time, pre, rows) = (layers.times, layers.pre, layers.row_table);
    let dispatch = match layers.method {
        Method::Scan { layouts: [layout, _], .. } => {
            let kernel = ScanForward { dims: uniform, time, packed, x: chains.scanned, pre, rows, states, tape };
            kernel.dispatch(specialization, layout, &dims, chains.count)
        }
        Method::Steps { layouts: [layout, _] } => {
            let kernel = StepForward { dims: uniform, time, packed, pre, rows, states, tape };
            kernel.dispatch(&layers.tuning.capabilities, specialization, layout, &dims, chains.count)
        }
    };
    layers.add(dispatch)
}

/// Chains with the shapes of their way back.
#[derive(Clone, Copy)]
pub struct ChainsBack {
    pub chains: Chains,
    /// The gradient of their outputs.
    pub d_out: BufferId,
    /// [S, B, D, HQ] vec4s a layer.
    pub d_states: BufferId,
}

/// The recurrent kernel of the way back: a scan over a span of the steps, or one step.
pub fn backward(layers: &mut Layers, back: ChainsBack) -> usize {
    let specialization = layers.specialization();
    let ChainsBack { chains: Chains { dims, uniform, packed, states, tape, count, .. }, d_out, d_states } = back;
    let (time, rows) = (layers.times, layers.row_table);
    let dispatch = match layers.method {
        Method::Scan { layouts: [_, layout], .. } => {
            let kernel = ScanBackward { dims: uniform, time, packed, states, rows, d_out, tape, d_states };
            kernel.dispatch(specialization, layout, &dims, count)
        }
        Method::Steps { layouts: [_, layout] } => {
            let kernel = StepBackward { dims: uniform, time, packed, states, rows, d_out, tape, d_states };
            kernel.dispatch(&layers.tuning.capabilities, specialization, layout, &dims, count)
        }
    };
    layers.add(dispatch)
}

/// The gradient of the input over a span of the steps. In a wavefront `d_in` is `d_out` of all layers: so many layers
/// above the first make the output gradient of the layer below each.
pub fn input_gradient(layers: &mut Layers, chains: Chains, d_in: BufferId, count: u32) -> usize {
    let kernel = InputGradient {
        dims: chains.uniform,
        step: layers.step,
        time: layers.times,
        packed: chains.packed,
        tape: chains.tape,
        d_in,
    };
    let (rows, quads) = (chains.dims.span as usize * layers.rows, chains.dims.input_quads as usize);
    let layout = product(layers.tuning, rows, quads, 1, false);
    let dispatch = kernel.dispatch(&layers.tuning.capabilities, layers.specialization(), layout, &chains.dims, count);
    layers.add(dispatch)
}
