//! The states of a plan: written, read, cleared and handed on.

use super::prepared::Plan;
use crate::engine::gpu::device::Gpu;
use crate::error::Result;
use crate::model::Spec;
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
        let (directions, hidden, padded) = (spec.directions(), spec.hidden, spec.hidden.next_multiple_of(4));
        for (layer, &id) in self.description.states.iter().enumerate() {
            for vector in 0..spec.facts().states {
                // Slot 0 begins the forward direction, the last slot the backward one.
                for (direction, slot) in [0, self.description.steps + 1].into_iter().enumerate().take(directions) {
                    let mut values = vec![0f32; self.vector_len()];
                    if let Some(states) = states {
                        let block = (vector * spec.layers + layer) * directions + direction;
                        let from = &states[block * rows * hidden..][..rows * hidden];
                        for (row, from) in from.chunks_exact(hidden).enumerate() {
                            values[(row * directions + direction) * padded..][..hidden].copy_from_slice(from);
                        }
                    }
                    gpu.write(self.array(id), self.state_at(vector, slot), &values);
                }
            }
        }
    }

    /// The final states of `rows` rows, [S, L*D, B, H].
    pub async fn read_final_states(&self, gpu: &Gpu, rows: usize) -> Result<Vec<f32>> {
        let spec = &self.description.purpose.spec;
        let (directions, vectors) = (spec.directions(), spec.facts().states);
        let mut states = vec![0f32; spec.state_len() * rows];
        for (layer, &id) in self.description.states.iter().enumerate() {
            let all = gpu.read(self.array(id), self.state_at(vectors, 0)).await?;
            for vector in 0..vectors {
                for (direction, slot) in [self.description.steps, 1].into_iter().enumerate().take(directions) {
                    let from = &all[self.state_at(vector, slot)..][..self.vector_len()];
                    let block = (vector * spec.layers + layer) * directions + direction;
                    unpad(spec, &mut states, block, from, direction, rows);
                }
            }
        }
        Ok(states)
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

/// Copies one direction of `from` [B, D, HQ * 4] into block `block` of [blocks, B, H].
pub fn unpad(spec: &Spec, into: &mut [f32], block: usize, from: &[f32], direction: usize, rows: usize) {
    let (hidden, padded) = (spec.hidden, spec.hidden.next_multiple_of(4));
    for row in 0..rows {
        let values = &from[(row * spec.directions() + direction) * padded..][..hidden];
        into[(block * rows + row) * hidden..][..hidden].copy_from_slice(values);
    }
}
