//! Passes over sequences that are not loaded: a forward pass, or every gradient, read back to the host.

use super::dims::Step;
use super::plan::{Data, Plan, Purpose, unpad};
use super::run::GpuEngine;
use crate::data::{Sequences, Windows};
use crate::engine::{Gradients, Outputs, check_sequences};
use crate::error::Result;
use crate::loss::Objective;

/// A plan over sequences given outright.
#[derive(Debug)]
pub struct Probe {
    data: Data,
    plan: Plan,
    /// What gradients on the device are to be multiplied by.
    unscale: f32,
}

impl Probe {
    /// The probe of an engine for these sequences, with its data and initial states written. One that was made for such
    /// sequences before serves again.
    pub fn prepare(
        engine: &mut GpuEngine,
        sequences: &Sequences,
        targets: Vec<f32>,
        purpose: Purpose,
        objective: &Objective,
    ) -> Result<Self> {
        let spec = *engine.spec();
        check_sequences(&spec, sequences)?;
        let &Sequences { rows, steps, ref x, .. } = sequences;
        let target_len = targets.len() / rows;
        let mut windows = Windows::from_sequences(x.clone(), spec.input, steps, targets, target_len)?;
        if let Some(lengths) = &sequences.lengths {
            windows = windows.with_lengths(lengths.clone())?;
        }
        let mut probe = match engine.probe.take().filter(|probe| probe.fits(&windows, purpose)) {
            Some(mut probe) => {
                probe.data.replace(&engine.gpu, &windows);
                probe
            }
            None => {
                let data = Data::new(&engine.gpu, &windows)?;
                let plan = engine.plan(&data, purpose)?;
                Probe { data, plan, unscale: 1.0 }
            }
        };
        let order: Vec<u32> = (0..rows as u32).collect();
        engine.gpu.write(&probe.data.order, 0, &order);
        probe.plan.write_initial_states(&engine.gpu, rows, sequences.states.as_deref());
        let lengths: Vec<usize> = (0..rows).map(|row| sequences.length(row)).collect();
        let terms = objective.loss.terms(&spec, &lengths);
        let step = Step::new(rows, 0, 0).with_objective(objective, terms, engine.gpu.precision);
        engine.write_steps(&[step]);
        probe.unscale = step.unscale;
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
        let states = self.plan.read_final_states(&engine.gpu, rows).await?;
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

        let vector_len = self.plan.vector_len();
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
        x.iter_mut().chain(&mut states).for_each(|gradient| *gradient *= self.unscale);
        Ok(Gradients { loss, outputs, parameters, x, states })
    }
}
