//! The flat parameter block: every weight of a network in one buffer, in PyTorch's order, layout and names.

use super::{Head, Segments, Spec};
use std::ops::Range;

/// One tensor of the block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRange {
    /// PyTorch's state_dict name, such as `rnn.weight_ih_l0`.
    pub name: String,
    /// Row-major shape.
    pub shape: Vec<usize>,
    /// Its range of values in the block.
    pub range: Range<usize>,
}

/// The four tensors of one layer and direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerRanges {
    /// W_ih, [G*H, I].
    pub weight_ih: Range<usize>,
    /// W_hh, [G*H, H].
    pub weight_hh: Range<usize>,
    /// b_ih, `[G*H]`.
    pub bias_ih: Range<usize>,
    /// b_hh, `[G*H]`.
    pub bias_hh: Range<usize>,
}

/// The tensors of a network over segments, beside its layers and its head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentRanges {
    /// W of the segments' embedding, [H, w*I].
    pub embedding_weight: Range<usize>,
    /// b of the segments' embedding, `[H]`.
    pub embedding_bias: Range<usize>,
    /// The position of each segment of the horizon, [M, H].
    pub positions: Range<usize>,
    /// W_s of static features, [H, C]; empty where there are none.
    pub statics: Range<usize>,
}

/// Where each tensor of a network lies in its flat parameter block. Gradients and the optimiser's moments have the same
/// layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    tensors: Vec<NamedRange>,
    layers: Vec<LayerRanges>,
    segments: Option<SegmentRanges>,
    head_weight: Range<usize>,
    head_bias: Range<usize>,
    len: usize,
}

impl Layout {
    /// The layout of a network's block.
    pub fn new(spec: &Spec) -> Self {
        let mut tensors = Vec::new();
        let mut len = 0;
        let mut push = |name: String, shape: &[usize]| {
            let range = len..len + shape.iter().product::<usize>();
            len = range.end;
            tensors.push(NamedRange { name, shape: shape.to_vec(), range: range.clone() });
            range
        };
        let rows = spec.facts().gates * spec.hidden;
        let segments = spec.segments.map(|Segments { steps, statics, .. }| {
            let embedding_weight = push("embedding.weight".into(), &[spec.hidden, steps * spec.input]);
            let embedding_bias = push("embedding.bias".into(), &[spec.hidden]);
            let positions = push("positions.weight".into(), &[spec.positions(), spec.hidden]);
            let none = positions.end..positions.end;
            let statics = if statics == 0 { none } else { push("statics.weight".into(), &[spec.hidden, statics]) };
            SegmentRanges { embedding_weight, embedding_bias, positions, statics }
        });
        let mut layers = Vec::new();
        for layer in 0..spec.layers {
            for suffix in ["", "_reverse"].into_iter().take(spec.directions()) {
                let name = |stem: &str| format!("rnn.{stem}_l{layer}{suffix}");
                layers.push(LayerRanges {
                    weight_ih: push(name("weight_ih"), &[rows, spec.layer_input(layer)]),
                    weight_hh: push(name("weight_hh"), &[rows, spec.hidden]),
                    bias_ih: push(name("bias_ih"), &[rows]),
                    bias_hh: push(name("bias_hh"), &[rows]),
                });
            }
        }
        let (head_weight, head_bias) = match spec.head {
            Some(Head { outputs, .. }) => {
                // The head of a network over segments makes one of them.
                let outputs = spec.segments.map_or(outputs, |segments| segments.steps * segments.targets);
                (push("fc.weight".into(), &[outputs, spec.top()]), push("fc.bias".into(), &[outputs]))
            }
            None => (len..len, len..len),
        };
        Layout { tensors, layers, segments, head_weight, head_bias, len }
    }

    /// Values in the block.
    #[expect(clippy::len_without_is_empty, reason = "a network without parameters does not exist")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Every tensor, in the order of the block.
    pub fn tensors(&self) -> &[NamedRange] {
        &self.tensors
    }

    /// The tensors of layer `layer`, direction `direction`, for a network of `directions`: index `layer * D +
    /// direction`.
    pub fn layers(&self) -> &[LayerRanges] {
        &self.layers
    }

    /// The recurrent layers, as [`Spec::recurrent`] has them alone.
    pub fn recurrent(&self) -> Range<usize> {
        let (first, last) = (&self.layers[0], &self.layers[self.layers.len() - 1]);
        first.weight_ih.start..last.bias_hh.end
    }

    /// What a network over segments has beside.
    pub fn segments(&self) -> Option<&SegmentRanges> {
        self.segments.as_ref()
    }

    /// The head's weight, [O, D*H], over segments [w*F, H]; empty without a head.
    pub fn head_weight(&self) -> Range<usize> {
        self.head_weight.clone()
    }

    /// The head's bias, `[O]`, over segments `[w*F]`; empty without a head.
    pub fn head_bias(&self) -> Range<usize> {
        self.head_bias.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CellKind;

    #[test]
    fn names_and_shapes_are_pytorchs() {
        let spec = Spec { layers: 2, bidirectional: true, ..Spec::new(CellKind::Gru, 3, 5, 2) };
        let layout = Layout::new(&spec);
        let table: Vec<(&str, &[usize])> =
            layout.tensors().iter().map(|t| (t.name.as_str(), t.shape.as_slice())).collect();
        assert_eq!(table[0], ("rnn.weight_ih_l0", [15, 3].as_slice()));
        assert_eq!(table[5], ("rnn.weight_hh_l0_reverse", [15, 5].as_slice()));
        assert_eq!(table[12], ("rnn.weight_ih_l1_reverse", [15, 10].as_slice()));
        assert_eq!(table[16], ("fc.weight", [2, 10].as_slice()));
        assert_eq!(layout.len(), layout.head_bias().end);
        assert!(layout.tensors().windows(2).all(|pair| pair[0].range.end == pair[1].range.start));
    }
}
