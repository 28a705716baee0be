//! What a network keeps on the device whatever the batch: parameters, gradients, moments, packed weights, and the
//! dispatches that update them.

use super::buffers::{Buffers, Given};
use crate::engine::gpu::device::ALIGNMENT;
use crate::engine::gpu::kernels::{BufferId, Dims, Dispatch, NO_LAYER, Pack, Specialization, Update};
use crate::engine::gpu::tuning::{Tuning, gradient_parts};
use crate::model::{Layout, Spec};

/// The batch-independent half of a network, described.
#[derive(Clone, Debug)]
pub struct NetworkDescription {
    /// The network.
    pub spec: Spec,
    /// Where its parameters lie in the block.
    pub layout: Layout,
    /// What its kernels are specialized for.
    pub specialization: Specialization,
    /// The shapes of each layer that do not depend on the batch.
    pub layers: Vec<Dims>,
    /// Quads from the packed weights of one layer to those of the next, where all lie in one buffer: as many as the
    /// largest has.
    pub packed_stride: Option<usize>,
    /// Parts of the square of the gradient's norm, of all layers.
    pub norm_parts: u32,
    /// The buffers of the dispatches below.
    pub buffers: Buffers,
    /// The optimiser over the whole block, then the packing of each layer's weights.
    pub update: Vec<Dispatch>,
}

impl NetworkDescription {
    /// Describes a network on such an adapter.
    pub fn new(tuning: &Tuning, spec: &Spec) -> Self {
        let layout = Layout::new(spec);
        let specialization = Specialization { cell: spec.cell, storage: tuning.storage };
        let mut layers: Vec<Dims> = (0..spec.layers).map(|layer| layer_dims(spec, &layout, layer)).collect();
        let mut norm_parts = 0;
        for layer in 0..spec.layers {
            layers[layer].at_norms = norm_parts;
            norm_parts += gradient_parts(summed_parameters(spec, &layers[layer], layer));
        }
        layers.iter_mut().for_each(|dims| dims.norm_parts = norm_parts);

        // Layers can go side by side where each reads the one below alone, and all weights are one buffer.
        let largest = layers.iter().map(|dims| (dims.directions * dims.packed_stride) as usize).max().unwrap_or(0);
        let stride = largest.next_multiple_of(ALIGNMENT / specialization.storage.quad_bytes());
        let bytes = (spec.layers * stride * specialization.storage.quad_bytes()) as u64;
        let fits = spec.layers > 1 && !spec.bidirectional && bytes <= tuning.capabilities.largest_binding;
        let mut network = NetworkDescription {
            spec: *spec,
            layout,
            specialization,
            layers,
            packed_stride: fits.then_some(stride),
            norm_parts,
            buffers: Buffers::default(),
            update: Vec::new(),
        };
        network.describe_update(tuning);
        network
    }

    fn describe_update(&mut self, tuning: &Tuning) {
        let mut buffers = Buffers::default();
        let capabilities = &tuning.capabilities;
        let parameters = self.given(&mut buffers, Given::Parameters);
        let update = Update {
            dims: buffers.dims(None, self.layers[0]),
            step: self.given(&mut buffers, Given::Steps),
            gradients: self.given(&mut buffers, Given::Gradients),
            norms: self.given(&mut buffers, Given::Norms),
            parameters,
            moment1: self.given(&mut buffers, Given::Moment1),
            moment2: self.given(&mut buffers, Given::Moment2),
        };
        let mut dispatches = vec![update.dispatch(capabilities, self.specialization, &self.layers[0])];
        for (layer, dims) in self.layers.iter().enumerate() {
            let pack = Pack {
                dims: buffers.dims(Some(layer), *dims),
                parameters,
                packed: self.given(&mut buffers, Given::Packed(layer)),
            };
            dispatches.push(pack.dispatch(capabilities, self.specialization, dims));
        }
        self.buffers = buffers;
        self.update = dispatches;
    }

    /// Declares one of its buffers, or of the engine's steps.
    pub fn given(&self, buffers: &mut Buffers, given: Given) -> BufferId {
        let quad = self.specialization.storage.quad_bytes();
        let parameters = || (4, vec![("P", self.layout.len())]);
        let (name, (element, shape)) = match given {
            Given::Parameters => ("parameters", parameters()),
            Given::Gradients => ("gradients", parameters()),
            Given::Moment1 => ("moment1", parameters()),
            Given::Moment2 => ("moment2", parameters()),
            Given::Norms => ("norms", (4, vec![("norm_parts", self.norm_parts as usize)])),
            Given::Packed(layer) => {
                let dims = &self.layers[layer];
                (
                    "packed",
                    (quad, vec![("D", dims.directions as usize), ("packed_stride", dims.packed_stride as usize)]),
                )
            }
            Given::PackedLayers => {
                let stride =
                    self.packed_stride.expect("the packed weights of layers that go side by side lie in one buffer");
                ("packed", (quad, vec![("L", self.spec.layers), ("packed_stride", stride)]))
            }
            Given::Steps => ("step", (4, vec![("step", 1)])),
            Given::Losses => ("losses", (4, vec![("step", 1)])),
            Given::Series | Given::Windows | Given::Order | Given::Targets => {
                unreachable!("the windows are not the network's")
            }
        };
        buffers.given(given, name, element, shape)
    }
}

/// Parameters that the sums of a layer's gradients are made for: its own, and of the top layer the head's.
pub fn summed_parameters(spec: &Spec, dims: &Dims, layer: usize) -> usize {
    let head = if layer + 1 == spec.layers && spec.head.is_some() { spec.outputs() * (spec.top() + 1) } else { 0 };
    (dims.directions * dims.param_stride) as usize + head
}

/// The shapes of a layer that do not depend on the batch.
fn layer_dims(spec: &Spec, layout: &Layout, layer: usize) -> Dims {
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
    // The fused kernels alone find the head here: those of one layer and direction.
    let is_single = spec.layers == 1 && !spec.bidirectional && spec.head.is_some();
    let head = if is_single { spec.outputs() * quads + spec.outputs().div_ceil(4) } else { 0 };
    let counted = [("outputs", spec.outputs()), ("packed", at_head + head), ("parameters", layout.len())];
    debug_assert!(counted.iter().all(|&(_, count)| u32::try_from(count).is_ok()), "{counted:?}");
    Dims {
        directions: spec.directions() as u32,
        hidden: spec.hidden as u32,
        hidden_quads: quads as u32,
        inputs: inputs as u32,
        input_quads: input_quads as u32,
        input_features: spec.layer_input(layer) as u32,
        outputs: spec.outputs() as u32,
        has_head: u32::from(spec.head.is_some()),
        layer_below: layer.checked_sub(1).map_or(NO_LAYER, |below| below as u32),
        packed_stride: (at_head + head) as u32,
        at_hidden_t: at_hidden_t as u32,
        at_bias: at_bias as u32,
        at_input_w: at_input_w as u32,
        at_input_t: at_input_t as u32,
        at_head: at_head as u32,
        parameters: layout.len() as u32,
        param_stride: (ranges.bias_hh.end - ranges.weight_ih.start) as u32,
        at_weight_ih: ranges.weight_ih.start as u32,
        at_weight_hh: ranges.weight_hh.start as u32,
        at_bias_ih: ranges.bias_ih.start as u32,
        at_bias_hh: ranges.bias_hh.start as u32,
        at_head_weight: layout.head_weight().start as u32,
        at_head_bias: layout.head_bias().start as u32,
        ..Default::default()
    }
}
