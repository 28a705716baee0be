//! Passes over sequences that are not loaded: a forward pass, or every gradient, read back to the host.

use super::context::Gpu;
use super::dims::Step;
use super::plan::{Data, Plan, Purpose};
use super::run::GpuEngine;
use crate::data::{Sequences, Windows};
use crate::engine::{Gradients, Outputs};
use crate::error::Result;
use crate::model::Spec;

/// A plan over sequences given outright.
#[derive(Debug)]
pub struct Probe {
    data: Data,
    plan: Plan,
}

impl Probe {
    /// The probe of an engine for these sequences, with its data and initial states written. One that was made for such
    /// sequences before serves again.
    pub fn prepare(engine: &mut GpuEngine, sequences: &Sequences, targets: Vec<f32>, purpose: Purpose) -> Result<Self> {
        let spec = *engine.spec();
        sequences.check(&spec)?;
        let &Sequences { rows, steps, ref x, .. } = sequences;
        let target_len = targets.len() / rows;
        let mut windows = Windows::from_sequences(x.clone(), spec.input, steps, targets, target_len)?;
        if let Some(lengths) = &sequences.lengths {
            windows = windows.with_lengths(lengths.clone())?;
        }
        let probe = match engine.probe.take().filter(|probe| probe.fits(&windows, purpose)) {
            Some(mut probe) => {
                probe.data.replace(&engine.gpu, &windows);
                probe
            }
            None => {
                let data = Data::new(&engine.gpu, &windows)?;
                let plan = engine.plan(&data, purpose)?;
                Probe { data, plan }
            }
        };
        let order: Vec<u32> = (0..rows as u32).collect();
        engine.gpu.write(&probe.data.order, 0, &order);
        probe.plan.write_initial_states(&engine.gpu, &spec, rows, sequences.states.as_deref());
        engine.write_steps(&[Step::new(rows, 0, 0, engine.output_len(steps))]);
        Ok(probe)
    }

    /// Whether it serves for such windows and such a purpose.
    fn fits(&self, windows: &Windows, purpose: Purpose) -> bool {
        let shape =
            |windows: &Windows| (windows.count(), windows.steps(), windows.target_len(), windows.lengths().is_some());
        shape(&self.data.windows) == shape(windows) && self.plan.purpose == purpose
    }

    /// Runs the plan.
    pub fn run(&self, engine: &GpuEngine) {
        let mut encoder = engine.encoder();
        let mut pass = encoder.begin_compute_pass(&Default::default());
        self.plan.dispatches().for_each(|dispatch| dispatch.record(&mut pass, 0));
        drop(pass);
        engine.gpu.queue.submit([encoder.finish()]);
    }

    /// What the forward pass left.
    pub async fn outputs(&self, engine: &GpuEngine) -> Result<Outputs> {
        let (rows, time) = (self.data.windows.count(), self.data.windows.steps());
        let y = engine.gpu.read(&self.plan.y, rows * engine.output_len(time)).await?;
        let states = self.plan.read_final_states(&engine.gpu, engine.spec(), rows).await?;
        Ok(Outputs { y, states })
    }

    /// What the backward pass left.
    pub async fn gradients(&self, engine: &GpuEngine) -> Result<Gradients> {
        let (gpu, spec) = (&engine.gpu, engine.spec());
        let (rows, time) = (self.data.windows.count(), self.data.windows.steps());
        let outputs = self.outputs(engine).await?;
        let parameters = gpu.read(&engine.network.gradients, engine.network.layout.len()).await?;
        let loss = gpu.read(&engine.losses, 1).await?[0];

        let backward = self.plan.backward.as_ref().expect("the purpose has gradients");
        let d_x = backward.d_x.as_ref().expect("the purpose reaches the input");
        let width = spec.input.next_multiple_of(4);
        let padded = gpu.read(d_x, time * self.plan.rows * width).await?;
        let mut x = Vec::with_capacity(rows * time * spec.input);
        for row in 0..rows {
            for t in 0..time {
                x.extend_from_slice(&padded[(t * self.plan.rows + row) * width..][..spec.input]);
            }
        }

        let vector_len = self.plan.vector_len(spec);
        let mut states = vec![0f32; spec.state_len() * rows];
        for (layer, d_states) in backward.d_states.iter().enumerate() {
            let all = gpu.read(d_states, spec.facts().states * vector_len).await?;
            for vector in 0..spec.facts().states {
                for direction in 0..spec.directions() {
                    let block = (vector * spec.layers + layer) * spec.directions() + direction;
                    unpad(spec, &mut states, block, &all[vector * vector_len..][..vector_len], direction, rows);
                }
            }
        }
        Ok(Gradients { loss, outputs, parameters, x, states })
    }
}

impl Plan {
    /// f32s of one state vector at one time: [B, D, HQ * 4].
    fn vector_len(&self, spec: &Spec) -> usize {
        self.rows * spec.directions() * spec.hidden.next_multiple_of(4)
    }

    /// Where vector `vector` after step `slot - 1` lies in a layer's states, in f32s.
    fn state_at(&self, spec: &Spec, vector: usize, slot: usize) -> usize {
        (vector * (self.steps + 2) + slot) * self.vector_len(spec)
    }

    /// Writes the states [S, L*D, `rows`, H], or zeros, that the plan's sequences begin with.
    pub fn write_initial_states(&self, gpu: &Gpu, spec: &Spec, rows: usize, states: Option<&[f32]>) {
        let (directions, hidden, padded) = (spec.directions(), spec.hidden, spec.hidden.next_multiple_of(4));
        for (layer, buffers) in self.layers.iter().enumerate() {
            for vector in 0..spec.facts().states {
                // Slot 0 begins the forward direction, the last slot the backward one.
                for (direction, slot) in [0, self.steps + 1].into_iter().enumerate().take(directions) {
                    let mut values = vec![0f32; self.vector_len(spec)];
                    if let Some(states) = states {
                        let block = (vector * spec.layers + layer) * directions + direction;
                        let from = &states[block * rows * hidden..][..rows * hidden];
                        for (row, from) in from.chunks_exact(hidden).enumerate() {
                            values[(row * directions + direction) * padded..][..hidden].copy_from_slice(from);
                        }
                    }
                    gpu.write(&buffers.states, self.state_at(spec, vector, slot), &values);
                }
            }
        }
    }

    /// The final states of `rows` rows, [S, L*D, B, H].
    pub async fn read_final_states(&self, gpu: &Gpu, spec: &Spec, rows: usize) -> Result<Vec<f32>> {
        let (directions, vectors) = (spec.directions(), spec.facts().states);
        let mut states = vec![0f32; spec.state_len() * rows];
        for (layer, buffers) in self.layers.iter().enumerate() {
            let all = gpu.read(&buffers.states, self.state_at(spec, vectors, 0)).await?;
            for vector in 0..vectors {
                for (direction, slot) in [self.steps, 1].into_iter().enumerate().take(directions) {
                    let from = &all[self.state_at(spec, vector, slot)..][..self.vector_len(spec)];
                    let block = (vector * spec.layers + layer) * directions + direction;
                    unpad(spec, &mut states, block, from, direction, rows);
                }
            }
        }
        Ok(states)
    }
}

/// Copies one direction of `from` [B, D, HQ * 4] into block `block` of [blocks, B, H].
fn unpad(spec: &Spec, into: &mut [f32], block: usize, from: &[f32], direction: usize, rows: usize) {
    let (hidden, padded) = (spec.hidden, spec.hidden.next_multiple_of(4));
    for row in 0..rows {
        let values = &from[(row * spec.directions() + direction) * padded..][..hidden];
        into[(block * rows + row) * hidden..][..hidden].copy_from_slice(values);
    }
}
