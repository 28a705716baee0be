//! How the work of a layer is shared out: each member of a team owns some units, and all that belongs to them.

use crate::model::{Layout, Spec};
use std::ops::Range;

/// What one member owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// Hidden units, of every layer and direction.
    pub units: Range<usize>,
    /// Features of the network's input, of whose gradient it makes that part.
    pub inputs: Range<usize>,
    /// Outputs of the head, of whose weights it makes the gradient.
    pub outputs: Range<usize>,
}

impl Share {
    /// The share of each of `members`.
    pub fn all(spec: &Spec, lanes: usize, members: usize) -> Vec<Self> {
        (0..members)
            .map(|member| Share {
                units: part(spec.hidden, lanes, member, members),
                inputs: part(spec.input, lanes, member, members),
                outputs: part(spec.outputs(), 1, member, members),
            })
            .collect()
    }
}

/// One of `of` nearly equal parts of `count` things, in whole vectors.
fn part(count: usize, lanes: usize, member: usize, of: usize) -> Range<usize> {
    let vectors = count.div_ceil(lanes);
    let at = |member: usize| count.min(member * vectors / of * lanes);
    at(member)..at(member + 1)
}

/// The parts of a gradient that belong to one member.
#[derive(Debug, Default)]
pub(super) struct ShareGradient<'a> {
    /// Of each layer and direction.
    pub scans: Vec<ScanGradient<'a>>,
    /// Rows of W of the head, [.., D*H].
    pub head_weight: &'a mut [f32],
    pub head_bias: &'a mut [f32],
}

/// Of each gate, the rows of the member's units.
#[derive(Debug, Default)]
pub(super) struct ScanGradient<'a> {
    pub weight_ih: Vec<&'a mut [f32]>,
    pub weight_hh: Vec<&'a mut [f32]>,
    pub bias_ih: Vec<&'a mut [f32]>,
    pub bias_hh: Vec<&'a mut [f32]>,
}

impl<'a> ShareGradient<'a> {
    /// Divides the gradient of the parameter block between the members.
    pub fn all(spec: &Spec, layout: &Layout, shares: &[Share], gradient: &'a mut [f32]) -> Vec<Self> {
        let mut all: Vec<Self> = shares.iter().map(|_| ShareGradient::default()).collect();
        let mut rest = gradient;
        let mut take = |len: usize| rest.split_off_mut(..len).unwrap_or_default();
        let gates = spec.facts().gates;
        for scan in 0..layout.layers().len() {
            let inputs = spec.layer_input(scan / spec.directions());
            all.iter_mut().for_each(|gradient| gradient.scans.push(ScanGradient::default()));
            for (tensor, columns) in [(0, inputs), (1, spec.hidden), (2, 1), (3, 1)] {
                for _ in 0..gates {
                    for (gradient, share) in all.iter_mut().zip(shares) {
                        let ScanGradient { weight_ih, weight_hh, bias_ih, bias_hh } = &mut gradient.scans[scan];
                        let of = [weight_ih, weight_hh, bias_ih, bias_hh];
                        of[tensor].push(take(share.units.len() * columns));
                    }
                }
            }
        }
        if spec.head.is_some() {
            for (gradient, share) in all.iter_mut().zip(shares) {
                gradient.head_weight = take(share.outputs.len() * spec.top());
            }
            for (gradient, share) in all.iter_mut().zip(shares) {
                gradient.head_bias = take(share.outputs.len());
            }
        }
        all
    }

    /// Sets all of it to zero.
    pub fn clear(&mut self) {
        for ScanGradient { weight_ih, weight_hh, bias_ih, bias_hh } in &mut self.scans {
            for parts in [weight_ih, weight_hh, bias_ih, bias_hh] {
                parts.iter_mut().for_each(|part| part.fill(0.0));
            }
        }
        self.head_weight.fill(0.0);
        self.head_bias.fill(0.0);
    }
}
