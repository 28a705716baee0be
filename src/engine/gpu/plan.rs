//! The plan of one network and batch shape: buffers allocated, bind groups made, dispatches listed, once. The way of a
//! step through the kernels reads from top to bottom here.

use super::context::Gpu;
use super::dims::Dims;
use super::network::{Dispatch, Network, dims_buffer, layer_dims};
use super::shaders::{Input, KernelId, KernelKind, Operand, Tape};
use super::variant::{Scan, item_quads, scan_shape, splits};
use crate::data::{Targets, Windows};
use crate::error::Result;
use crate::model::Readout;
use wgpu::Buffer;

/// Windows on the device.
#[derive(Debug)]
pub struct Data {
    /// [len, I].
    pub series: Buffer,
    /// [N].
    pub starts: Buffer,
    /// [N, target].
    pub targets: Buffer,
    /// The windows in the order of use, [N].
    pub order: Buffer,
    /// The windows themselves.
    pub windows: Windows,
}

impl Data {
    /// Uploads windows.
    pub fn new(gpu: &Gpu, windows: &Windows) -> Result<Self> {
        let targets = match windows.targets() {
            Targets::Given { values, .. } => values.as_slice(),
            Targets::Ahead { .. } => &[],
        };
        let data = Data {
            series: gpu.storage::<f32>("series", windows.series().len())?,
            starts: gpu.storage::<u32>("starts", windows.count())?,
            targets: gpu.storage::<f32>("targets", targets.len())?,
            order: gpu.storage::<u32>("order", windows.count())?,
            windows: windows.clone(),
        };
        gpu.write(&data.series, 0, windows.series());
        gpu.write(&data.starts, 0, windows.starts());
        gpu.write(&data.targets, 0, targets);
        Ok(data)
    }
}

/// How far a plan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Outputs and final states.
    Outputs,
    /// The gradient of every parameter too.
    Parameters,
    /// The gradient of the input too.
    Inputs,
}

/// One layer's buffers.
#[derive(Debug)]
pub struct LayerBuffers {
    /// [S, T + 2, B, D, HQ] vec4s.
    pub states: Buffer,
    /// [S, B, D, HQ] vec4s; with gradients only.
    pub d_states: Option<Buffer>,
}

/// Buffers and dispatches of one batch shape.
#[derive(Debug)]
pub struct Plan {
    /// Rows that were asked for.
    pub batch: usize,
    /// Rows that the buffers hold: `batch` padded to whole items of the scans.
    pub rows: usize,
    pub layers: Vec<LayerBuffers>,
    /// The head's outputs, [B, T or 1, O].
    pub y: Buffer,
    /// The gradient of the input, [T, B, ceil(I / 4)] vec4s.
    pub d_x: Option<Buffer>,
    pub forward: Vec<Dispatch>,
    pub backward: Vec<Dispatch>,
}

/// What every plan of an engine binds.
pub struct Shared<'a> {
    pub gpu: &'a Gpu,
    pub network: &'a Network,
    pub data: &'a Data,
    /// Step constants.
    pub steps: &'a Buffer,
    /// Losses of a submission's steps.
    pub losses: &'a Buffer,
}

impl Plan {
    /// Plans batches of up to `batch` rows.
    pub fn new(shared: &Shared, batch: usize, reach: Reach) -> Result<Self> {
        let &Shared { gpu, network, data, steps, losses } = shared;
        let (spec, cell) = (&network.spec, network.spec.cell);
        let facts = spec.facts();
        let rows = batch.next_multiple_of(4 * item_quads(gpu, batch));
        let (time, directions, quads) = (data.windows.steps(), spec.directions(), spec.hidden.div_ceil(4));
        let read_steps = spec.read_steps(time);
        let train = reach != Reach::Outputs;
        let vec4 = |label: &str, len: usize| gpu.storage::<[f32; 4]>(label, len);

        let forward_shape = scan_shape(gpu, spec, Scan::Forward, rows / 4)?;
        let backward_shape = scan_shape(gpu, spec, Scan::Backward, rows / 4)?;
        let scan_groups = |row_quads: u32| [(rows as u32 / 4).div_ceil(row_quads), directions as u32, 1];

        let states_len = facts.states * (time + 2) * rows * directions * quads;
        let mut layers: Vec<LayerBuffers> = Vec::new();
        let mut tapes = Vec::new();
        let mut dims = Vec::new();
        let mut forward = Vec::new();
        let outputs = gpu.storage::<f32>("y", rows * read_steps * spec.outputs())?;
        let d_y = gpu.storage::<f32>("d_y", rows * read_steps * spec.outputs())?;

        for layer in 0..spec.layers {
            let tape_len = if train { directions * time * rows * facts.slots * quads } else { 0 };
            let states = vec4("states", states_len)?;
            let tape = vec4("tape", tape_len)?;
            let layer_dims = Dims {
                rows: rows as u32,
                steps: time as u32,
                row_quads: forward_shape.row_quads,
                ..layer_dims(spec, &network.layout, layer)
            };
            let uniform = dims_buffer(gpu, &layer_dims)?;
            let mut buffers =
                vec![("dims", &uniform), ("step", steps), ("packed", &network.packed[layer]), ("states", &states)];
            if train {
                buffers.push(("tape", &tape));
            }
            let input = match layers.last() {
                None => {
                    buffers.extend([("series", &data.series), ("starts", &data.starts), ("order", &data.order)]);
                    Input::Series
                }
                Some(below) => {
                    // The first layer alone reads the constants of the step.
                    buffers.retain(|(name, _)| *name != "step");
                    buffers.push(("below", &below.states));
                    Input::Below
                }
            };
            let kind = KernelKind::ScanForward(cell, input, if train { Tape::Keep } else { Tape::Skip });
            let id = forward_shape.kernel(kind);
            forward.push(Dispatch::new(gpu, id, &buffers, scan_groups(forward_shape.row_quads))?);
            let d_states = if train { Some(vec4("d_states", facts.states * rows * directions * quads)?) } else { None };
            layers.push(LayerBuffers { states, d_states });
            tapes.push(tape);
            dims.push(layer_dims);
        }

        let top = spec.layers - 1;
        let read_every = u32::from(spec.readout() == Readout::Every);
        let head_dims = Dims { read_every, ..dims[top] };
        let head_uniform = dims_buffer(gpu, &head_dims)?;
        let buffers = [
            ("dims", &head_uniform),
            ("step", steps),
            ("parameters", &network.parameters),
            ("states", &layers[top].states),
            ("y", &outputs),
        ];
        forward.push(Dispatch::items(gpu, KernelKind::Head, &buffers, rows * read_steps * spec.outputs())?);

        // The initial states of windows are zero.
        let mut encoder = gpu.device.create_command_encoder(&Default::default());
        let bytes = (states_len * 16) as u64;
        layers.iter().for_each(|layer| encoder.clear_buffer(&layer.states, 0, Some(bytes)));
        gpu.queue.submit([encoder.finish()]);

        let mut plan = Plan { batch, rows, layers, y: outputs, d_x: None, forward, backward: Vec::new() };
        if !train {
            return Ok(plan);
        }

        let mut backward = Vec::new();
        let buffers = [
            ("dims", &head_uniform),
            ("step", steps),
            ("y", &plan.y),
            ("targets", &data.targets),
            ("order", &data.order),
            ("d_y", &d_y),
            ("losses", losses),
        ];
        let one_group = KernelId { invocations: 256, ..KernelKind::Mse.into() };
        backward.push(Dispatch::new(gpu, one_group, &buffers, [1, 1, 1])?);
        let mut d_out = vec4("d_out", read_steps * rows * directions * quads)?;
        let buffers = [
            ("dims", &head_uniform),
            ("step", steps),
            ("parameters", &network.parameters),
            ("d_y", &d_y),
            ("d_out", &d_out),
        ];
        backward.push(Dispatch::items(
            gpu,
            KernelKind::HeadGradient,
            &buffers,
            read_steps * rows * directions * quads,
        )?);

        for layer in (0..spec.layers).rev() {
            let is_top = layer == top;
            let (packed, tape, states) = (&network.packed[layer], &tapes[layer], &plan.layers[layer].states);
            let d_states = plan.layers[layer].d_states.as_ref().expect("a training plan has d_states");
            // The tiles of each weight gradient, as in weight_gradient.wgsl.
            let (input_left, input_right) = (facts.slots * quads, (dims[layer].inputs as usize + 4) / 4);
            let (hidden_left, hidden_right) = (facts.gates * quads, quads);
            let (head_left, head_right) = (spec.outputs().div_ceil(4), directions * quads + 1);
            let tiles = |left: usize, right: usize| left.div_ceil(4) * right;
            let all_tiles = directions * (tiles(input_left, input_right) + tiles(hidden_left, hidden_right));
            let (step_splits, row_splits) = splits(gpu, all_tiles, time, rows);
            let splits = step_splits * row_splits;
            let at_hidden_partial = input_left * 4 * input_right;
            let at_head_partial = at_hidden_partial + hidden_left * 4 * hidden_right;
            let partial_stride = at_head_partial + if is_top { head_left * 4 * head_right } else { 0 };
            let layer_dims = Dims {
                row_quads: backward_shape.row_quads,
                read_every: if is_top { read_every } else { 1 },
                step_splits: step_splits as u32,
                row_splits: row_splits as u32,
                at_hidden_partial: at_hidden_partial as u32,
                at_head_partial: at_head_partial as u32,
                partial_stride: partial_stride as u32,
                ..dims[layer]
            };
            let uniform = dims_buffer(gpu, &layer_dims)?;
            let partial = vec4("partial", splits * directions * partial_stride)?;

            if is_top {
                let buffers =
                    [("dims", &uniform), ("step", steps), ("partial", &partial), ("d_y", &d_y), ("states", states)];
                let kind = KernelKind::WeightGradient(cell, Operand::Head);
                let groups = (tiles(head_left, head_right) as u32).div_ceil(64);
                backward.push(Dispatch::new(gpu, kind, &buffers, [groups, splits as u32, 1])?);
                let buffers = [("dims", &uniform), ("partial", &partial), ("gradients", &network.gradients)];
                let items = spec.outputs() * (spec.top() + 1);
                backward.push(Dispatch::items(gpu, KernelKind::HeadGradientSum, &buffers, items)?);
            }

            let buffers = [
                ("dims", &uniform),
                ("packed", packed),
                ("states", states),
                ("tape", tape),
                ("d_out", &d_out),
                ("d_states", d_states),
            ];
            let id = backward_shape.kernel(KernelKind::ScanBackward(cell));
            backward.push(Dispatch::new(gpu, id, &buffers, scan_groups(backward_shape.row_quads))?);

            let buffers =
                [("dims", &uniform), ("step", steps), ("partial", &partial), ("tape", tape), ("states", states)];
            let kind = KernelKind::WeightGradient(cell, Operand::Hidden);
            let groups = (tiles(hidden_left, hidden_right) as u32).div_ceil(64);
            backward.push(Dispatch::new(gpu, kind, &buffers, [groups, splits as u32, directions as u32])?);

            let mut buffers = vec![("dims", &uniform), ("step", steps), ("partial", &partial), ("tape", tape)];
            let input = if layer == 0 {
                buffers.extend([("series", &data.series), ("starts", &data.starts), ("order", &data.order)]);
                Input::Series
            } else {
                buffers.push(("below", &plan.layers[layer - 1].states));
                Input::Below
            };
            let kind = KernelKind::WeightGradient(cell, Operand::Input(input));
            let groups = (tiles(input_left, input_right) as u32).div_ceil(64);
            backward.push(Dispatch::new(gpu, kind, &buffers, [groups, splits as u32, directions as u32])?);

            let buffers = [("dims", &uniform), ("partial", &partial), ("gradients", &network.gradients)];
            let items = directions * layer_dims.param_stride as usize;
            backward.push(Dispatch::items(gpu, KernelKind::GradientSum(cell), &buffers, items)?);

            if layer > 0 || reach == Reach::Inputs {
                let len = time * rows * layer_dims.input_quads as usize;
                let d_in = vec4("d_in", len)?;
                let buffers = [("dims", &uniform), ("packed", packed), ("tape", tape), ("d_in", &d_in)];
                backward.push(Dispatch::items(gpu, KernelKind::InputGradient(cell), &buffers, len / 4)?);
                if layer == 0 {
                    plan.d_x = Some(d_in);
                } else {
                    d_out = d_in;
                }
            }
        }
        plan.backward = backward;
        Ok(plan)
    }
}
