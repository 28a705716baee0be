//! A network as the kernels see it: its weights packed, and where everything lies in a tile.

use super::kernel::{Blocking, Geometry, Packed, PackedScan};
use crate::model::cells::MAX_SLOTS;
use crate::model::{CellFacts, Layout, Spec};

/// The spec, and the weights in the order of the kernels.
#[derive(Clone, Debug)]
pub(super) struct Network {
    pub spec: Spec,
    pub layout: Layout,
    pub facts: CellFacts,
    /// Of each layer and direction, index layer*D + direction.
    pub scans: Vec<PackedScan>,
    pub head: Option<PackedHead>,
}

/// The weights of a head.
#[derive(Clone, Debug)]
pub(super) struct PackedHead {
    /// W: O outputs, D*H inputs.
    pub forward: Packed,
    /// The same transposed.
    pub back: Packed,
    /// [O].
    pub bias: Vec<f32>,
}

impl Network {
    /// A network with all weights zero, for a SIMD level with so many registers.
    pub fn new(spec: Spec, registers: usize) -> Self {
        let facts = spec.facts();
        let blocking = Blocking::new(&facts, registers);
        let scans = (0..spec.layers * spec.directions())
            .map(|scan| PackedScan::new(facts, spec.layer_input(scan / spec.directions()), spec.hidden, blocking))
            .collect();
        Network {
            spec,
            layout: Layout::new(&spec),
            facts,
            scans,
            head: spec.head.map(|head| PackedHead {
                forward: Packed::new(head.outputs, spec.top(), blocking),
                back: Packed::new(spec.top(), head.outputs, blocking),
                bias: vec![0.0; head.outputs],
            }),
        }
    }

    /// Takes the parameter block. What the gradient of the network's input alone needs is taken only where `with_d_x`.
    pub fn pack(&mut self, parameters: &[f32], with_d_x: bool) {
        let directions = self.spec.directions();
        for (index, (scan, ranges)) in self.scans.iter_mut().zip(self.layout.layers()).enumerate() {
            scan.pack(parameters, ranges, with_d_x || index >= directions);
        }
        if let Some(head) = &mut self.head {
            let weights = &parameters[self.layout.head_weight()];
            head.forward.pack(weights);
            head.back.pack_transposed(weights);
            head.bias.copy_from_slice(&parameters[self.layout.head_bias()]);
        }
    }

    /// Vectors from one time of x to the next.
    pub fn x_stride(&self) -> usize {
        self.spec.input | 1
    }

    /// Vectors from one time of the states to the next.
    pub fn state_stride(&self) -> usize {
        self.spec.top() | 1
    }

    /// Where the slots begin, in vectors, that the gates of the input weights add to.
    pub fn input_slots(&self) -> [usize; MAX_SLOTS] {
        self.facts.input_slot.map(|slot| slot * self.spec.hidden)
    }

    /// The same for the gates of the recurrent weights.
    pub fn hidden_slots(&self) -> [usize; MAX_SLOTS] {
        self.facts.hidden_slot.map(|slot| slot * self.spec.hidden)
    }

    /// Where the vectors of one layer and direction lie.
    pub fn geometry(&self, scan: usize, steps: usize, keep_tape: bool) -> Geometry {
        Geometry {
            steps,
            hidden: self.spec.hidden,
            direction: scan % self.spec.directions(),
            state_stride: self.state_stride(),
            tape_stride: if keep_tape { (self.facts.slots * self.spec.hidden) | 1 } else { 0 },
        }
    }
}
