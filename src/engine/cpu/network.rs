//! A network as the kernels see it: its weights packed, and where everything lies in a tile.

use super::kernel::{Blocking, Geometry, Packed, PackedBack, PackedScan};
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
    /// Likewise.
    pub backs: Vec<PackedBack>,
    pub head: Option<PackedHead>,
    /// W of the head transposed: D*H outputs, O inputs.
    pub head_back: Option<Packed>,
}

/// The weights of a head.
#[derive(Clone, Debug)]
pub(super) struct PackedHead {
    /// W: O outputs, D*H inputs.
    pub forward: Packed,
    /// [O].
    pub bias: Vec<f32>,
}

impl PackedHead {
    /// Zeros, in blocks of `block` outputs.
    pub fn new(spec: &Spec, outputs: usize, block: usize) -> Self {
        PackedHead { forward: Packed::new(outputs, spec.top(), block), bias: vec![0.0; outputs] }
    }

    /// Takes the tensors of the parameter block.
    pub fn pack(&mut self, parameters: &[f32], layout: &Layout) {
        self.forward.pack(&parameters[layout.head_weight()]);
        self.bias.copy_from_slice(&parameters[layout.head_bias()]);
    }
}

impl Network {
    /// A network with all weights zero, for a SIMD level with so many registers.
    pub fn new(spec: Spec, registers: usize) -> Self {
        let facts = spec.facts();
        let blocking = Blocking::new(&facts, registers);
        let inputs = |scan: usize| spec.layer_input(scan / spec.directions());
        let scans = 0..spec.layers * spec.directions();
        let outputs = spec.head.map(|head| head.outputs);
        Network {
            spec,
            layout: Layout::new(&spec),
            facts,
            scans: scans
                .clone()
                .map(|scan| PackedScan::new(facts, inputs(scan), spec.hidden, blocking.units(spec.hidden)))
                .collect(),
            backs: scans.map(|scan| PackedBack::new(facts.gates, inputs(scan), spec.hidden, blocking)).collect(),
            head: outputs.map(|outputs| PackedHead::new(&spec, outputs, blocking.outputs(outputs))),
            head_back: outputs.map(|outputs| Packed::new(spec.top(), outputs, blocking.outputs(spec.top()))),
        }
    }

    /// Takes the parameter block. What the gradient of the network's input alone needs is taken only where `with_d_x`.
    pub fn pack(&mut self, parameters: &[f32], with_d_x: bool) {
        let directions = self.spec.directions();
        let scans = self.scans.iter_mut().zip(&mut self.backs).zip(self.layout.layers());
        for (index, ((scan, back), ranges)) in scans.enumerate() {
            scan.pack(parameters, ranges);
            back.pack(parameters, ranges, with_d_x || index >= directions);
        }
        if let (Some(head), Some(back)) = (&mut self.head, &mut self.head_back) {
            head.pack(parameters, &self.layout);
            back.pack_transposed(&parameters[self.layout.head_weight()]);
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
