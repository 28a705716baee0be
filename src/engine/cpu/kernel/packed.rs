//! Weights in the order in which the kernels read them: blocks of outputs whose sums fit the registers, and within a block
//! input by input, so that a kernel walks through them once, front to back.

use super::lines::Lines;
use crate::model::{CellFacts, LayerRanges};

/// How many sums a kernel keeps in registers at a time, for a SIMD level with so many registers.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine::cpu) struct Blocking {
    /// Candidates for the units of a block of the forward scan.
    units: &'static [usize],
    /// Candidates for the outputs of a block of a product.
    outputs: &'static [usize],
}

impl Blocking {
    /// For the cell of a network, and the registers of a SIMD level.
    pub fn new(facts: &CellFacts, registers: usize) -> Self {
        match (registers >= 32, facts.slots == 1) {
            (true, true) => Blocking { units: &[4, 16, 20, 24], outputs: &[4, 16, 20, 24] },
            (true, false) => Blocking { units: &[4, 5, 6], outputs: &[4, 16, 20, 24] },
            (false, true) => Blocking { units: &[4, 8, 10, 12], outputs: &[4, 8, 10, 12] },
            (false, false) => Blocking { units: &[2, 3], outputs: &[4, 8, 10, 12] },
        }
    }
}

impl Blocking {
    /// Units of a block for H units.
    pub fn units(&self, hidden: usize) -> usize {
        choose(self.units, hidden)
    }

    /// Outputs of a block for so many.
    pub fn outputs(&self, outputs: usize) -> usize {
        choose(self.outputs, outputs)
    }
}

/// The candidate that computes `count` outputs with the least work: each input costs a load beside the sums of a block.
pub(super) fn choose(candidates: &[usize], count: usize) -> usize {
    candidates.iter().copied().min_by_key(|&block| count.div_ceil(block) * (block + 1)).expect("there are candidates")
}

/// A matrix W [outputs, inputs] for [`super::product`]: [block][input][output of the block], the last block filled with zeros.
#[derive(Clone, Debug, Default)]
pub(in crate::engine::cpu) struct Packed {
    pub outputs: usize,
    pub inputs: usize,
    /// Outputs of a block.
    pub block: usize,
    data: Lines,
}

impl Packed {
    /// Zeros, in blocks of `block` outputs.
    pub fn new(outputs: usize, inputs: usize, block: usize) -> Self {
        Packed { outputs, inputs, block, data: Lines::zeroed(outputs.div_ceil(block) * block * inputs) }
    }

    /// The blocks, [input][output of the block].
    pub fn blocks(&self) -> impl Iterator<Item = &[f32]> {
        self.data.chunks_exact(self.block * self.inputs)
    }

    /// Takes `weights` [outputs, inputs], row-major.
    pub fn pack(&mut self, weights: &[f32]) {
        let (block, inputs) = (self.block, self.inputs);
        for (rows, packed) in weights.chunks(block * inputs).zip(self.data.chunks_exact_mut(block * inputs)) {
            for (m, row) in rows.chunks_exact(inputs).enumerate() {
                for (packed, &weight) in packed[m..].iter_mut().step_by(block).zip(row) {
                    *packed = weight;
                }
            }
        }
    }

    /// Takes the transpose of `weights` [inputs, outputs], row-major.
    pub fn pack_transposed(&mut self, weights: &[f32]) {
        let (block, outputs) = (self.block, self.outputs);
        for (b, packed) in self.data.chunks_exact_mut(block * self.inputs).enumerate() {
            let columns = b * block..outputs.min((b + 1) * block);
            for (packed, row) in packed.chunks_exact_mut(block).zip(weights.chunks_exact(outputs)) {
                packed[..columns.len()].copy_from_slice(&row[columns.clone()]);
            }
        }
    }
}

/// The weights of one layer and direction for the forward scan.
#[derive(Clone, Debug)]
pub(in crate::engine::cpu) struct PackedScan {
    /// Units of a block (U).
    pub units: usize,
    /// [block][input, then hidden][gate][unit of the block].
    forward: Lines,
    /// Sum of the biases: [block][slot][unit of the block].
    bias: Lines,
    facts: CellFacts,
    inputs: usize,
    hidden: usize,
}

impl PackedScan {
    /// Zeros, in blocks of `units` units.
    pub fn new(facts: CellFacts, inputs: usize, hidden: usize, units: usize) -> Self {
        let padded = hidden.next_multiple_of(units);
        PackedScan {
            units,
            forward: Lines::zeroed(padded * (inputs + hidden) * facts.gates),
            bias: Lines::zeroed(padded * facts.slots),
            facts,
            inputs,
            hidden,
        }
    }

    /// Biases and weights of each block.
    pub fn blocks(&self) -> impl Iterator<Item = (&[f32], &[f32])> {
        let weights = self.units * (self.inputs + self.hidden) * self.facts.gates;
        self.bias.chunks_exact(self.units * self.facts.slots).zip(self.forward.chunks_exact(weights))
    }

    /// Takes the tensors of the parameter block.
    pub fn pack(&mut self, parameters: &[f32], ranges: &LayerRanges) {
        let (units, gates, hidden) = (self.units, self.facts.gates, self.hidden);
        let weight_ih = &parameters[ranges.weight_ih.clone()];
        let weight_hh = &parameters[ranges.weight_hh.clone()];
        let block_len = units * (self.inputs + hidden) * gates;
        for row in 0..gates * hidden {
            let (gate, unit) = (row / hidden, row % hidden);
            let first = unit / units * block_len + gate * units + unit % units;
            let columns = [(weight_ih, self.inputs), (weight_hh, hidden)]
                .into_iter()
                .flat_map(|(weights, columns)| &weights[row * columns..][..columns]);
            for (packed, &weight) in self.forward[first..].iter_mut().step_by(gates * units).zip(columns) {
                *packed = weight;
            }
        }

        self.bias.fill(0.0);
        let biases = [(&ranges.bias_ih, self.facts.input_slot), (&ranges.bias_hh, self.facts.hidden_slot)];
        for (range, slots) in biases {
            for (row, bias) in parameters[range.clone()].iter().enumerate() {
                let (slot, unit) = (slots[row / hidden], row % hidden);
                self.bias[(unit / units * self.facts.slots + slot) * units + unit % units] += bias;
            }
        }
    }
}

/// The transposed weights of one layer and direction.
#[derive(Clone, Debug)]
pub(in crate::engine::cpu) struct PackedBack {
    /// W_hh: H outputs, G*H inputs.
    pub hidden: Packed,
    /// W_ih: I outputs, G*H inputs.
    pub input: Packed,
}

impl PackedBack {
    /// Zeros.
    pub fn new(gates: usize, inputs: usize, hidden: usize, blocking: Blocking) -> Self {
        PackedBack {
            hidden: Packed::new(hidden, gates * hidden, blocking.outputs(hidden)),
            input: Packed::new(inputs, gates * hidden, blocking.outputs(inputs)),
        }
    }

    /// Takes the tensors of the parameter block; W_ih only where `with_input`.
    pub fn pack(&mut self, parameters: &[f32], ranges: &LayerRanges, with_input: bool) {
        self.hidden.pack_transposed(&parameters[ranges.weight_hh.clone()]);
        if with_input {
            self.input.pack_transposed(&parameters[ranges.weight_ih.clone()]);
        }
    }
}
