//! The batch-independent half of a network on a device: parameters, gradients, moments, packed weights.

use crate::engine::gpu::device::{Array, Commands, Gpu};
use crate::engine::gpu::plan::{Given, NetworkDescription, Prepared, prepare_all};
use crate::engine::gpu::tuning::Tuning;
use crate::error::Result;
use crate::model::Spec;

/// A network on a device.
#[derive(Debug)]
pub struct Network {
    /// What it consists of.
    pub description: NetworkDescription,
    pub parameters: Array,
    pub gradients: Array,
    pub moments: [Array; 2],
    norms: Array,
    /// Packed weights of each layer.
    packed: Vec<Array>,
    /// The one that they are parts of, where they lie in one.
    packed_layers: Option<Array>,
    /// The optimiser over the whole block, then the packing of each layer's weights.
    update: Vec<Prepared>,
}

impl Network {
    /// Allocates a network; its parameters are not set. `steps` is the uniform buffer of the constants of a
    /// submission's steps.
    pub fn new(gpu: &Gpu, tuning: &Tuning, spec: &Spec, steps: &Array) -> Result<Self> {
        let description = NetworkDescription::new(tuning, spec);
        let block = |label: &str| gpu.values::<f32>(label, description.layout.len());
        let quad = description.specialization.storage.quad_bytes();
        let bytes = |quads: usize| (quads * quad) as u64;
        let quads_of = |layer: usize| {
            let dims = &description.layers[layer];
            (dims.directions * dims.packed_stride) as usize
        };
        let (packed, packed_layers) = match description.packed_stride {
            None => {
                let packed = (0..spec.layers).map(|layer| gpu.storage("packed", bytes(quads_of(layer))));
                (packed.collect::<Result<_>>()?, None)
            }
            Some(stride) => {
                let whole = gpu.storage("packed", bytes(spec.layers * stride))?;
                let part = |layer| whole.part(bytes(layer * stride), bytes(quads_of(layer)));
                ((0..spec.layers).map(part).collect(), Some(whole))
            }
        };
        let mut network = Network {
            parameters: block("parameters")?,
            gradients: block("gradients")?,
            moments: [block("moment1")?, block("moment2")?],
            norms: gpu.values::<f32>("norms", description.norm_parts as usize)?,
            packed,
            packed_layers,
            update: Vec::new(),
            description,
        };
        let given = |what| if what == Given::Steps { steps.clone() } else { network.given(what) };
        let mut buffers = network.description.buffers.clone();
        buffers.note_used(&network.description.update);
        let (_, update) = prepare_all(gpu, &buffers, &network.description.update, &given)?;
        network.update = update;
        Ok(network)
    }

    /// One of its arrays.
    pub fn given(&self, what: Given) -> Array {
        let array = match what {
            Given::Parameters => &self.parameters,
            Given::Gradients => &self.gradients,
            Given::Moment1 => &self.moments[0],
            Given::Moment2 => &self.moments[1],
            Given::Norms => &self.norms,
            Given::Packed(layer) => &self.packed[layer],
            Given::PackedLayers => self.packed_layers.as_ref().expect("a wavefront's weights lie in one buffer"),
            Given::Series | Given::Windows | Given::Order | Given::Targets | Given::Steps | Given::Losses => {
                unreachable!("{what:?} is not the network's")
            }
        };
        array.clone()
    }

    /// What ends a training step: the optimiser, and the weights packed anew.
    pub fn update(&self) -> &[Prepared] {
        &self.update
    }

    /// Replaces the parameters, sets the moments to zero, and packs the weights.
    pub fn set(&self, gpu: &Gpu, parameters: &[f32]) {
        gpu.write(&self.parameters, 0, parameters);
        let mut commands = Commands::new(gpu);
        for moment in &self.moments {
            moment.clear(commands.encoder(), 0, self.description.layout.len() as u64 * 4);
        }
        self.update[1..].iter().for_each(|pack| pack.queue(&mut commands, 0, 0));
        commands.submit();
    }
}
