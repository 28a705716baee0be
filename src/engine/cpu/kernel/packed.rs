//! Weights in the order in which the kernels read them: blocks of outputs whose sums fit the registers, and within a
//! block input by input, so that a kernel walks through them once, front to back.

use super::aligned::AlignedBuffer;
use crate::model::{CellFacts, LayerRanges, Layout};
use std::ops::Range;

/// A matrix W [outputs, inputs] for [`super::product`]: [block][input][output of the block], the last block filled with
/// zeros.
#[derive(Clone, Debug, Default)]
pub(in crate::engine::cpu) struct Packed {
    pub outputs: usize,
    pub inputs: usize,
    /// Outputs of a block.
    pub block: usize,
    data: AlignedBuffer,
}

impl Packed {
    /// Zeros, in blocks of `block` outputs.
    pub fn new(outputs: usize, inputs: usize, block: usize) -> Self {
        Packed { outputs, inputs, block, data: AlignedBuffer::zeroed(outputs.div_ceil(block) * block * inputs) }
    }

    /// The blocks, [input][output of the block].
    pub fn blocks(&self) -> impl Iterator<Item = &[f32]> {
        self.data.chunks_exact(self.block * self.inputs)
    }

    /// Takes `weights` [outputs, inputs], row-major.
    pub fn pack(&mut self, weights: &[f32]) {
        self.pack_rows(weights, self.inputs, 0, 0);
    }

    /// Takes `weights` [.., columns], row-major, for the outputs from `output` and the inputs from `input` on.
    pub fn pack_rows(&mut self, weights: &[f32], columns: usize, output: usize, input: usize) {
        /// Inputs that are written at a time: what they fill stays in the first cache from one output to the next.
        const AT_A_TIME: usize = 16;
        let (block, len) = (self.block, self.block * self.inputs);
        let (mut output, mut weights) = (output, weights);
        while !weights.is_empty() {
            let count = (block - output % block).min(weights.len() / columns);
            let (rows, rest) = weights.split_at(count * columns);
            let packed = &mut self.data[output / block * len + input * block + output % block..];
            for first in (0..columns).step_by(AT_A_TIME) {
                for (m, row) in rows.chunks_exact(columns).enumerate() {
                    let row = &row[first..columns.min(first + AT_A_TIME)];
                    let packed = packed[first * block + m..].iter_mut().step_by(block);
                    packed.zip(row).for_each(|(packed, &weight)| *packed = weight);
                }
            }
            (output, weights) = (output + count, rest);
        }
    }

    /// Takes some columns of `weights` [inputs, columns], row-major, for the outputs from `output` on.
    pub fn pack_columns(&mut self, weights: &[f32], columns: usize, of: Range<usize>, output: usize) {
        let (block, len) = (self.block, self.block * self.inputs);
        let mut column = of.start;
        while column < of.end {
            let m = output + column - of.start;
            let count = (block - m % block).min(of.end - column);
            let packed = self.data[m / block * len..][..len].chunks_exact_mut(block);
            for (packed, row) in packed.zip(weights.chunks_exact(columns)) {
                packed[m % block..][..count].copy_from_slice(&row[column..][..count]);
            }
            column += count;
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

/// The weights of a head.
#[derive(Clone, Debug)]
pub(in crate::engine::cpu) struct PackedHead {
    /// W: O outputs, D*H inputs.
    pub weights: Packed,
    /// [O].
    pub bias: Vec<f32>,
}

impl PackedHead {
    /// Zeros, in blocks of `block` outputs.
    pub fn new(outputs: usize, inputs: usize, block: usize) -> Self {
        PackedHead { weights: Packed::new(outputs, inputs, block), bias: vec![0.0; outputs] }
    }

    /// Takes the tensors of the parameter block.
    pub fn pack(&mut self, parameters: &[f32], layout: &Layout) {
        self.weights.pack(&parameters[layout.head_weight()]);
        self.bias.copy_from_slice(&parameters[layout.head_bias()]);
    }
}

/// Slots of a layer and direction whose pre-activations are made of the same inputs.
#[derive(Clone, Debug)]
pub(in crate::engine::cpu) struct SlotGroup {
    /// The first slot.
    pub first: usize,
    /// How many.
    count: usize,
    /// Whether x is an input, and whether h is.
    pub from_x: bool,
    pub from_h: bool,
    /// Units of all slots, from x and then h.
    pub weights: Packed,
    /// The sum of the biases, filled up to whole blocks.
    pub bias: AlignedBuffer,
}

/// The weights of one layer and direction for the forward scan.
#[derive(Clone, Debug)]
pub(in crate::engine::cpu) struct PackedScan {
    /// In the order of their slots, each slot in one group.
    pub groups: Vec<SlotGroup>,
    facts: CellFacts,
    inputs: usize,
    hidden: usize,
}

impl PackedScan {
    /// Zeros; `block` says how many outputs a block has, of so many.
    pub fn new(facts: CellFacts, inputs: usize, hidden: usize, block: impl Fn(usize) -> usize) -> Self {
        let mut groups: Vec<SlotGroup> = Vec::new();
        for slot in 0..facts.slots {
            let from = |slots: &[usize]| slots[..facts.gates].contains(&slot);
            let (from_x, from_h) = (from(&facts.input_slot), from(&facts.hidden_slot));
            match groups.last_mut() {
                Some(group) if (group.from_x, group.from_h) == (from_x, from_h) => group.count += 1,
                _ => groups.push(SlotGroup {
                    first: slot,
                    count: 1,
                    from_x,
                    from_h,
                    weights: Packed::default(),
                    bias: AlignedBuffer::default(),
                }),
            }
        }
        for group in &mut groups {
            let outputs = group.count * hidden;
            let block = block(outputs);
            let inputs = if group.from_x { inputs } else { 0 } + if group.from_h { hidden } else { 0 };
            group.weights = Packed::new(outputs, inputs, block);
            group.bias = AlignedBuffer::zeroed(outputs.next_multiple_of(block));
        }
        PackedScan { groups, facts, inputs, hidden }
    }

    /// Takes the tensors of the parameter block.
    pub fn pack(&mut self, parameters: &[f32], ranges: &LayerRanges) {
        let PackedScan { groups, facts, inputs, hidden } = self;
        let from_x = (&facts.input_slot, *inputs, &ranges.weight_ih, &ranges.bias_ih);
        let from_h = (&facts.hidden_slot, *hidden, &ranges.weight_hh, &ranges.bias_hh);
        for group in groups {
            group.bias.fill(0.0);
            for (place, slot) in (group.first..group.first + group.count).enumerate() {
                let mut column = 0;
                for (slots, columns, weights, bias) in [from_x, from_h] {
                    let Some(gate) = slots[..facts.gates].iter().position(|&of| of == slot) else { continue };
                    let (first, output) = (gate * *hidden, place * *hidden);
                    let weights = &parameters[weights.clone()][first * columns..][..*hidden * columns];
                    group.weights.pack_rows(weights, columns, output, column);
                    let bias = &parameters[bias.clone()][first..][..*hidden];
                    group.bias[output..].iter_mut().zip(bias).for_each(|(sum, bias)| *sum += bias);
                    column += columns;
                }
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
    pub fn new(gates: usize, inputs: usize, hidden: usize, block: impl Fn(usize) -> usize) -> Self {
        PackedBack {
            hidden: Packed::new(hidden, gates * hidden, block(hidden)),
            input: Packed::new(inputs, gates * hidden, block(inputs)),
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
