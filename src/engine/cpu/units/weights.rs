//! The weights of one member's share, in the order in which its kernels read them.

use super::share::Share;
use crate::engine::cpu::Level;
use crate::engine::cpu::kernel::{AlignedBuffer, MAX_BLOCK, Packed, block_of};
use crate::model::{Layout, Spec};
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// A product whose outputs are some slots of the member's units.
#[derive(Debug)]
pub(super) struct SlotProduct {
    /// The slots.
    pub slots: Range<usize>,
    /// The gates that add to them.
    gates: Range<usize>,
    pub weights: Packed,
}

/// The weights of one layer and direction.
#[derive(Debug)]
pub(super) struct ScanWeights {
    /// What the pre-activations of each slot begin with, [slots*units], and room for a block beyond.
    pub bias: AlignedBuffer,
    /// W_ih.
    pub input: Vec<SlotProduct>,
    /// W_hh.
    pub hidden: Vec<SlotProduct>,
    /// W_hh transposed, of which the member's units are the outputs: [units], from [G*H].
    pub hidden_back: Packed,
    /// W_ih transposed, of which the member's part of the layer's input are the outputs.
    pub input_back: Packed,
}

/// The weights of a share.
#[derive(Debug)]
pub(super) struct ShareWeights {
    /// Whether there is a way back.
    back: bool,
    pub scans: Vec<ScanWeights>,
    /// W of the head transposed: the member's units of each direction, from [O].
    pub head_back: Option<Packed>,
}

/// How many outputs of a product are computed at once, by the number of outputs and of rows.
#[derive(Clone, Copy)]
pub(super) struct Blocks(pub Level);

impl Blocks {
    pub fn of(self, outputs: usize, rows: usize) -> usize {
        struct Of(usize, usize);
        impl WithSimd for Of {
            type Output = usize;
            fn with_simd<S: Simd>(self, _: S) -> usize {
                block_of::<S>(self.0, self.1)
            }
        }
        self.0.dispatch(Of(outputs, rows))
    }
}

/// Rows that a product over all times takes: as many as a block may have.
pub(super) const MANY: usize = 64;

impl ShareWeights {
    /// Zeros, for passes over `rows` rows; those of the way back only where `back`.
    pub fn new(spec: &Spec, share: &Share, blocks: Blocks, rows: usize, back: bool) -> Self {
        let (facts, units) = (spec.facts(), share.units.len());
        let scans = (0..spec.layers * spec.directions()).map(|scan| {
            let layer = scan / spec.directions();
            let inputs = spec.layer_input(layer);
            let products = |slots: &[usize], inputs: usize, rows: usize| {
                runs(&slots[..facts.gates])
                    .into_iter()
                    .map(|(slots, gates)| {
                        let outputs = slots.len() * units;
                        let weights = Packed::new(outputs, inputs, blocks.of(outputs, rows));
                        SlotProduct { slots, gates, weights }
                    })
                    .collect()
            };
            let packed = |outputs: usize, inputs: usize| {
                let outputs = if back { outputs } else { 0 };
                Packed::new(outputs, inputs, blocks.of(outputs.max(1), rows))
            };
            ScanWeights {
                bias: AlignedBuffer::zeroed(facts.slots * units + MAX_BLOCK),
                input: products(&facts.input_slot, inputs, MANY),
                hidden: products(&facts.hidden_slot, spec.hidden, rows),
                hidden_back: packed(units, facts.gates * spec.hidden),
                input_back: packed(own_inputs(spec, share, layer), facts.gates * spec.hidden),
            }
        });
        let head_back = spec.head.filter(|_| back).map(|head| {
            let outputs = spec.directions() * units;
            Packed::new(outputs, head.outputs, blocks.of(outputs, MANY))
        });
        ShareWeights { back, scans: scans.collect(), head_back }
    }

    /// Takes the parameter block; the transposed weights only where a pass goes back, and those that only the gradient
    /// of x needs where `with_d_x`.
    pub fn pack(&mut self, spec: &Spec, layout: &Layout, share: &Share, parameters: &[f32], with_d_x: bool) {
        let (facts, hidden, units) = (spec.facts(), spec.hidden, &share.units);
        for (scan, (weights, ranges)) in self.scans.iter_mut().zip(layout.layers()).enumerate() {
            let layer = scan / spec.directions();
            let inputs = spec.layer_input(layer);
            weights.bias.fill(0.0);
            let (weight_ih, weight_hh) = (&parameters[ranges.weight_ih.clone()], &parameters[ranges.weight_hh.clone()]);
            for (products, matrix, columns, bias, slots) in [
                (&mut weights.input, weight_ih, inputs, &ranges.bias_ih, &facts.input_slot),
                (&mut weights.hidden, weight_hh, hidden, &ranges.bias_hh, &facts.hidden_slot),
            ] {
                for product in products {
                    for (n, gate) in product.gates.clone().enumerate() {
                        let rows = &matrix[(gate * hidden + units.start) * columns..][..units.len() * columns];
                        product.weights.pack_rows(rows, columns, n * units.len(), 0);
                    }
                }
                for (gate, slot) in slots[..facts.gates].iter().enumerate() {
                    let bias = &parameters[bias.clone()][gate * hidden..][units.clone()];
                    let sums = weights.bias[slot * units.len()..].iter_mut();
                    sums.zip(bias).for_each(|(sum, bias)| *sum += bias);
                }
            }
            if !self.back {
                continue;
            }
            weights.hidden_back.pack_columns(weight_hh, hidden, units.clone(), 0);
            if layer > 0 {
                for direction in 0..spec.directions() {
                    let columns = direction * hidden + units.start..direction * hidden + units.end;
                    weights.input_back.pack_columns(weight_ih, inputs, columns, direction * units.len());
                }
            } else if with_d_x {
                weights.input_back.pack_columns(weight_ih, inputs, share.inputs.clone(), 0);
            }
        }
        if let Some(head_back) = &mut self.head_back {
            let weight = &parameters[layout.head_weight()];
            for direction in 0..spec.directions() {
                let columns = direction * hidden + units.start..direction * hidden + units.end;
                head_back.pack_columns(weight, spec.top(), columns, direction * units.len());
            }
        }
    }
}

/// How many features of a layer's input a member makes the gradient of.
pub(super) fn own_inputs(spec: &Spec, share: &Share, layer: usize) -> usize {
    if layer == 0 { share.inputs.len() } else { spec.directions() * share.units.len() }
}

/// Runs of slots that follow one another, each with its gates.
fn runs(slots: &[usize]) -> Vec<(Range<usize>, Range<usize>)> {
    let mut runs: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for (gate, &slot) in slots.iter().enumerate() {
        match runs.last_mut() {
            Some((slots, gates)) if slots.end == slot => (slots.end, gates.end) = (slot + 1, gate + 1),
            _ => runs.push((slot..slot + 1, gate..gate + 1)),
        }
    }
    runs
}
