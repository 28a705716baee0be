//! From the outputs back to every gradient.

use super::buffers::{Given, Layered, ROWS};
use super::layers::{Chains, Layers};
use super::network::summed_parameters;
use super::outer::Outer;
use super::purpose::Reach;
use super::recurrent::{ChainsBack, backward as recurrent, input_gradient};
use super::schedule::{Scheduled, at};
use super::wavefront;
use crate::engine::gpu::kernels::{BufferId, Dims, GradientSum, HeadGradient, Loss, READ_EVERY, Sides, WeightGradient};
use crate::engine::gpu::tuning::{Method, gradient_parts, splits};

/// The loss and the way back, and the gradients that it finds and leaves beside those of the parameters.
#[derive(Default)]
pub struct Backward {
    pub loss: Vec<Scheduled>,
    pub schedule: Vec<Scheduled>,
    /// From the first layer's deltas to the gradient of the input.
    pub to_x: Vec<Scheduled>,
    /// Of the outputs, [B, T or 1, O].
    pub d_y: Option<BufferId>,
    /// Of each layer's final states, then of its initial ones, [S, B, D, HQ] vec4s.
    pub d_states: Vec<BufferId>,
    /// Of the input, [T, B, IQ] vec4s.
    pub d_x: Option<BufferId>,
}

/// The dispatches of the loss and the backward pass.
pub fn schedule(layers: &mut Layers) -> Backward {
    let spec = layers.purpose.spec;
    let (rows, steps, directions, quads) = (layers.rows, layers.steps, spec.directions(), spec.hidden.div_ceil(4));
    let positions = spec.read_steps(steps);
    let d_y = layers.buffers.own("d_y", 4, vec![(ROWS, rows), ("T", positions), ("O", spec.outputs())]);
    let together = layers.wavefront.is_some();
    // The gradients of the lower layers' outputs have every step.
    let d_out_shape = |layer| {
        let steps = if layer + 1 == spec.layers { positions } else { steps };
        vec![("T", steps), (ROWS, rows), ("D", directions), ("HQ", quads)]
    };
    let d_states_shape = |_| vec![("S", spec.facts().states), (ROWS, rows), ("D", directions), ("HQ", quads)];
    let d_out = layers.buffers.layered("d_out", 16, 0..spec.layers, together, d_out_shape);
    let d_states = layers.buffers.layered("d_states", 16, 0..spec.layers, together, d_states_shape);

    let loss = vec![loss(layers, d_y)];
    let mut schedule = vec![outputs(layers, d_y, d_out.layers[spec.layers - 1])];
    if let Some(wave) = layers.wavefront {
        wavefront::backward(layers, wave, [&d_out, &d_states], &mut schedule);
    }
    let (mut d_x, mut to_x) = (None, Vec::new());
    for layer in (0..spec.layers).rev() {
        let back = LayerBack::new(layers, layer, &d_out, &d_states);
        if !together {
            back.recurrent(layers, &mut schedule);
        }
        back.weights(layers, d_y, &mut schedule);
        match layer.checked_sub(1) {
            Some(below) if !together => back.input(layers, d_out.layers[below], &mut schedule),
            None if layers.purpose.reach == Reach::Inputs => {
                let shape = vec![("T", steps), (ROWS, rows), ("IQ", spec.input.div_ceil(4))];
                let d_input = layers.buffers.own("d_x", 16, shape);
                back.input(layers, d_input, &mut to_x);
                d_x = Some(d_input);
            }
            _ => {}
        }
    }
    Backward { loss, schedule, to_x, d_y: Some(d_y), d_states: d_states.layers, d_x }
}

/// The loss, and the gradient of the outputs.
fn loss(layers: &mut Layers, d_y: BufferId) -> Scheduled {
    // The loss reads the shapes of the windows: those of the first layer.
    let first = layers.layers[0];
    let loss = Loss {
        dims: first.uniform,
        step: layers.step,
        y: layers.y,
        rows: layers.row_table,
        series: layers.series,
        targets: layers.targets(),
        d_y,
        losses: layers.losses,
    };
    let dispatch = loss.dispatch(layers.specialization(), &first.dims);
    layers.once(dispatch)
}

/// The gradient of the states that the outputs were made of.
fn outputs(layers: &mut Layers, d_y: BufferId, d_out: BufferId) -> Scheduled {
    let top = *layers.top();
    let gradient =
        HeadGradient { dims: top.uniform, step: layers.step, parameters: layers.given(Given::Parameters), d_y, d_out };
    let dispatch = gradient.dispatch(&layers.tuning.capabilities, layers.specialization(), &top.dims);
    layers.once(dispatch)
}

/// The way back through one layer.
struct LayerBack {
    layer: usize,
    back: ChainsBack,
    /// Partial sums of the weights' gradients, [splits, D, stride] vec4s.
    partial: BufferId,
    /// The gradients of the input weights, the recurrent weights and the head's.
    outers: [Outer; 3],
}

impl LayerBack {
    fn new(layers: &mut Layers, layer: usize, d_out: &Layered, d_states: &Layered) -> Self {
        let (spec, mut chains) = (layers.purpose.spec, layers.layers[layer]);
        let (facts, directions, quads) = (spec.facts(), spec.directions(), spec.hidden.div_ceil(4));
        let is_top = layer + 1 == spec.layers;
        let input = Outer::new(facts.slots * quads, (chains.dims.inputs as usize + 4) / 4);
        let hidden = Outer::new(facts.gates * quads, quads);
        let head = Outer::new(spec.outputs().div_ceil(4), directions * quads + 1);
        let sums_head = is_top && spec.head.is_some();
        let workgroups = directions * (input.workgroups() + hidden.workgroups());
        let [step_splits, row_splits] = splits(layers.tuning, workgroups, layers.steps, layers.rows);
        let at_head_partial = input.sums() + hidden.sums();
        let partial_stride = at_head_partial + if sums_head { head.sums() } else { 0 };
        let most_steps = match layers.method {
            Method::Scan { most_steps, .. } => most_steps.min(layers.steps),
            Method::Steps { .. } => layers.steps,
        };
        chains.dims = Dims {
            row_quads: layers.method.row_quads()[1],
            span: most_steps as u32,
            // The gradient of a lower layer's output has all steps.
            readout: if is_top { chains.dims.readout } else { READ_EVERY },
            sums_head: u32::from(sums_head),
            step_splits: step_splits as u32,
            row_splits: row_splits as u32,
            at_hidden_partial: input.sums() as u32,
            at_head_partial: at_head_partial as u32,
            partial_stride: partial_stride as u32,
            ..chains.dims
        };
        chains.uniform = layers.buffers.dims(Some(layer), chains.dims);
        let shape = vec![("splits", step_splits * row_splits), ("D", directions), ("stride", partial_stride)];
        LayerBack {
            layer,
            back: ChainsBack { chains, d_out: d_out.layers[layer], d_states: d_states.layers[layer] },
            partial: layers.buffers.own("partial", 16, shape),
            outers: [input, hidden, head],
        }
    }

    /// The deltas of every step over the tape, and from the gradient of the final states that of the initial ones.
    fn recurrent(&self, layers: &mut Layers, schedule: &mut Vec<Scheduled>) {
        let scan_or_step = recurrent(layers, self.back);
        let dims = &self.back.chains.dims;
        let (last, each) = match layers.method {
            Method::Scan { .. } => (layers.steps, dims.span as usize),
            Method::Steps { .. } => (dims.passes as usize, 1),
        };
        schedule.extend((0..last).step_by(each).map(|s| at(scan_or_step, s)));
    }

    /// The gradients of the layer's weights and biases, and of the head that reads it.
    fn weights(&self, layers: &mut Layers, d_y: BufferId, schedule: &mut Vec<Scheduled>) {
        let Chains { dims, uniform, tape, states, x, .. } = self.back.chains;
        let [input, hidden, head] = self.outers;
        let specialization = layers.specialization();
        let mut outers = vec![
            (Sides::Hidden { tape, states }, hidden, dims.directions),
            (Sides::Input { tape, x }, input, dims.directions),
        ];
        if dims.sums_head == 1 {
            outers.push((Sides::Head { d_y, states, rows: layers.row_table }, head, 1));
        }
        for (sides, outer, directions) in outers {
            let kernel = WeightGradient { dims: uniform, step: layers.step, partial: self.partial, sides };
            let dispatch = kernel.dispatch(
                &layers.tuning.capabilities,
                specialization,
                outer.layout,
                &dims,
                outer.sides,
                directions,
            );
            schedule.push(layers.once(dispatch));
        }
        let kernel = GradientSum {
            dims: uniform,
            step: layers.step,
            partial: self.partial,
            gradients: layers.given(Given::Gradients),
            norms: layers.given(Given::Norms),
        };
        let parameters = summed_parameters(&layers.purpose.spec, &dims, self.layer);
        let dispatch = kernel.dispatch(specialization, &dims, parameters, gradient_parts(parameters));
        schedule.push(layers.once(dispatch));
    }

    /// The gradient of the layer's input.
    fn input(&self, layers: &mut Layers, d_in: BufferId, schedule: &mut Vec<Scheduled>) {
        let input = input_gradient(layers, self.back.chains, d_in, 1);
        let span = self.back.chains.dims.span as usize;
        schedule.extend((0..layers.steps).step_by(span).map(|s| at(input, s)));
    }
}
