//! The states of a plan: written, read, cleared and handed on.

use super::prepared::Plan;
use crate::engine::gpu::device::{Array, Gpu};
use crate::engine::gpu::kernels::BufferId;
use crate::error::Result;
use crate::model::Spec;
use std::ops::Range;
use wgpu::CommandEncoder;

impl Plan {
    /// f32s of one state vector at one time: [B, D, HQ * 4].
    pub fn vector_len(&self) -> usize {
        let spec = &self.description.purpose.spec;
        self.description.rows * spec.directions() * spec.hidden.next_multiple_of(4)
    }

    /// Where vector `vector` after step `slot - 1` lies in a layer's states, in f32s.
    pub fn state_at(&self, vector: usize, slot: usize) -> usize {
        (vector * (self.description.steps + 2) + slot) * self.vector_len()
    }

    /// Writes the states [S, L*D, `rows`, H], or zeros, that the plan's sequences begin with.
    pub fn write_initial_states(&self, gpu: &Gpu, rows: usize, states: Option<&[f32]>) {
        let spec = &self.description.purpose.spec;
        for (layer, &id) in self.description.states.iter().enumerate() {
            for vector in 0..spec.facts().states {
                // Slot 0 begins the forward direction, the last slot the backward one.
                for (direction, slot) in [0, self.description.steps + 1].into_iter().enumerate().take(spec.directions())
                {
                    let mut values = vec![0f32; self.vector_len()];
                    if let Some(states) = states {
                        let block = block(spec, vector, layer, direction);
                        pad(spec, &mut values, states, block, direction, rows);
                    }
                    gpu.write(self.array(id), self.state_at(vector, slot), &values);
                }
            }
        }
    }

    /// Where the final states lie, [B, D, HQ * 4] for each block of [S, L*D].
    pub fn final_states(&self) -> Vec<(&Array, Range<usize>)> {
        self.blocks(|vector, layer, direction| {
            let slot = if direction == 0 { self.description.steps } else { 1 };
            let at = self.state_at(vector, slot);
            (self.description.states[layer], at..at + self.vector_len())
        })
    }

    /// Where the gradients of the initial states lie, likewise.
    pub fn state_gradients(&self) -> Vec<(&Array, Range<usize>)> {
        self.blocks(|vector, layer, _| {
            (self.description.d_states[layer], vector * self.vector_len()..(vector + 1) * self.vector_len())
        })
    }

    /// What `of` gives for the vector, layer and direction of each block of [S, L*D].
    fn blocks(&self, of: impl Fn(usize, usize, usize) -> (BufferId, Range<usize>)) -> Vec<(&Array, Range<usize>)> {
        let spec = &self.description.purpose.spec;
        let mut blocks = Vec::new();
        for vector in 0..spec.facts().states {
            for (layer, direction) in (0..spec.layers).flat_map(|l| (0..spec.directions()).map(move |d| (l, d))) {
                let (id, range) = of(vector, layer, direction);
                blocks.push((self.array(id), range));
            }
        }
        blocks
    }

    /// The states of `rows` rows, [S, L*D, B, H], of what lay there.
    pub fn unpad(&self, found: &[f32], rows: usize) -> Vec<f32> {
        let spec = &self.description.purpose.spec;
        let (directions, hidden, padded) = (spec.directions(), spec.hidden, spec.hidden.next_multiple_of(4));
        let mut states = Vec::with_capacity(spec.state_len() * rows);
        for (block, found) in found.chunks_exact(self.vector_len()).enumerate() {
            let own = found.chunks_exact(padded).skip(block % directions).step_by(directions);
            own.take(rows).for_each(|values| states.extend_from_slice(&values[..hidden]));
        }
        states
    }

    /// The final states of `rows` rows, [S, L*D, B, H].
    pub async fn read_final_states(&self, gpu: &Gpu, rows: usize) -> Result<Vec<f32>> {
        Ok(self.unpad(&gpu.read_ranges(&self.final_states()).await?, rows))
    }

    /// Writes the gradient of the final states [S, L*D, `rows`, H] times `scale`; an empty one stands for zeros.
    pub fn write_state_gradients(&self, gpu: &Gpu, rows: usize, d_states: &[f32], scale: f32) {
        let spec = &self.description.purpose.spec;
        for (layer, &id) in self.description.d_states.iter().enumerate() {
            let mut values = vec![0f32; spec.facts().states * self.vector_len()];
            if !d_states.is_empty() {
                for (vector, values) in values.chunks_exact_mut(self.vector_len()).enumerate() {
                    for direction in 0..spec.directions() {
                        let block = block(spec, vector, layer, direction);
                        pad(spec, values, d_states, block, direction, rows);
                    }
                }
            }
            values.iter_mut().for_each(|value| *value *= scale);
            gpu.write(self.array(id), 0, &values);
        }
    }

    /// Copies the final states to where `other` finds its initial ones; for networks of one direction and as many rows.
    pub fn hand_over(&self, other: &Plan, encoder: &mut CommandEncoder) {
        let bytes = self.vector_len() as u64 * 4;
        for (&from, &to) in self.description.states.iter().zip(&other.description.states) {
            for vector in 0..self.description.purpose.spec.facts().states {
                let [at, to_at] =
                    [self.state_at(vector, self.description.steps), other.state_at(vector, 0)].map(|at| at as u64 * 4);
                self.array(from).copy(encoder, at, other.array(to), to_at, bytes);
            }
        }
    }

    /// The states that sequences begin with become zeros.
    pub fn clear_initial_states(&self, encoder: &mut CommandEncoder) {
        for &id in &self.description.states {
            for vector in 0..self.description.purpose.spec.facts().states {
                for slot in [0, self.description.steps + 1] {
                    let (at, len) = (self.state_at(vector, slot), self.vector_len());
                    self.array(id).clear(encoder, at as u64 * 4, len as u64 * 4);
                }
            }
        }
    }
}

/// The block of [S, L*D, B, H] that a vector of a layer's states is.
fn block(spec: &Spec, vector: usize, layer: usize, direction: usize) -> usize {
    (vector * spec.layers + layer) * spec.directions() + direction
}

/// Copies block `block` of `from` [blocks, B, H] into one direction of [B, D, HQ * 4].
fn pad(spec: &Spec, into: &mut [f32], from: &[f32], block: usize, direction: usize, rows: usize) {
    let (hidden, padded) = (spec.hidden, spec.hidden.next_multiple_of(4));
    for row in 0..rows {
        let values = &from[(block * rows + row) * hidden..][..hidden];
        into[(row * spec.directions() + direction) * padded..][..hidden].copy_from_slice(values);
    }
}
