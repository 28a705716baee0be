//! A plan before it is prepared on a device.

use super::buffers::{Buffers, Declared};
use super::layers::Layers;
use super::network::NetworkDescription;
use super::purpose::Purpose;
use super::schedule::Scheduled;
use super::{DataShape, backward, forward, fused};
use crate::engine::gpu::kernels::{BufferId, Dispatch};
use crate::engine::gpu::tuning::{Method, Tuning};

/// What a plan consists of.
#[derive(Clone, Debug)]
pub struct Description {
    /// What it is made for.
    pub purpose: Purpose,
    /// Rows that the buffers hold: the batch padded to whole quads.
    pub rows: usize,
    /// Time steps (T).
    pub steps: usize,
    /// How the recurrent kernels go through time.
    pub method: Method,
    /// The steps that each layer is behind the one it waits for, where the layers go side by side.
    pub wavefront: Option<usize>,
    /// Every buffer.
    pub buffers: Buffers,
    /// Every dispatch, once.
    pub dispatches: Vec<Dispatch>,
    /// The way forward.
    pub forward: Vec<Scheduled>,
    /// The loss; empty where there are no gradients, or where the fused kernels' `training` has all.
    pub loss: Vec<Scheduled>,
    /// The way back from the gradient of the outputs, empty likewise.
    pub backward: Vec<Scheduled>,
    /// From there to the gradient of the input; empty where the plan does not reach it.
    pub to_x: Vec<Scheduled>,
    /// The whole training step, the update included, where the fused kernels take it.
    pub training: Option<Vec<Scheduled>>,
    /// The final states become the initial ones; for networks of one direction.
    pub carry: Vec<Scheduled>,
    /// The states of each layer, [S, T + 2, B, D, HQ] vec4s: slot t + 1 is the state after step t, slot 0 and slot T +
    /// 1 are the initial states of the two directions.
    pub states: Vec<BufferId>,
    /// The tape of each layer, [D, T, B, SLOTS, HQ] quads.
    pub tape: Vec<BufferId>,
    /// The staged input, [T, B, IQ] vec4s.
    pub x: BufferId,
    /// The outputs, [B, T or 1, O].
    pub y: BufferId,
    /// The gradient of the outputs, as [`Description::y`].
    pub d_y: Option<BufferId>,
    /// The gradient of each layer's states, [S, B, D, HQ] vec4s: after the way back that of the initial ones, and before
    /// it that of the final ones, where the plan reaches the inputs.
    pub d_states: Vec<BufferId>,
    /// The gradient of the input, [T, B, IQ] vec4s.
    pub d_x: Option<BufferId>,
    /// Parts that a step's loss is left in.
    pub loss_parts: u32,
}

impl Description {
    /// Describes the way of batches through a network.
    pub fn new(tuning: &Tuning, network: &NetworkDescription, purpose: Purpose, data: DataShape) -> Self {
        let mut layers = Layers::new(tuning, network, purpose, data);
        let training = fused::training(&mut layers);
        let forward = if training.is_some() { Vec::new() } else { forward::schedule(&mut layers) };
        let carry = if purpose.spec.bidirectional { Vec::new() } else { forward::carry(&mut layers) };
        let back = match purpose.keeps_tape() && training.is_none() {
            true => backward::schedule(&mut layers),
            false => backward::Backward::default(),
        };
        layers.buffers.note_used(&layers.dispatches);
        let Layers { rows, steps, method, wavefront, buffers, dispatches, x, y, states, tape, loss_parts, .. } = layers;
        Description {
            purpose,
            rows,
            steps,
            method,
            wavefront: wavefront.map(|wavefront| wavefront.dims.span as usize),
            buffers,
            dispatches,
            forward,
            loss: back.loss,
            backward: back.schedule,
            to_x: back.to_x,
            training,
            carry,
            states: states.layers,
            tape: tape.layers,
            x,
            y,
            d_y: back.d_y,
            d_states: back.d_states,
            d_x: back.d_x,
            loss_parts,
        }
    }

    /// What a training step takes for its batch, or for each micro-batch of it.
    pub fn gradients(&self) -> impl Iterator<Item = &Scheduled> {
        let way_back = self.loss.iter().chain(&self.backward).chain(&self.to_x);
        self.training.iter().flatten().chain(&self.forward).chain(way_back)
    }

    /// Bytes that the way back finds of the way forward: inputs, states and tapes.
    pub fn kept_bytes(&self) -> u64 {
        let ids = [self.x].into_iter().chain(self.states.iter().copied()).chain(self.tape.iter().copied());
        let listed = ids.map(|id| self.buffers.get(id)).filter(|declared| declared.used);
        // The inputs of the layers above the first are states, or what dropout leaves of them.
        let dropped = self.buffers.allocated().filter(|declared| declared.name == "dropped");
        listed.chain(dropped).map(Declared::bytes).sum()
    }
}
