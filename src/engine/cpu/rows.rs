//! Forward passes of a few rows, one row at a time: a tile of them would leave most of its lanes idle. Streams and
//! single sequences take this way.

use super::batch::Batch;
use super::kernel::{AlignedBuffer, MAX_OUTPUTS, PackedScan, RowProduct, RowScan, row_block};
use super::network::PackedHead;
use super::pass::SimdPass;
use crate::model::cells::Cell;
use crate::model::{CellVisitor, Layout, Readout, Spec};
use pulp::{Simd, WithSimd};
use std::marker::PhantomData;

/// The weights of a network in the order of the row kernels.
#[derive(Clone, Debug)]
pub(super) struct RowNetwork {
    spec: Spec,
    layout: Layout,
    /// Of each layer and direction, index layer*D + direction.
    scans: Vec<PackedScan>,
    head: Option<PackedHead>,
    /// H, filled up to whole vectors.
    padded: usize,
}

impl RowNetwork {
    /// A network with all weights zero, for a SIMD level with so many lanes.
    pub fn new(spec: Spec, lanes: usize) -> Self {
        let (facts, block) = (spec.facts(), |outputs: usize| row_block(outputs, lanes));
        let scans = (0..spec.layers * spec.directions())
            .map(|scan| PackedScan::new(facts, spec.layer_input(scan / spec.directions()), spec.hidden, block))
            .collect();
        let head = spec.head.map(|head| PackedHead::new(&spec, head.outputs, block(head.outputs)));
        RowNetwork { spec, layout: Layout::new(&spec), scans, head, padded: spec.hidden.next_multiple_of(lanes) }
    }

    /// Takes the parameter block.
    pub fn pack(&mut self, parameters: &[f32]) {
        for (scan, ranges) in self.scans.iter_mut().zip(self.layout.layers()) {
            scan.pack(parameters, ranges);
        }
        if let Some(head) = &mut self.head {
            head.pack(parameters, &self.layout);
        }
    }
}

/// What one row needs beside the weights.
#[derive(Debug, Default)]
pub(super) struct RowWorkspace {
    /// x of a row that is centred, [T, I].
    x: Vec<f32>,
    /// h of the layer below and of the current layer, [T, D*H].
    below: Vec<f32>,
    h: Vec<f32>,
    /// The states of all layers and directions, [L*D][S, H].
    states: Vec<AlignedBuffer>,
    /// [slots*H], and room for a block beyond.
    pre: AlignedBuffer,
    /// [O], likewise.
    sums: AlignedBuffer,
}

/// Takes one row of a batch through the network.
pub(super) struct RowForward<'a> {
    pub network: &'a RowNetwork,
    pub batch: &'a Batch<'a>,
    pub row: usize,
    pub readout: Readout,
    /// Times that go through all layers at once; all of them, where there are two directions.
    pub chunk: usize,
    pub workspace: &'a mut RowWorkspace,
    /// Outputs of the row, [read steps, O]; zeros before.
    pub y: &'a mut [f32],
}

impl WithSimd for RowForward<'_> {
    type Output = ();

    fn with_simd<S: Simd>(self, simd: S) {
        self.network.spec.cell.visit(SimdPass { simd, pass: self });
    }
}

impl<S: Simd> CellVisitor for SimdPass<S, RowForward<'_>> {
    type Output = ();

    fn visit<C: Cell>(self) {
        let SimdPass { simd, pass } = self;
        let RowForward { network, batch, row, readout, chunk, workspace, y } = pass;
        let (spec, length) = (&network.spec, batch.length(row));
        let (inputs, outputs, top) = (spec.input, spec.outputs(), spec.top());
        workspace.begin(network, batch, row);
        for first in (0..length).step_by(chunk) {
            let steps = chunk.min(length - first);
            let RowWorkspace { x, below, h, states, pre, sums } = &mut *workspace;
            let x = if batch.centered() == 0 { batch.sequence(row) } else { x };
            let x = &x[first * inputs..][..steps * inputs];
            h.resize(chunk * top, 0.0);
            below.resize(chunk * top, 0.0);
            for (scan, weights) in network.scans.iter().enumerate() {
                let (layer, direction) = (scan / spec.directions(), scan % spec.directions());
                if direction == 0 {
                    std::mem::swap(below, h);
                }
                let width = spec.layer_input(layer);
                simd.vectorize(RowScan::<C> {
                    cell: PhantomData,
                    weights,
                    input: if layer == 0 { x } else { &below[..steps * width] },
                    inputs: width,
                    hidden: spec.hidden,
                    direction,
                    out: &mut h[direction * spec.hidden..],
                    out_stride: top,
                    states: &mut states[scan],
                    pre,
                });
            }
            let (from, read) = match readout {
                Readout::Every => (0, first..first + steps),
                Readout::Last | Readout::LastStep if first + steps == length => (steps - 1, 0..1),
                Readout::Last | Readout::LastStep => continue,
            };
            if spec.bidirectional && readout == Readout::Last {
                // The reverse direction ends at time 0; all times are in one chunk.
                h.copy_within(spec.hidden..top, from * top + spec.hidden);
            }
            let h = h[from * top..].chunks_exact(top);
            for (y, h) in y[read.start * outputs..read.end * outputs].chunks_exact_mut(outputs).zip(h) {
                match &network.head {
                    None => y.copy_from_slice(h),
                    Some(head) => {
                        let (weights, bias) = (&head.forward, &head.bias);
                        simd.vectorize(RowProduct { weights, bias, input: h, sums, out: y });
                    }
                }
            }
        }
    }
}

impl RowWorkspace {
    /// Loads the states that a row begins with, and its x where it is centred.
    fn begin(&mut self, network: &RowNetwork, batch: &Batch<'_>, row: usize) {
        let (spec, facts, padded) = (&network.spec, network.spec.facts(), network.padded);
        let hidden = spec.hidden;
        if self.states.is_empty() {
            self.states = network.scans.iter().map(|_| AlignedBuffer::zeroed(facts.states * padded)).collect();
            self.pre = AlignedBuffer::zeroed(facts.slots * hidden + MAX_OUTPUTS);
            self.sums = AlignedBuffer::zeroed(spec.outputs() + MAX_OUTPUTS);
        }
        for (scan, states) in self.states.iter_mut().enumerate() {
            for (s, states) in states.chunks_exact_mut(padded).enumerate() {
                match batch.states() {
                    None => states.fill(0.0),
                    Some(given) => {
                        let first = (s * network.scans.len() + scan) * batch.rows() + row;
                        states[..hidden].copy_from_slice(&given[first * hidden..][..hidden]);
                        states[hidden..].fill(0.0);
                    }
                }
            }
        }
        if batch.centered() > 0 {
            self.x.clear();
            self.x.extend_from_slice(&batch.sequence(row)[..batch.length(row) * spec.input]);
            for feature in 0..batch.centered() {
                let base = batch.base(row, feature);
                self.x[feature..].iter_mut().step_by(spec.input).for_each(|x| *x -= base);
            }
        }
    }

    /// Copies the final states of `row` into [S, L*D, B, H].
    pub fn end(&self, network: &RowNetwork, row: usize, rows: usize, states: &mut [f32]) {
        let hidden = network.spec.hidden;
        for (scan, from) in self.states.iter().enumerate() {
            for (s, from) in from.chunks_exact(network.padded).enumerate() {
                let first = (s * network.scans.len() + scan) * rows + row;
                states[first * hidden..][..hidden].copy_from_slice(&from[..hidden]);
            }
        }
    }
}
