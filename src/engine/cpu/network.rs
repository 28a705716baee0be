//! A network as the kernels read it: packed weights, and the layout of a tile.

use super::kernel::{Geometry, Packed, PackedBack, PackedHead, PackedScan, choose};
use super::units::Slots;
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
    /// Whether the packed weights are those of the parameters, and all of them or only those of training.
    packed: Freshness,
    /// Candidates for the number of outputs in a block.
    blocks: [usize; 4],
    /// Which values of the slots the gates of the input weights add to, in their order.
    pub input_slots: Vec<Range<usize>>,
    /// The same for the gates of the recurrent weights.
    pub hidden_slots: Vec<Range<usize>>,
}

/// How far packed weights follow the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Freshness {
    Stale,
    /// All but the weights that only the gradient of the network's input needs.
    Training,
    All,
}

impl Network {
    /// A network without weights, until [`Network::refresh`] packs them. `blocks` are the candidates for the number of
    /// outputs in a block.
    pub fn new(spec: Spec, blocks: [usize; 4]) -> Self {
        let facts = spec.facts();
        Network {
            spec,
            layout: Layout::new(&spec),
            facts,
            scans: Vec::new(),
            backs: Vec::new(),
            head: None,
            head_back: None,
            packed: Freshness::Stale,
            blocks,
            input_slots: segments(&facts.input_slot[..facts.gates], spec.hidden),
            hidden_slots: segments(&facts.hidden_slot[..facts.gates], spec.hidden),
        }
    }

    /// The parameters have changed.
    pub fn forget(&mut self) {
        self.packed = Freshness::Stale;
    }

    /// Packs the parameter block, where it has changed since. The weights that only the gradient of the network's input
    /// needs are packed where `with_d_x`.
    pub fn refresh(&mut self, parameters: &[f32], with_d_x: bool) {
        match self.packed {
            Freshness::All => return,
            Freshness::Training if !with_d_x => return,
            _ => self.packed = if with_d_x { Freshness::All } else { Freshness::Training },
        }
        let (spec, facts) = (self.spec, self.facts);
        let directions = spec.directions();
        if self.scans.is_empty() {
            let block = |outputs: usize| choose(&self.blocks, outputs);
            let inputs = |scan: usize| spec.layer_input(scan / directions);
            let scans = 0..spec.layers * directions;
            let outputs = spec.head.map(|head| head.outputs);
            self.scans = scans.clone().map(|scan| PackedScan::new(facts, inputs(scan), spec.hidden, block)).collect();
            self.backs = scans.map(|scan| PackedBack::new(facts.gates, inputs(scan), spec.hidden, block)).collect();
            self.head = outputs.map(|outputs| PackedHead::new(outputs, spec.top(), block(outputs)));
            self.head_back = outputs.map(|outputs| Packed::new(spec.top(), outputs, block(spec.top())));
        }
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

    /// Which values of the slots the gates of the weights add to.
    pub fn slots(&self) -> Slots<'_> {
        Slots { input: &self.input_slots, hidden: &self.hidden_slots }
    }

    /// How many scans there are: L*D.
    pub fn scan_count(&self) -> usize {
        self.spec.layers * self.spec.directions()
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
