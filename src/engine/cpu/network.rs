//! A network as the kernels read it: packed weights, and the layout of a tile.

use super::kernel::{Geometry, Packed, PackedBack, PackedScan, choose};
use crate::model::{CellFacts, Layout, Spec};
use std::ops::Range;

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
    /// Which values of the slots the gates of the input weights add to, in their order.
    pub input_slots: Vec<Range<usize>>,
    /// The same for the gates of the recurrent weights.
    pub hidden_slots: Vec<Range<usize>>,
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
    /// A network with all weights zero. `blocks` are the candidates for the number of outputs in a block.
    pub fn new(spec: Spec, blocks: &[usize]) -> Self {
        let facts = spec.facts();
        let block = |outputs: usize| choose(blocks, outputs);
        let inputs = |scan: usize| spec.layer_input(scan / spec.directions());
        let scans = 0..spec.layers * spec.directions();
        let outputs = spec.head.map(|head| head.outputs);
        Network {
            spec,
            layout: Layout::new(&spec),
            facts,
            scans: scans.clone().map(|scan| PackedScan::new(facts, inputs(scan), spec.hidden, block)).collect(),
            backs: scans.map(|scan| PackedBack::new(facts.gates, inputs(scan), spec.hidden, block)).collect(),
            head: outputs.map(|outputs| PackedHead::new(&spec, outputs, block(outputs))),
            input_slots: segments(&facts.input_slot[..facts.gates], spec.hidden),
            hidden_slots: segments(&facts.hidden_slot[..facts.gates], spec.hidden),
            head_back: outputs.map(|outputs| Packed::new(spec.top(), outputs, block(spec.top()))),
        }
    }

    /// Packs the parameter block. The weights that only the gradient of the network's input needs are packed where
    /// `with_d_x`.
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

    /// Stride of x in time.
    pub fn x_stride(&self) -> usize {
        self.spec.input | 1
    }

    /// Stride of the states in time.
    pub fn state_stride(&self) -> usize {
        self.spec.top() | 1
    }

    /// The layout of one layer and direction.
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

/// The values of these slots, [slots*H]; slots that follow one another are one segment.
fn segments(slots: &[usize], hidden: usize) -> Vec<Range<usize>> {
    let mut segments: Vec<Range<usize>> = Vec::new();
    for slot in slots {
        let values = slot * hidden..(slot + 1) * hidden;
        match segments.last_mut() {
            Some(last) if last.end == values.start => last.end = values.end,
            _ => segments.push(values),
        }
    }
    segments
}
