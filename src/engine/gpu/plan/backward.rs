//! From the outputs back to every gradient.

use super::super::array::{Array, Layered};
use super::super::context::Gpu;
use super::super::dims::Dims;
use super::super::network::{Dispatch, dims_buffer, sums};
use super::super::pieces::{Goal, Operand};
use super::super::shaders::{KernelId, KernelKind};
use super::super::variant::{outer, splits};
use super::super::work::Work;
use super::buffers::{Buffers, LayerBuffers};
use super::{Backward, Reach, Shared, recurrent, wave};
use crate::error::Result;

/// The dispatches of a backward pass, and what they leave.
pub fn plan(shared: &Shared, buffers: &Buffers) -> Result<Backward> {
    let gpu = shared.gpu;
    let spec = &buffers.purpose.spec;
    let items = spec.read_steps(buffers.time) * buffers.rows;
    let d_y = gpu.storage::<f32>("d_y", items * spec.outputs())?;
    let quads = spec.directions() * spec.hidden.div_ceil(4);
    // Of the lower layers' outputs, at every step.
    let mut d_out = vec![buffers.time * buffers.rows * quads; spec.layers - 1];
    d_out.push(items * quads);
    let d_states = vec![spec.facts().states * buffers.rows * quads; spec.layers];
    let together = buffers.wave.is_some();
    let d_out = Layered::new(&d_out, 16, together, |len| gpu.vec4s("d_out", len))?;
    let d_states = Layered::new(&d_states, 16, together, |len| gpu.vec4s("d_states", len))?;

    let mut dispatches = Vec::new();
    outputs(shared, buffers, &d_y, &d_out.layers[spec.layers - 1], &mut dispatches)?;
    if let Some(wave) = &buffers.wave {
        let arrays = [&shared.network.packed, &d_out, &d_states];
        wave::backward(shared, buffers, wave, arrays, &mut dispatches)?;
    }
    let mut d_x = None;
    for (index, layer) in buffers.layers.iter().enumerate().rev() {
        let back = LayerBack::new(shared, buffers, index)?;
        if index == spec.layers - 1 && spec.head.is_some() {
            back.head_weights(&d_y, &mut dispatches)?;
        }
        let recurrent = back.recurrent(&d_out.layers[index], &d_states.layers[index]);
        if !together {
            recurrent.alone(&mut dispatches)?;
        }
        back.weights(&mut dispatches)?;
        match index.checked_sub(1) {
            Some(below) if !together => dispatches.push(recurrent.input(&d_out.layers[below])?),
            None if buffers.purpose.reach == Reach::Inputs => {
                let len = buffers.time * buffers.rows * layer.dims.input_quads as usize;
                let d_x = d_x.insert(gpu.vec4s("d_x", len)?);
                dispatches.push(recurrent.input(d_x)?);
            }
            _ => {}
        }
    }
    Ok(Backward { dispatches, d_states: d_states.layers, d_x })
}

/// The loss, the gradient of the outputs, and that of the states that they were made of.
fn outputs(
    shared: &Shared,
    buffers: &Buffers,
    d_y: &Array,
    d_out: &Array,
    dispatches: &mut Vec<Dispatch>,
) -> Result<()> {
    let &Shared { gpu, network, data, steps: constants, losses } = shared;
    let (spec, uniform) = (&buffers.purpose.spec, &buffers.top().uniform);
    // The loss reads the shapes of the windows: those of the first layer.
    let mut bound =
        vec![("dims", &buffers.layers[0].uniform), ("y", &buffers.y), ("rows", &buffers.row_table), ("d_y", d_y)];
    let goal = Goal::of(data.windows.targets());
    match goal {
        Goal::Given => bound.push(("targets", &data.targets)),
        Goal::Ahead => bound.extend([("series", &data.series), ("bases", &buffers.bases)]),
    }
    let kind = KernelKind::Loss(buffers.purpose.loss, goal);
    let outputs = buffers.rows * spec.read_steps(buffers.time) * spec.outputs();
    dispatches.extend(sums(gpu, kind, &bound, outputs, constants, losses)?);

    let mut bound = vec![("dims", uniform), ("step", constants), ("d_y", d_y), ("d_out", d_out)];
    let kind = match spec.head {
        None => KernelKind::BareGradient,
        Some(_) => {
            bound.push(("parameters", &network.parameters));
            KernelKind::HeadGradient
        }
    };
    let items = spec.read_steps(buffers.time) * buffers.rows * spec.directions() * spec.hidden.div_ceil(4);
    dispatches.push(Dispatch::items(gpu, kind, &bound, items)?);
    Ok(())
}

/// The way back through one layer.
struct LayerBack<'a> {
    shared: &'a Shared<'a>,
    buffers: &'a Buffers,
    layer: &'a LayerBuffers,
    packed: &'a Array,
    /// The layer's shapes, with those of the backward scan and of the partial sums.
    dims: Dims,
    uniform: Array,
    /// Partial sums of the weights' gradients, [splits, D, stride] vec4s.
    partial: Array,
    splits: u32,
    /// The gradients of the input weights, the recurrent weights and the head's.
    outers: [Outer; 3],
}

impl<'a> LayerBack<'a> {
    fn new(shared: &'a Shared<'a>, buffers: &'a Buffers, index: usize) -> Result<Self> {
        let &Shared { gpu, network, .. } = shared;
        let (spec, layer) = (&buffers.purpose.spec, &buffers.layers[index]);
        let (facts, directions, quads) = (spec.facts(), spec.directions(), spec.hidden.div_ceil(4));
        let is_top = index == spec.layers - 1;
        let outer = |left, right| Outer::new(gpu, left, right);
        let input = outer(facts.slots * quads, (layer.dims.inputs as usize + 4) / 4);
        let hidden = outer(facts.gates * quads, quads);
        let head = outer(spec.outputs().div_ceil(4), directions * quads + 1);
        let has_head = is_top && spec.head.is_some();
        let workgroups = directions * (input.workgroups() + hidden.workgroups());
        let (step_splits, row_splits) = splits(gpu, workgroups, buffers.time, buffers.rows);
        let splits = step_splits * row_splits;
        let at_head_partial = input.sums() + hidden.sums();
        let partial_stride = at_head_partial + if has_head { head.sums() } else { 0 };
        let dims = Dims {
            row_quads: buffers.method.row_quads()[1],
            // The gradient of a lower layer's output has all steps.
            read_every: if is_top { layer.dims.read_every } else { 1 },
            step_splits: step_splits as u32,
            row_splits: row_splits as u32,
            at_hidden_partial: input.sums() as u32,
            at_head_partial: at_head_partial as u32,
            partial_stride: partial_stride as u32,
            ..layer.dims
        };
        Ok(LayerBack {
            shared,
            buffers,
            layer,
            packed: &network.packed.layers[index],
            dims,
            uniform: dims_buffer(gpu, &dims)?,
            partial: gpu.vec4s("partial", splits * directions * partial_stride)?,
            splits: splits as u32,
            outers: [input, hidden, head],
        })
    }

    /// The way back of its recurrent kernels.
    fn recurrent(&'a self, d_out: &'a Array, d_states: &'a Array) -> recurrent::Backward<'a> {
        let LayerBack { shared, buffers, layer, packed, dims, ref uniform, .. } = *self;
        recurrent::Backward { shared, buffers, layer, packed, dims, uniform, d_out, d_states }
    }

    /// The gradients of the layer's weights and biases.
    fn weights(&self, list: &mut Vec<Dispatch>) -> Result<()> {
        let [input, hidden, _] = self.outers;
        for (operand, outer, right) in
            [(Operand::Hidden, hidden, ("states", &self.layer.states)), (Operand::Input, input, ("x", &self.layer.x))]
        {
            let bound = [("tape", &self.layer.tape), right];
            self.partial_sums(operand, outer, &bound, self.dims.directions, list)?;
        }
        let bound = self.sums();
        let items = (self.dims.directions * self.dims.param_stride) as usize;
        let kind = KernelKind::GradientSum(self.buffers.purpose.spec.cell);
        list.push(Dispatch::items(self.shared.gpu, kind, &bound, items)?);
        Ok(())
    }

    /// Partial sums of an outer product whose sides are `sides`, over so many directions.
    fn partial_sums(
        &self,
        operand: Operand,
        outer: Outer,
        sides: &[(&str, &Array)],
        directions: u32,
        list: &mut Vec<Dispatch>,
    ) -> Result<()> {
        let mut bound = vec![("dims", &self.uniform), ("step", self.shared.steps), ("partial", &self.partial)];
        bound.extend(sides);
        let kind = KernelKind::WeightGradient(self.buffers.purpose.spec.cell, operand);
        let id = KernelId::new(kind, outer.work);
        list.push(Dispatch::new(self.shared.gpu, id, &bound, outer.groups(self.splits, directions))?);
        Ok(())
    }

    /// What the kernels bind that add partial sums up.
    fn sums(&self) -> [(&str, &Array); 4] {
        [
            ("dims", &self.uniform),
            ("step", self.shared.steps),
            ("partial", &self.partial),
            ("gradients", &self.shared.network.gradients),
        ]
    }

    /// The gradients of the head's weight and bias.
    fn head_weights(&self, d_y: &Array, list: &mut Vec<Dispatch>) -> Result<()> {
        let spec = &self.buffers.purpose.spec;
        let bound = [("d_y", d_y), ("states", &self.layer.states), ("rows", &self.buffers.row_table)];
        self.partial_sums(Operand::Head, self.outers[2], &bound, 1, list)?;
        let bound = self.sums();
        let items = spec.outputs() * (spec.top() + 1);
        list.push(Dispatch::items(self.shared.gpu, KernelKind::HeadGradientSum, &bound, items)?);
        Ok(())
    }
}

/// The layout of a weight gradient.
#[derive(Clone, Copy)]
pub struct Outer {
    /// Quads of the left and right sides.
    left: usize,
    right: usize,
    pub work: Work,
}

impl Outer {
    /// Of so many quads.
    pub fn new(gpu: &Gpu, left: usize, right: usize) -> Self {
        Outer { left, right, work: outer(gpu, left, right) }
    }

    /// vec4s of its sums.
    pub fn sums(self) -> usize {
        self.left * 4 * self.right
    }

    /// Workgroups of a split and direction.
    pub fn workgroups(self) -> usize {
        let items = self.right.div_ceil(self.work.columns());
        match self.work {
            Work::Lanes { .. } => self.work.workgroups(self.left, items),
            _ => self.work.workgroups(self.left * 4, items),
        }
    }

    /// Where the workgroups of splits and directions lie, as in `lanes/weight_gradient.wgsl` and `tiles/weight_gradient.wgsl`.
    pub fn groups(self, splits: u32, directions: u32) -> [u32; 3] {
        match self.work {
            Work::Lanes { .. } => [self.workgroups() as u32, splits, directions],
            _ => [self.workgroups() as u32, 1, splits * directions],
        }
    }
}
