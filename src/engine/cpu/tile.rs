//! The workspace of one tile of batch rows, which a thread takes through the whole network, forward and backward.

use super::kernel::{AlignedBuffer, MAX_LANES, SCRATCH, TileLengths};
use super::network::Network;
use crate::model::{Readout, Spec};

/// What the sizes of a workspace depend on, beside the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WorkspaceShape {
    /// The most time steps (T).
    pub steps: usize,
    /// The times that have an output.
    pub readout: Readout,
    /// Whether the tape of every time is kept for a backward pass.
    pub keep_tape: bool,
    /// Whether units are dropped between layers.
    pub dropout: bool,
}

impl WorkspaceShape {
    /// What a way back over sequences of `steps` steps needs.
    pub fn with_tape(spec: &Spec, steps: usize, dropout: bool) -> Self {
        WorkspaceShape { steps, readout: spec.readout(), keep_tape: true, dropout }
    }
}

/// What one tile needs beside the weights. A thread has one of these and takes one tile after the other through it.
/// Each value is one vector of lanes, one lane for each row.
#[derive(Debug)]
pub(super) struct Workspace {
    pub shape: WorkspaceShape,
    /// Lanes of a vector.
    pub lanes: usize,
    /// What the way there leaves.
    pub kept: Kept,
    /// Outputs, [read steps, O].
    pub y: AlignedBuffer,
    /// Targets, [read steps, at most O].
    pub targets: AlignedBuffer,
    /// Gradient of the outputs.
    pub d_y: AlignedBuffer,
    /// The outputs and the target of one row at one position.
    pub position: Vec<f64>,
    /// Gradient of the output of the current layer, [T, D*H].
    pub d_h: AlignedBuffer,
    /// Gradient of the output of the layer below.
    pub d_below: AlignedBuffer,
    /// Gradient of x, [T, I].
    pub d_x: AlignedBuffer,
    /// Gradient of the states of each layer and direction, [S, H].
    pub d_states: Vec<AlignedBuffer>,
    /// The part of it in rows that have ended, [S, H]: it passes through to the step before.
    pub d_ended: AlignedBuffer,
    /// Sums over all times of the deltas of the current layer and direction, [slots*H].
    pub d_bias: AlignedBuffer,
    /// The scratch memory of [`super::kernel::Outer`].
    pub scratch: AlignedBuffer,
}

/// What the way back of a tile needs of the way there.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Time steps of the pass, at most those of the workspace's shape.
    pub steps: usize,
    /// The lengths of the rows, if not all have every step.
    pub lengths: Option<TileLengths>,
    /// The batch row of each lane.
    pub rows: [u32; MAX_LANES],
    /// [T, I].
    pub x: AlignedBuffer,
    /// h of each layer, [T+2, D*H].
    pub h: Vec<AlignedBuffer>,
    /// The second state of each layer, likewise; empty where the cell has none.
    pub c: Vec<AlignedBuffer>,
    /// h after dropout, of each layer but the last, [T, D*H].
    pub dropped: Vec<AlignedBuffer>,
    /// Of each layer and direction, [T, slots*H]: the tape, then the deltas.
    pub tapes: Vec<AlignedBuffer>,
    /// The topmost h at the end of each row, [D*H], and then its gradient: only where rows end at different times, and
    /// both directions are read there.
    pub last: AlignedBuffer,
}

/// Values of each buffer of a [`Workspace`], by its name there.
struct Sizes {
    x: usize,
    states: usize,
    dropped: usize,
    tape: usize,
    last: usize,
    y: usize,
    d_y: usize,
    d_h: usize,
    d_below: usize,
    d_x: usize,
    d_states: usize,
    d_bias: usize,
    scratch: usize,
}

impl Sizes {
    /// A product that does not fit a `usize` is as large as one can be: no memory has room for it either.
    fn new(network: &Network, lanes: usize, shape: &WorkspaceShape) -> Self {
        let (spec, facts) = (&network.spec, &network.facts);
        let vectors = |times: usize, stride: usize| times.saturating_mul(stride).saturating_mul(lanes);
        let if_kept = |size: usize| if shape.keep_tape { size } else { 0 };
        let geometry = network.geometry(0, shape.steps, shape.keep_tape);
        let slots = facts.slots * spec.hidden;
        let x = vectors(shape.steps, network.x_stride());
        let d_h = if_kept(vectors(shape.steps, geometry.state_stride));
        let y = vectors(shape.readout.positions(shape.steps), spec.outputs());
        Sizes {
            x,
            states: vectors(shape.steps.saturating_add(2), geometry.state_stride),
            dropped: if shape.dropout { vectors(shape.steps, geometry.state_stride) } else { 0 },
            tape: if shape.keep_tape { vectors(shape.steps, geometry.tape_stride) } else { vectors(1, slots) },
            last: vectors(1, geometry.state_stride),
            y,
            d_y: if_kept(y),
            d_h,
            d_below: if spec.layers > 1 { d_h } else { 0 },
            d_x: if_kept(x),
            d_states: if_kept(vectors(facts.states, spec.hidden)),
            d_bias: if_kept(vectors(1, slots)),
            scratch: if_kept(SCRATCH),
        }
    }
}

impl Kept {
    pub fn new(network: &Network, lanes: usize, shape: &WorkspaceShape) -> Self {
        let sizes = Sizes::new(network, lanes, shape);
        let layers = network.spec.layers;
        Kept {
            steps: shape.steps,
            lengths: None,
            rows: [0; MAX_LANES],
            x: AlignedBuffer::zeroed(sizes.x),
            h: several(layers, sizes.states),
            c: several(layers, if network.facts.states > 1 { sizes.states } else { 0 }),
            dropped: several(layers - 1, sizes.dropped),
            tapes: several(network.scan_count(), sizes.tape),
            last: AlignedBuffer::zeroed(sizes.last),
        }
    }

    /// Bytes of it; as large as can be where they cannot be counted.
    pub fn bytes(network: &Network, lanes: usize, shape: &WorkspaceShape) -> usize {
        let sizes = Sizes::new(network, lanes, shape);
        let layers = network.spec.layers;
        let all = [
            (sizes.states, layers * network.facts.states),
            (sizes.dropped, layers - 1),
            (sizes.tape, network.scan_count()),
            (sizes.x, 1),
            (sizes.last, 1),
        ];
        let values = all.into_iter().map(|(size, count)| size.saturating_mul(count));
        values.fold(0, usize::saturating_add).saturating_mul(size_of::<f32>())
    }

    /// The steps of the row in a lane.
    pub fn length(&self, lane: usize) -> usize {
        self.lengths.map_or(self.steps, |lengths| lengths.length(lane))
    }
}

/// Buffers of one size.
fn several(count: usize, size: usize) -> Vec<AlignedBuffer> {
    (0..count).map(|_| AlignedBuffer::zeroed(size)).collect()
}

impl Workspace {
    /// Bytes of a workspace; as large as can be where they cannot be counted.
    pub fn bytes(network: &Network, lanes: usize, shape: &WorkspaceShape) -> usize {
        let sizes = Sizes::new(network, lanes, shape);
        let d_states = sizes.d_states.saturating_mul(network.scan_count() + 1);
        let own = [sizes.y, sizes.d_y, sizes.d_y, sizes.d_h, sizes.d_below, sizes.d_x, sizes.d_bias, sizes.scratch];
        let own = own.into_iter().fold(d_states, usize::saturating_add);
        own.saturating_mul(size_of::<f32>()).saturating_add(Kept::bytes(network, lanes, shape))
    }

    pub fn new(network: &Network, lanes: usize, shape: WorkspaceShape) -> Self {
        let sizes = Sizes::new(network, lanes, &shape);
        Workspace {
            shape,
            lanes,
            kept: Kept::new(network, lanes, &shape),
            y: AlignedBuffer::zeroed(sizes.y),
            targets: AlignedBuffer::zeroed(sizes.d_y),
            d_y: AlignedBuffer::zeroed(sizes.d_y),
            position: Vec::new(),
            d_h: AlignedBuffer::zeroed(sizes.d_h),
            d_below: AlignedBuffer::zeroed(sizes.d_below),
            d_x: AlignedBuffer::zeroed(sizes.d_x),
            d_states: several(network.scan_count(), sizes.d_states),
            d_ended: AlignedBuffer::zeroed(sizes.d_states),
            d_bias: AlignedBuffer::zeroed(sizes.d_bias),
            scratch: AlignedBuffer::zeroed(sizes.scratch),
        }
    }

    /// Times that have an output.
    pub fn read(&self) -> usize {
        self.shape.readout.positions(self.kept.steps)
    }

    /// How many of the first outputs of the row in a lane count.
    pub fn counted(&self, lane: usize) -> usize {
        self.shape.readout.positions(self.kept.length(lane))
    }
}
