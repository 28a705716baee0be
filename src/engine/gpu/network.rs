//! What a network keeps on the device whatever the batch: parameters, gradients, moments, packed weights, and the
//! dispatches that update them.

use super::array::{Array, Layered};
use super::context::Gpu;
use super::dims::Dims;
use super::kernel::Kernel;
use super::shaders::{KernelId, KernelKind};
use super::variant::{may_wave, sum_groups};
use super::work::Work;
use crate::error::Result;
use crate::model::{Layout, Spec};
use std::sync::Arc;
use wgpu::{BindGroup, ComputePass};

/// One dispatch of a plan: recording it allocates nothing.
#[derive(Debug)]
pub struct Dispatch {
    kernel: Arc<Kernel>,
    bind_group: BindGroup,
    groups: [u32; 3],
    /// Its place in time, where its kernel takes one step of a sequence.
    time: usize,
}

impl Dispatch {
    /// `groups` workgroups of a kernel over named buffers.
    pub fn new(gpu: &Gpu, id: impl Into<KernelId>, buffers: &[(&str, &Array)], groups: [u32; 3]) -> Result<Self> {
        let kernel = gpu.kernel(id.into())?;
        let bind_group = kernel.bind(gpu, buffers);
        Ok(Dispatch { kernel, bind_group, groups, time: 0 })
    }

    /// The same at another place in time.
    pub fn at(&self, time: usize) -> Self {
        Dispatch { kernel: self.kernel.clone(), bind_group: self.bind_group.clone(), time, ..*self }
    }

    /// A product of `rows` rows by `items` items, for each z.
    pub fn product(
        gpu: &Gpu,
        id: KernelId,
        buffers: &[(&str, &Array)],
        rows: usize,
        items: usize,
        z: u32,
    ) -> Result<Self> {
        let [x, y] = fold(gpu, id.work.workgroups(rows, items));
        Dispatch::new(gpu, id, buffers, [x, y, z])
    }

    /// The same for each of so many z.
    pub fn times(self, z: u32) -> Self {
        let [x, y, _] = self.groups;
        Dispatch { groups: [x, y, z], ..self }
    }

    /// A kernel over `items` items, one an invocation.
    pub fn items(gpu: &Gpu, id: impl Into<KernelId>, buffers: &[(&str, &Array)], items: usize) -> Result<Self> {
        let id = id.into();
        let [x, y] = fold(gpu, items.div_ceil(id.work.invocations() as usize));
        Dispatch::new(gpu, id, buffers, [x, y, 1])
    }

    /// The name of its kernel.
    pub fn entry(&self) -> &'static str {
        self.kernel.entry()
    }

    /// Records it for step `step` of the submission.
    pub fn record(&self, pass: &mut ComputePass, step: usize) {
        let (offsets, count) = self.kernel.offsets(step, self.time);
        pass.set_pipeline(self.kernel.pipeline());
        pass.set_bind_group(0, &self.bind_group, &offsets[..count]);
        let [x, y, z] = self.groups;
        pass.dispatch_workgroups(x, y, z);
    }
}

/// So many workgroups in x and, past the limit of x, in y.
fn fold(gpu: &Gpu, groups: usize) -> [u32; 2] {
    let groups = (groups as u32).max(1);
    let y = groups.div_ceil(gpu.limits.max_compute_workgroups_per_dimension);
    [groups.div_ceil(y), y]
}

/// The batch-independent half of a network on a device.
#[derive(Debug)]
pub struct Network {
    pub spec: Spec,
    pub layout: Layout,
    pub parameters: Array,
    pub gradients: Array,
    pub moments: [Array; 2],
    /// Packed weights of each layer; in one array as far apart as those of the largest.
    pub packed: Layered,
    /// The norm of the gradient, due before the update where it is clipped.
    pub norm: Vec<Dispatch>,
    /// The optimiser over the whole block.
    pub update: Dispatch,
    /// Packs every layer's weights; due whenever the parameters change.
    pub pack: Vec<Dispatch>,
}

impl Network {
    /// Allocates a network; its parameters are zero. `steps` is the uniform buffer of the constants of `submission` steps.
    pub fn new(gpu: &Gpu, spec: Spec, steps: &Array, submission: usize) -> Result<Self> {
        let layout = Layout::new(&spec);
        let block = |label: &str| gpu.storage::<f32>(label, layout.len());
        let parameters = block("parameters")?;
        let gradients = block("gradients")?;
        let moments = [block("moment1")?, block("moment2")?];
        let layers: Vec<Dims> = (0..spec.layers).map(|layer| layer_dims(&spec, &layout, layer)).collect();
        let lens: Vec<usize> = layers.iter().map(|dims| (dims.directions * dims.packed_stride) as usize).collect();
        let largest = lens.iter().max().copied().expect("a network has a layer");
        let packed_bytes = spec.layers as u64 * largest as u64 * gpu.quad_bytes() as u64;
        let together = may_wave(gpu, &spec) && Layered::most(packed_bytes, spec.layers) <= gpu.largest_array();
        let parts = if together { vec![largest; spec.layers] } else { lens.clone() };
        let packed = Layered::new(&parts, gpu.quad_bytes(), together, |len| gpu.quads("packed", len))?;
        let mut pack = Vec::new();
        for ((dims, packed), len) in layers.iter().zip(&packed.layers).zip(lens) {
            let dims = dims_buffer(gpu, dims)?;
            let buffers = [("dims", &dims), ("parameters", &parameters), ("packed", packed)];
            pack.push(Dispatch::items(gpu, KernelKind::Pack(spec.cell), &buffers, len)?);
        }
        let dims = dims_buffer(gpu, &layer_dims(&spec, &layout, 0))?;
        let norms = gpu.storage::<f32>("norms", submission)?;
        let norm =
            sums(gpu, KernelKind::Norm, &[("dims", &dims), ("gradients", &gradients)], layout.len(), steps, &norms)?;
        let buffers = [
            ("dims", &dims),
            ("step", steps),
            ("gradients", &gradients),
            ("parameters", &parameters),
            ("moment1", &moments[0]),
            ("moment2", &moments[1]),
            ("norms", &norms),
        ];
        let update = Dispatch::items(gpu, KernelKind::Update, &buffers, layout.len())?;
        Ok(Network { spec, layout, parameters, gradients, moments, packed, norm, update, pack })
    }

    /// Replaces the parameters, sets the moments to zero, and packs the weights.
    pub fn set(&self, gpu: &Gpu, parameters: &[f32]) -> Result<()> {
        gpu.write(&self.parameters, 0, parameters);
        let mut encoder = gpu.device.create_command_encoder(&Default::default());
        for moment in &self.moments {
            moment.clear(gpu, &mut encoder, 0, self.layout.len() as u64 * 4)?;
        }
        let mut pass = encoder.begin_compute_pass(&Default::default());
        self.pack.iter().for_each(|dispatch| dispatch.record(&mut pass, 0));
        drop(pass);
        gpu.queue.submit([encoder.finish()]);
        Ok(())
    }
}

/// A kernel that adds up `items` values for its step's place in `sums`, in as many workgroups as they are worth, and where
/// those are several, the sum of what they leave.
pub fn sums(
    gpu: &Gpu,
    kind: KernelKind,
    buffers: &[(&str, &Array)],
    items: usize,
    steps: &Array,
    sums: &Array,
) -> Result<Vec<Dispatch>> {
    let id = KernelId::new(kind, Work::Items { invocations: 256 });
    let groups = sum_groups(gpu, items);
    if groups == 1 {
        let buffers = [buffers, &[("step", steps), ("sums", sums)]].concat();
        return Ok(vec![Dispatch::new(gpu, id, &buffers, [1, 1, 1])?]);
    }
    let parts = gpu.storage::<f32>("parts", groups as usize)?;
    let buffers = [buffers, &[("step", steps), ("sums", &parts)]].concat();
    let first = Dispatch::new(gpu, id, &buffers, [groups, 1, 1])?;
    let buffers = [("step", steps), ("parts", &parts), ("sums", sums)];
    Ok(vec![first, Dispatch::new(gpu, KernelKind::Sum, &buffers, [1, 1, 1])?])
}

/// Whether a network is one scan and a head: those alone may be small enough for the fused kernels.
pub fn one_scan(spec: &Spec) -> bool {
    spec.layers == 1 && !spec.bidirectional && spec.head.is_some()
}

/// A uniform buffer of a layer's shapes.
pub fn dims_buffer(gpu: &Gpu, dims: &Dims) -> Result<Array> {
    let buffer = gpu.uniform("dims", 1, size_of::<Dims>())?;
    gpu.write(&buffer, 0, &[*dims]);
    Ok(buffer)
}

/// The shapes of a layer that do not depend on the batch.
pub fn layer_dims(spec: &Spec, layout: &Layout, layer: usize) -> Dims {
    let facts = spec.facts();
    let quads = spec.hidden.div_ceil(4);
    let inputs = if layer == 0 { spec.input } else { spec.directions() * quads * 4 };
    let input_quads = inputs.div_ceil(4);
    let ranges = &layout.layers()[layer * spec.directions()];
    let at_hidden_t = quads * 4 * facts.gates * quads;
    let at_bias = at_hidden_t + facts.gates * quads * 4 * quads;
    let at_input_w = at_bias + facts.slots * quads;
    let at_input_t = at_input_w + input_quads * 4 * facts.gates * quads;
    let at_head = at_input_t + facts.gates * quads * 4 * input_quads;
    let head = if one_scan(spec) { spec.outputs() * quads + spec.outputs().div_ceil(4) } else { 0 };
    let dims = [("outputs", spec.outputs()), ("packed", at_head + head), ("parameters", layout.len())];
    debug_assert!(dims.iter().all(|&(_, dim)| u32::try_from(dim).is_ok()), "{dims:?}");
    Dims {
        directions: spec.directions() as u32,
        hidden: spec.hidden as u32,
        hidden_quads: quads as u32,
        inputs: inputs as u32,
        input_quads: input_quads as u32,
        outputs: spec.outputs() as u32,
        packed_stride: (at_head + head) as u32,
        at_hidden_t: at_hidden_t as u32,
        at_bias: at_bias as u32,
        at_input_w: at_input_w as u32,
        at_input_t: at_input_t as u32,
        at_head: at_head as u32,
        input_features: spec.layer_input(layer) as u32,
        param_stride: (ranges.bias_hh.end - ranges.weight_ih.start) as u32,
        at_weight_ih: ranges.weight_ih.start as u32,
        at_weight_hh: ranges.weight_hh.start as u32,
        at_bias_ih: ranges.bias_ih.start as u32,
        at_bias_hh: ranges.bias_hh.start as u32,
        layer_below: layer.saturating_sub(1) as u32,
        at_head_weight: layout.head_weight().start as u32,
        at_head_bias: layout.head_bias().start as u32,
        parameters: layout.len() as u32,
        ..Default::default()
    }
}
