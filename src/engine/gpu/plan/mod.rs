//! The plan of one network and batch shape: buffers allocated, bind groups made, dispatches listed, once. The way of a
//! step through the kernels reads from top to bottom in `forward.rs` and `backward.rs`.

mod backward;
mod buffers;
mod data;
mod forward;
mod fused;
mod recurrent;
mod sizes;
mod states;
mod wave;

pub use buffers::LayerBuffers;
pub use data::Data;
pub use sizes::row_bytes;
pub use states::unpad;

use super::array::Array;
use super::context::Gpu;
use super::network::{Dispatch, Network};
use super::pieces::{LossKind, Tape};
use crate::error::Result;
use crate::loss::Objective;
use crate::model::Spec;
use buffers::Buffers;

/// How far a plan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Outputs and final states.
    Outputs,
    /// The gradient of every parameter too.
    Parameters,
    /// The gradient of the input too.
    Inputs,
}

/// How the batches of a plan follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batches {
    /// Each is taken at once, and begins with the states that were written, or with zeros.
    Whole,
    /// Each is taken in portions, which have the plan's rows at most: the step ends after the last of them.
    InPortions,
    /// Each is taken at once, and may begin with the states that the one before ended with.
    Carried,
}

/// What a plan is made for, beside the network's weights and its windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purpose {
    /// The network; a stream has an output at every step.
    pub spec: Spec,
    /// The most rows of a batch, or of a portion of it.
    pub batch: usize,
    pub batches: Batches,
    pub reach: Reach,
    pub loss: LossKind,
    /// Whether units are dropped between layers.
    pub dropout: bool,
}

impl Purpose {
    /// Outputs alone, of batches that are taken whole.
    pub fn outputs(spec: &Spec, batch: usize) -> Self {
        Purpose::gradients(spec, batch, Reach::Outputs, &Objective::default())
    }

    /// Whether the forward pass writes the tape.
    pub fn tape(&self) -> Tape {
        if self.reach == Reach::Outputs { Tape::Skip } else { Tape::Keep }
    }

    /// Gradients of an objective, likewise.
    pub fn gradients(spec: &Spec, batch: usize, reach: Reach, objective: &Objective) -> Self {
        let dropout = objective.dropout.p > 0.0 && spec.layers > 1;
        Purpose { spec: *spec, batch, batches: Batches::Whole, reach, loss: objective.loss.into(), dropout }
    }
}

/// What every plan of an engine binds.
pub struct Shared<'a> {
    pub gpu: &'a Gpu,
    pub network: &'a Network,
    pub data: &'a Data,
    /// Step constants.
    pub steps: &'a Array,
    /// Losses of a submission's steps.
    pub losses: &'a Array,
}

/// Buffers and dispatches of one batch shape.
#[derive(Debug)]
pub struct Plan {
    pub purpose: Purpose,
    /// Rows that the buffers hold: the batch padded to whole items of the scans.
    pub rows: usize,
    /// T.
    pub steps: usize,
    pub layers: Vec<LayerBuffers>,
    /// The outputs, [B, T or 1, O].
    pub y: Array,
    /// Bytes of inputs, states and tapes.
    pub kept: u64,
    pub forward: Vec<Dispatch>,
    /// The final states become the initial ones; for networks of one direction.
    pub carry: Vec<Dispatch>,
    /// Where there are gradients.
    pub backward: Option<Backward>,
    /// The whole training step, the update included, where a network is small enough for the fused kernels; then there is
    /// nothing in `forward` and `backward`.
    pub fused: Option<Vec<Dispatch>>,
}

/// The way back, and the gradients that it leaves beside those of the parameters.
#[derive(Debug)]
pub struct Backward {
    pub dispatches: Vec<Dispatch>,
    /// Of each layer's initial states, [S, B, D, HQ] vec4s.
    pub d_states: Vec<Array>,
    /// Of the input, [T, B, IQ] vec4s.
    pub d_x: Option<Array>,
}

impl Plan {
    /// Plans the way of batches through the network.
    pub fn new(shared: &Shared, purpose: Purpose) -> Result<Self> {
        let buffers = Buffers::new(shared, purpose)?;
        let fused = fused::training(shared, &buffers)?;
        let forward = if fused.is_some() { Vec::new() } else { forward::dispatches(shared, &buffers)? };
        let carry = if purpose.spec.bidirectional { Vec::new() } else { forward::carry(shared, &buffers)? };
        let backward = match purpose.reach {
            Reach::Parameters | Reach::Inputs if fused.is_none() => Some(backward::plan(shared, &buffers)?),
            _ => None,
        };
        let Buffers { rows, time: steps, layers, y, .. } = buffers;
        let kept = |layer: &LayerBuffers| {
            let x = if layer.dims.at_input == 0 { layer.x.size() } else { 0 };
            x + layer.states.size() + layer.tape.size()
        };
        let kept = layers.iter().map(kept).sum();
        Ok(Plan { purpose, rows, steps, layers, y, kept, forward, carry, backward, fused })
    }

    /// What a training step takes for its batch, or for each portion of it.
    pub fn gradients(&self) -> impl Iterator<Item = &Dispatch> {
        self.fused.iter().flatten().chain(self.dispatches())
    }

    /// What ends a training step: nothing is left to do where the kernels are fused.
    pub fn ending<'a>(&self, network: &'a Network, clips: bool) -> Vec<&'a Dispatch> {
        let norm = if clips { network.norm.as_slice() } else { &[] };
        match &self.fused {
            Some(_) => Vec::new(),
            None => norm.iter().chain([&network.update]).chain(&network.pack).collect(),
        }
    }

    /// Every dispatch of a step up to the parameters' gradients.
    pub fn dispatches(&self) -> impl Iterator<Item = &Dispatch> {
        self.forward.iter().chain(self.backward.iter().flat_map(|backward| &backward.dispatches))
    }
}
