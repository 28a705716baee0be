//! What one member needs beside its weights.

use super::share::Share;
use super::weights::own_inputs;
use crate::engine::cpu::kernel::{AlignedBuffer, MAX_LANES, scratch_of};
use crate::model::{Readout, Spec};

/// Values of the input that a product reads again for each block of its outputs: they stay in the second cache.
pub(super) const AGAIN: usize = 1 << 15;

/// Positions that go through the head at once.
pub(super) const POSITIONS: usize = MAX_LANES;

/// What the sizes of a workspace depend on, beside the network and the share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// The most rows of a pass.
    pub rows: usize,
    /// The most times of a pass.
    pub steps: usize,
    pub readout: Readout,
    /// Whether there is a way back, and whether it goes on to x.
    pub back: bool,
    pub with_d_x: bool,
    /// Whether units are dropped between layers.
    pub dropout: bool,
}

/// Rows and times are positions: time after time, row after row within it. Of a buffer that says `units`, a member has
/// its own alone.
#[derive(Debug)]
pub(super) struct Workspace {
    /// h of each layer, [T+2, B, D*H], of all members: place t + 1 is after time t; 0 and T + 1 are the initial states.
    pub h: Vec<AlignedBuffer>,
    /// The second state of each layer, [T+2, B, D*units]; empty where the cell has none.
    pub c: Vec<AlignedBuffer>,
    /// h after dropout, of each layer but the last, [T, B, D*H].
    pub dropped: Vec<AlignedBuffer>,
    /// Of each layer and direction, [T, B, slots*units]: pre-activations, the tape, then the deltas.
    pub tapes: Vec<AlignedBuffer>,
    /// The deltas of all members at one time, [B, slots*H].
    pub deltas: AlignedBuffer,
    /// What the head reads, of some positions, [.., D*H].
    pub top: AlignedBuffer,
    /// Outputs of the member's positions, [.., O].
    pub y: Vec<f32>,
    /// The loss's terms of the member's positions.
    pub terms: Vec<f64>,
    /// Gradient of the outputs of all positions, [.., O].
    pub d_y: AlignedBuffer,
    /// Gradient of the current layer's output, [T, B, D*units].
    pub d_h: AlignedBuffer,
    /// Gradient of the output of the layer below, likewise.
    pub d_below: AlignedBuffer,
    /// Gradient of what a head on the last step reads, [B, D*units].
    pub d_last: AlignedBuffer,
    /// Gradient of x, [T, B, inputs].
    pub d_x: AlignedBuffer,
    /// Gradient of the states of each layer and direction, [S, B, units].
    pub d_states: Vec<AlignedBuffer>,
    /// Sums of the deltas of the current layer and direction, [slots*units].
    pub d_bias: AlignedBuffer,
    pub scratch: AlignedBuffer,
    /// The inputs of a product, side by side.
    pub inputs: AlignedBuffer,
    /// Which rows go on at a time.
    pub active: Vec<bool>,
    /// Times of the last pass.
    pub steps: usize,
    /// How often the member has taken part in an exchange.
    pub turn: usize,
}

/// Values from one position to the next, where each has so many: positions fall on different sets of a cache.
pub(super) fn stride(values: usize) -> usize {
    if values.is_multiple_of(64) { values + 16 } else { values }
}

/// The strides of a share's buffers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strides {
    pub h: usize,
    pub c: usize,
    pub tape: usize,
}

impl Strides {
    pub fn new(spec: &Spec, share: &Share) -> Self {
        Strides {
            h: stride(spec.top()),
            c: spec.directions() * share.units.len(),
            tape: stride(spec.facts().slots * share.units.len()),
        }
    }
}

impl Workspace {
    pub fn new(spec: &Spec, share: &Share, extent: &Extent) -> Self {
        let sizes = Sizes::new(spec, share, extent);
        let several = |(count, size): (usize, usize)| (0..count).map(|_| AlignedBuffer::zeroed(size)).collect();
        Workspace {
            h: several(sizes.h),
            c: several(sizes.c),
            dropped: several(sizes.dropped),
            tapes: several(sizes.tapes),
            deltas: AlignedBuffer::zeroed(sizes.deltas),
            top: AlignedBuffer::zeroed(sizes.top),
            y: Vec::new(),
            terms: Vec::new(),
            d_y: AlignedBuffer::zeroed(sizes.d_y),
            d_h: AlignedBuffer::zeroed(sizes.d_h),
            d_below: AlignedBuffer::zeroed(sizes.d_below),
            d_last: AlignedBuffer::zeroed(sizes.d_last),
            d_x: AlignedBuffer::zeroed(sizes.d_x),
            d_states: several(sizes.d_states),
            d_bias: AlignedBuffer::zeroed(sizes.d_bias),
            scratch: AlignedBuffer::zeroed(sizes.scratch),
            inputs: AlignedBuffer::zeroed(sizes.inputs),
            active: Vec::new(),
            steps: 0,
            turn: 0,
        }
    }

    /// Bytes of a workspace; as large as can be where they cannot be counted.
    pub fn bytes(spec: &Spec, share: &Share, extent: &Extent) -> usize {
        Sizes::new(spec, share, extent).values().saturating_mul(size_of::<f32>())
    }
}

/// Values of each buffer of a [`Workspace`], by its name there; of several, how many and of each.
struct Sizes {
    h: (usize, usize),
    c: (usize, usize),
    dropped: (usize, usize),
    tapes: (usize, usize),
    deltas: usize,
    top: usize,
    d_y: usize,
    d_h: usize,
    d_below: usize,
    d_last: usize,
    d_x: usize,
    d_states: (usize, usize),
    d_bias: usize,
    scratch: usize,
    inputs: usize,
}

impl Sizes {
    fn new(spec: &Spec, share: &Share, extent: &Extent) -> Self {
        let &Extent { rows, steps, readout, back, with_d_x, dropout } = extent;
        let (facts, units, directions) = (spec.facts(), share.units.len(), spec.directions());
        let strides = Strides::new(spec, share);
        let scans = spec.layers * directions;
        let at = |steps: usize, stride: usize| steps.saturating_mul(rows).saturating_mul(stride);
        let if_back = |size: usize| if back { size } else { 0 };
        let of_layer = if_back(at(steps, directions * units));
        let d_below = if spec.layers > 1 { of_layer } else { 0 };
        // Of one time, of the positions that a projection takes, and of those of the head.
        let widest = (facts.slots * spec.hidden).max(spec.input).max(spec.top()).max(spec.outputs());
        let inputs = at(readout.positions(1), widest).max(at(readout.positions(steps), spec.outputs()));
        let again = AGAIN.max(8 * spec.input.max(spec.top())).max(POSITIONS * spec.top());
        Sizes {
            h: (spec.layers, at(steps.saturating_add(2), strides.h)),
            c: (spec.layers, if facts.states > 1 { at(steps.saturating_add(2), strides.c) } else { 0 }),
            dropped: (if dropout { spec.layers - 1 } else { 0 }, at(steps, strides.h)),
            tapes: (scans, at(steps, strides.tape)),
            deltas: if_back(at(1, facts.slots * spec.hidden)),
            top: POSITIONS * spec.top(),
            d_y: if_back(at(readout.positions(steps), spec.outputs())),
            d_h: if readout == Readout::Every { of_layer } else { d_below },
            d_below,
            d_last: if_back(at(1, directions * units)),
            d_x: if with_d_x { at(steps, own_inputs(spec, share, 0)) } else { 0 },
            d_states: (scans, if_back(at(facts.states, units))),
            d_bias: if_back(facts.slots * units),
            scratch: if_back(scratch_of(units.max(share.outputs.len()))),
            inputs: inputs.saturating_add(again),
        }
    }

    fn values(&self) -> usize {
        let several = [self.h, self.c, self.dropped, self.tapes, self.d_states];
        let once = [
            self.deltas,
            self.top,
            self.d_y,
            self.d_h,
            self.d_below,
            self.d_last,
            self.d_x,
            self.d_bias,
            self.scratch,
            self.inputs,
        ];
        let several = several.into_iter().map(|(count, size)| size.saturating_mul(count));
        several.chain(once).fold(0, usize::saturating_add)
    }
}
