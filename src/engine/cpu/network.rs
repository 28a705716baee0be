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
    /// W of the head: O outputs, D*H inputs.
    pub head: Packed,
    /// The same transposed.
    pub head_back: Packed,
    /// Bias of the head, [O].
    pub head_bias: Vec<f32>,
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
            head: Packed::new(spec.outputs(), spec.top(), blocking),
            head_back: Packed::new(spec.top(), spec.outputs(), blocking),
            head_bias: vec![0.0; spec.outputs()],
        }
    }

    /// Takes the parameter block. What the gradient of the network's input alone needs is taken only where `with_d_x`.
    pub fn pack(&mut self, parameters: &[f32], with_d_x: bool) {
        let directions = self.spec.directions();
        for (index, (scan, ranges)) in self.scans.iter_mut().zip(self.layout.layers()).enumerate() {
            scan.pack(parameters, ranges, with_d_x || index >= directions);
        }
        if self.spec.head.is_some() {
            let head = &parameters[self.layout.head_weight()];
            self.head.pack(head);
            self.head_back.pack_transposed(head);
        }
        self.head_bias.copy_from_slice(&parameters[self.layout.head_bias()]);
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
