//! From the outputs back to every gradient.

use super::super::dims::Dims;
use super::super::network::{Dispatch, dims_buffer, sums};
use super::super::shaders::{Goal, KernelKind, Lengths, Mask, Operand};
use super::super::variant::{Scan, ScanShape, scan_shape, splits};
use super::buffers::{Buffers, LayerBuffers};
use super::{Backward, Reach, Shared};
use crate::data::Targets;
use crate::error::Result;
use wgpu::Buffer;

/// The dispatches of a backward pass, and what they leave.
pub fn plan(shared: &Shared, buffers: &Buffers) -> Result<Backward> {
    let gpu = shared.gpu;
    let spec = &buffers.purpose.spec;
    let scan = scan_shape(gpu, spec, Scan::Backward, buffers.rows / 4)?;
    let items = spec.read_steps(buffers.time) * buffers.rows;
    let d_y = gpu.storage::<f32>("d_y", items * spec.outputs())?;
    let quads = spec.directions() * spec.hidden.div_ceil(4);
    let mut d_out = gpu.storage::<[f32; 4]>("d_out", items * quads)?;

    let mut dispatches = Vec::new();
    outputs(shared, buffers, &d_y, &d_out, &mut dispatches)?;
    let mut d_states = Vec::new();
    let mut d_x = None;
    for (index, layer) in buffers.layers.iter().enumerate().rev() {
        let back = LayerBack::new(shared, buffers, index, scan)?;
        if index == spec.layers - 1 && spec.head.is_some() {
            back.head_weights(&d_y, &mut dispatches)?;
        }
        back.scan(&d_out, &mut dispatches)?;
        back.weights(&mut dispatches)?;
        if index > 0 || buffers.purpose.reach == Reach::Inputs {
            let d_in =
                gpu.storage::<[f32; 4]>("d_in", buffers.time * buffers.rows * layer.dims.input_quads as usize)?;
            back.input(&d_in, &mut dispatches)?;
            match index {
                0 => d_x = Some(d_in),
                _ => d_out = d_in,
            }
        }
        d_states.push(back.d_states);
    }
    d_states.reverse();
    Ok(Backward { dispatches, d_states, d_x })
}

/// The loss, the gradient of the outputs, and that of the states that they were made of.
fn outputs(
    shared: &Shared,
    buffers: &Buffers,
    d_y: &Buffer,
    d_out: &Buffer,
    dispatches: &mut Vec<Dispatch>,
) -> Result<()> {
    let &Shared { gpu, network, data, steps, losses } = shared;
    let (spec, uniform) = (&buffers.purpose.spec, &buffers.top().uniform);
    // The loss reads the shapes of the windows: those of the first layer.
    let mut bound =
        vec![("dims", &buffers.layers[0].uniform), ("y", &buffers.y), ("rows", &buffers.row_table), ("d_y", d_y)];
    let goal = match data.windows.targets() {
        Targets::Given { .. } => {
            bound.push(("targets", &data.targets));
            Goal::Given
        }
        Targets::Ahead { .. } => {
            bound.extend([("series", &data.series), ("bases", &buffers.bases)]);
            Goal::Ahead
        }
    };
    let kind = KernelKind::Loss(buffers.purpose.loss, goal);
    let outputs = buffers.rows * spec.read_steps(buffers.time) * spec.outputs();
    dispatches.extend(sums(gpu, kind, &bound, outputs, steps, losses)?);

    let mut bound = vec![("dims", uniform), ("step", steps), ("d_y", d_y), ("d_out", d_out)];
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
    /// Which layer it is, from 0.
    index: usize,
    layer: &'a LayerBuffers,
    packed: &'a Buffer,
    /// The layer's shapes, with those of the backward scan and of the partial sums.
    dims: Dims,
    uniform: Buffer,
    scan: ScanShape,
    /// [S, B, D, HQ] vec4s.
    d_states: Buffer,
    /// Partial sums of the weights' gradients, [splits, D, stride] vec4s.
    partial: Buffer,
    splits: u32,
    /// Tiles of the gradients of the input weights, the recurrent weights and the head's, as in `weight_gradient.wgsl`.
    tiles: [usize; 3],
}

impl<'a> LayerBack<'a> {
    fn new(shared: &'a Shared<'a>, buffers: &'a Buffers, index: usize, scan: ScanShape) -> Result<Self> {
        let &Shared { gpu, network, .. } = shared;
        let (spec, layer) = (&buffers.purpose.spec, &buffers.layers[index]);
        let (facts, directions, quads) = (spec.facts(), spec.directions(), spec.hidden.div_ceil(4));
        let is_top = index == spec.layers - 1;
        // Left and right quads.
        let input = (facts.slots * quads, (layer.dims.inputs as usize + 4) / 4);
        let hidden = (facts.gates * quads, quads);
        let head =
            if is_top && spec.head.is_some() { (spec.outputs().div_ceil(4), directions * quads + 1) } else { (0, 0) };
        let tiles = [input, hidden, head].map(|(left, right)| left.div_ceil(4) * right);
        let (step_splits, row_splits) = splits(gpu, directions * (tiles[0] + tiles[1]), buffers.time, buffers.rows);
        let splits = step_splits * row_splits;
        let sums = |(left, right): (usize, usize)| left * 4 * right;
        let at_head_partial = sums(input) + sums(hidden);
        let partial_stride = at_head_partial + sums(head);
        let dims = Dims {
            row_quads: scan.row_quads,
            // The gradient of a lower layer's output has all steps.
            read_every: if is_top { layer.dims.read_every } else { 1 },
            step_splits: step_splits as u32,
            row_splits: row_splits as u32,
            at_hidden_partial: sums(input) as u32,
            at_head_partial: at_head_partial as u32,
            partial_stride: partial_stride as u32,
            ..layer.dims
        };
        let d_states = facts.states * buffers.rows * directions * quads;
        Ok(LayerBack {
            shared,
            buffers,
            index,
            layer,
            packed: &network.packed[index],
            dims,
            uniform: dims_buffer(gpu, &dims)?,
            scan,
            d_states: gpu.storage::<[f32; 4]>("d_states", d_states)?,
            partial: gpu.storage::<[f32; 4]>("partial", splits * directions * partial_stride)?,
            splits: splits as u32,
            tiles,
        })
    }

    /// The deltas of every step, and the gradient of the initial states.
    fn scan(&self, d_out: &Buffer, list: &mut Vec<Dispatch>) -> Result<()> {
        let mut bound = vec![
            ("dims", &self.uniform),
            ("packed", self.packed),
            ("states", &self.layer.states),
            ("tape", &self.layer.tape),
            ("d_out", d_out),
            ("d_states", &self.d_states),
        ];
        if self.buffers.ragged {
            bound.push(("rows", &self.buffers.row_table));
        }
        let kind = KernelKind::ScanBackward(self.buffers.purpose.spec.cell, Lengths::of(self.buffers.ragged));
        let groups = self.buffers.scan_groups(self.scan);
        list.push(Dispatch::new(self.shared.gpu, self.scan.kernel(kind), &bound, groups)?);
        Ok(())
    }

    /// The gradients of the layer's weights and biases.
    fn weights(&self, list: &mut Vec<Dispatch>) -> Result<()> {
        let [input, hidden, _] = self.tiles;
        self.partial_sums(Operand::Hidden, hidden, ("states", &self.layer.states), list)?;
        self.partial_sums(Operand::Input, input, ("x", &self.layer.x), list)?;
        let bound =
            [("dims", &self.uniform), ("partial", &self.partial), ("gradients", &self.shared.network.gradients)];
        let items = (self.dims.directions * self.dims.param_stride) as usize;
        let kind = KernelKind::GradientSum(self.buffers.purpose.spec.cell);
        list.push(Dispatch::items(self.shared.gpu, kind, &bound, items)?);
        Ok(())
    }

    /// Partial sums of the deltas by `right`.
    fn partial_sums(
        &self,
        operand: Operand,
        tiles: usize,
        right: (&str, &Buffer),
        list: &mut Vec<Dispatch>,
    ) -> Result<()> {
        let bound = [
            ("dims", &self.uniform),
            ("step", self.shared.steps),
            ("partial", &self.partial),
            ("tape", &self.layer.tape),
            right,
        ];
        let kind = KernelKind::WeightGradient(self.buffers.purpose.spec.cell, operand);
        let groups = [(tiles as u32).div_ceil(64), self.splits, self.dims.directions];
        list.push(Dispatch::new(self.shared.gpu, kind, &bound, groups)?);
        Ok(())
    }

    /// The gradients of the head's weight and bias.
    fn head_weights(&self, d_y: &Buffer, list: &mut Vec<Dispatch>) -> Result<()> {
        let spec = &self.buffers.purpose.spec;
        let bound = [
            ("dims", &self.uniform),
            ("step", self.shared.steps),
            ("partial", &self.partial),
            ("d_y", d_y),
            ("states", &self.layer.states),
            ("rows", &self.buffers.row_table),
        ];
        let kind = KernelKind::WeightGradient(spec.cell, Operand::Head);
        let groups = [(self.tiles[2] as u32).div_ceil(64), self.splits, 1];
        list.push(Dispatch::new(self.shared.gpu, kind, &bound, groups)?);
        let bound =
            [("dims", &self.uniform), ("partial", &self.partial), ("gradients", &self.shared.network.gradients)];
        let items = spec.outputs() * (spec.top() + 1);
        list.push(Dispatch::items(self.shared.gpu, KernelKind::HeadGradientSum, &bound, items)?);
        Ok(())
    }

    /// The gradient of the layer's input.
    fn input(&self, d_in: &Buffer, list: &mut Vec<Dispatch>) -> Result<()> {
        let mut bound =
            vec![("dims", &self.uniform), ("packed", self.packed), ("tape", &self.layer.tape), ("d_in", d_in)];
        // Nothing is dropped of the data.
        let masked = self.buffers.purpose.dropout && self.index > 0;
        if masked {
            bound.push(("step", self.shared.steps));
        }
        let mask = if masked { Mask::Dropout } else { Mask::None };
        let kind = KernelKind::InputGradient(self.buffers.purpose.spec.cell, mask);
        let items = self.buffers.time * self.buffers.rows / 4 * self.dims.input_quads as usize;
        list.push(Dispatch::items(self.shared.gpu, kind, &bound, items)?);
        Ok(())
    }
}
