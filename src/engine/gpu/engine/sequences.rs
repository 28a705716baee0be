//! Passes over sequences that are not loaded: a forward pass, or every gradient, read back to the host.

use super::core::Core;
use super::data::Data;
use crate::data::{Sequences, Windows};
use crate::engine::gpu::kernels::Step;
use crate::engine::gpu::plan::{Plan, Purpose, unpad};
use crate::engine::{Gradients, Outputs, check_sequences};
use crate::error::Result;
use crate::loss::Objective;

/// A plan over sequences given outright.
#[derive(Debug)]
pub struct Pass {
    data: Data,
    plan: Plan,
    /// What gradients on the device are to be multiplied by.
    unscale: f32,
}

impl Pass {
    /// A pass over these sequences, with its data and initial states written. The one before serves again, where it was
    /// made for such sequences.
    pub fn prepare(
        core: &Core,
        before: Option<Pass>,
        sequences: &Sequences,
        targets: Vec<f32>,
        purpose: Purpose,
        objective: &Objective,
    ) -> Result<Self> {
        let spec = *core.spec();
        check_sequences(&spec, sequences)?;
        let &Sequences { rows, steps, ref x, .. } = sequences;
        let target_len = targets.len() / rows;
        let mut windows = Windows::from_sequences(x.clone(), spec.input, steps, targets, target_len)?;
        if let Some(lengths) = &sequences.lengths {
            windows = windows.with_lengths(lengths.clone())?;
        }
        let mut pass = match before.filter(|pass| pass.fits(&windows, purpose)) {
            Some(mut pass) => {
                pass.data.replace(&core.gpu, &windows);
                pass
            }
            None => {
                let data = Data::new(&core.gpu, &windows)?;
                let plan = core.plan(&data, purpose)?;
                Pass { data, plan, unscale: 1.0 }
            }
        };
        let order: Vec<u32> = (0..rows as u32).collect();
        core.gpu.write(&pass.data.order, 0, &order);
        pass.plan.write_initial_states(&core.gpu, rows, sequences.states.as_deref());
        let lengths: Vec<usize> = (0..rows).map(|row| sequences.length(row)).collect();
        let terms = objective.loss.terms(&spec, &lengths);
        let step = Step::new(rows, 0, 0).with_objective(objective, terms, core.precision);
        core.write_steps(&[step]);
        pass.unscale = step.unscale;
        Ok(pass)
    }

    /// Whether it serves for such windows and such a purpose.
    fn fits(&self, windows: &Windows, purpose: Purpose) -> bool {
        let shape =
            |windows: &Windows| (windows.count(), windows.steps(), windows.target_len(), windows.lengths().is_some());
        shape(&self.data.windows) == shape(windows) && self.plan.description.purpose == purpose
    }

    /// Runs the plan.
    pub fn run(&self, core: &Core) {
        let mut encoder = core.encoder();
        let mut pass = encoder.begin_compute_pass(&Default::default());
        self.plan.record(&mut pass, 0, self.plan.description.gradients());
        drop(pass);
        core.gpu.queue.submit([encoder.finish()]);
    }

    /// What the forward pass left.
    pub async fn outputs(&self, core: &Core) -> Result<Outputs> {
        let (rows, time) = (self.data.windows.count(), self.data.windows.steps());
        let y = core.gpu.read(self.plan.array(self.plan.description.y), rows * core.output_len(time)).await?;
        let states = self.plan.read_final_states(&core.gpu, rows).await?;
        Ok(Outputs { y, states })
    }

    /// What the backward pass left.
    pub async fn gradients(&self, core: &Core) -> Result<Gradients> {
        let (gpu, spec) = (&core.gpu, core.spec());
        let (rows, time) = (self.data.windows.count(), self.data.windows.steps());
        let outputs = self.outputs(core).await?;
        let parameters = gpu.read(&core.network.gradients, core.network.description.layout.len()).await?;
        let description = &self.plan.description;
        let loss = gpu.read(&core.losses, description.loss_parts as usize).await?.iter().sum();

        let d_x = self.plan.array(description.d_x.expect("the purpose reaches the input"));
        let width = spec.input.next_multiple_of(4);
        let padded = gpu.read(d_x, time * description.rows * width).await?;
        let mut x = Vec::with_capacity(rows * time * spec.input);
        for row in 0..rows {
            for t in 0..time {
                x.extend_from_slice(&padded[(t * description.rows + row) * width..][..spec.input]);
            }
        }

        let vector_len = self.plan.vector_len();
        let mut states = vec![0f32; spec.state_len() * rows];
        for (layer, &d_states) in description.d_states.iter().enumerate() {
            let all = gpu.read(self.plan.array(d_states), spec.facts().states * vector_len).await?;
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
