//! Passes over sequences that are not loaded: a forward pass, or every gradient, read back to the host.

use super::core::Core;
use super::data::Data;
use super::spare::Spare;
use crate::data::{Sequences, Windows};
use crate::engine::gpu::device::Commands;
use crate::engine::gpu::kernels::Step;
use crate::engine::gpu::plan::{Declared, Plan, Purpose, Scheduled};
use crate::engine::{Differentiated, Gradients, OutputGradients, Outputs};
use crate::error::Result;

/// A plan over sequences given outright, and what it reads.
#[derive(Debug)]
pub struct Pass {
    data: Data,
    plan: Plan,
    /// The constants that it runs with.
    step: Step,
}

impl Pass {
    /// A pass over these sequences, with its data and initial states written; the caller has checked them. One that has
    /// ended serves again, where it was made for such sequences.
    pub fn prepare(
        core: &Core,
        spare: &mut Spare,
        sequences: &Sequences<'_>,
        targets: Vec<f32>,
        purpose: Purpose,
        step: Step,
    ) -> Result<Self> {
        let &Sequences { rows, steps, ref x, .. } = sequences;
        let target_len = targets.len() / rows;
        let mut windows = Windows::from_sequences(x.to_vec(), core.spec().input, steps, targets, target_len)?;
        if let Some(lengths) = &sequences.lengths {
            windows = windows.with_lengths(lengths.clone())?;
        }
        let pass = match spare.take(|pass| pass.fits(&windows, purpose)) {
            Some(mut pass) => {
                pass.data.replace(&core.gpu, &windows);
                Pass { step, ..pass }
            }
            None => {
                let data = Data::new(&core.gpu, &windows)?;
                let plan = core.plan(&data, purpose)?;
                Pass { data, plan, step }
            }
        };
        let order: Vec<u32> = (0..rows as u32).collect();
        core.gpu.write(&pass.data.order, 0, &order);
        pass.plan.write_initial_states(&core.gpu, rows, sequences.states.as_deref());
        Ok(pass)
    }

    /// Whether it serves for such windows and such a purpose.
    fn fits(&self, windows: &Windows, purpose: Purpose) -> bool {
        let shape =
            |windows: &Windows| (windows.count(), windows.steps(), windows.target_len(), windows.lengths().is_some());
        shape(&self.data.windows) == shape(windows) && self.plan.description.purpose == purpose
    }

    /// Bytes of what its plan allocates.
    pub fn bytes(&self) -> u64 {
        self.plan.description.buffers.allocated().map(Declared::bytes).sum()
    }

    /// Rows of its sequences.
    pub fn rows(&self) -> usize {
        self.data.windows.count()
    }

    /// Their time steps.
    pub fn steps(&self) -> usize {
        self.data.windows.steps()
    }

    /// The outputs, and where the plan goes back later, the tape for that.
    pub async fn forward(&self, core: &Core) -> Result<Outputs> {
        self.run(core, &self.plan.description.forward);
        self.outputs(core).await
    }

    /// The loss and every gradient.
    pub async fn differentiate(&self, core: &Core) -> Result<Differentiated> {
        let description = &self.plan.description;
        self.plan.write_state_gradients(&core.gpu, self.rows(), &[], 1.0);
        self.run(core, description.gradients());
        let outputs = self.outputs(core).await?;
        let loss = core.gpu.read(&core.losses, description.loss_parts as usize).await?.iter().sum();
        let (x, states) = self.input_gradients(core, true).await?;
        let parameters = core.gradients().await?;
        Ok(Differentiated { loss, outputs, gradients: Gradients { parameters, x, states } })
    }

    /// After the forward pass, the way back from these gradients of outputs and final states: those of the input, where
    /// they are asked for, and of the initial states. Those of the parameters are left on the device, added to those of
    /// the rows before, if there are.
    pub async fn backward(
        &mut self,
        core: &Core,
        d_outputs: OutputGradients<'_>,
        with_x: bool,
    ) -> Result<(Vec<f32>, Vec<f32>)> {
        let mut d_y = self.within_lengths(core, d_outputs.y);
        let given = d_y.iter().chain(d_outputs.states).filter(|gradient| gradient.is_finite());
        let largest = given.fold(0f32, |largest, gradient| largest.max(gradient.abs()));
        self.step = self.step.with_largest_gradient(largest, core.precision);
        let scale = self.step.loss_scale();
        d_y.iter_mut().for_each(|gradient| *gradient *= scale);
        let description = &self.plan.description;
        core.gpu.write(self.plan.array(description.d_y.expect("the plan goes back")), 0, &d_y);
        self.plan.write_state_gradients(&core.gpu, self.rows(), d_outputs.states, scale);
        let to_x = if with_x { &description.to_x[..] } else { &[] };
        self.run(core, description.backward.iter().chain(to_x));
        self.input_gradients(core, with_x).await
    }

    /// The gradient of the outputs, [B, T or 1, O], with zeros beyond each row's length; all zeros of an empty one.
    fn within_lengths(&self, core: &Core, d_y: &[f32]) -> Vec<f32> {
        let row_len = core.output_len(self.steps());
        let mut within = vec![0f32; self.rows() * row_len];
        let rows = within.chunks_exact_mut(row_len).zip(d_y.chunks_exact(row_len));
        for (row, (within, d_y)) in rows.enumerate() {
            let own = core.output_len(self.data.windows.length(row));
            within[..own].copy_from_slice(&d_y[..own]);
        }
        within
    }

    /// Runs these dispatches of the plan.
    fn run<'a>(&self, core: &Core, scheduled: impl IntoIterator<Item = &'a Scheduled>) {
        core.write_steps(&[self.step]);
        let mut commands = Commands::new(&core.gpu);
        self.plan.queue(&mut commands, 0, scheduled);
        commands.submit();
    }

    /// What the forward pass left.
    async fn outputs(&self, core: &Core) -> Result<Outputs> {
        let len = self.rows() * core.output_len(self.steps());
        let mut ranges = vec![(self.plan.array(self.plan.description.y), 0..len)];
        ranges.extend(self.plan.final_states());
        let mut y = core.gpu.read_ranges(&ranges).await?;
        let states = self.plan.unpad(&y.split_off(len), self.rows());
        Ok(Outputs { y, states })
    }

    /// What the way back left: the gradients of x, [B, T, I], where it went there, and of the initial states.
    async fn input_gradients(&self, core: &Core, with_x: bool) -> Result<(Vec<f32>, Vec<f32>)> {
        let (description, input) = (&self.plan.description, core.spec().input);
        let width = input.next_multiple_of(4);
        let (rows, len) = if with_x { (self.rows(), self.steps() * description.rows * width) } else { (0, 0) };
        let d_x = self.plan.array(description.d_x.expect("the purpose reaches the input"));
        let mut ranges = vec![(d_x, 0..len)];
        ranges.extend(self.plan.state_gradients());
        let mut found = core.gpu.read_ranges(&ranges).await?;
        found.iter_mut().for_each(|gradient| *gradient *= self.step.unscale);
        let (padded, states) = found.split_at(len);
        let mut x = Vec::with_capacity(rows * self.steps() * input);
        for row in 0..rows {
            for t in 0..self.steps() {
                x.extend_from_slice(&padded[(t * description.rows + row) * width..][..input]);
            }
        }
        Ok((x, self.plan.unpad(states, self.rows())))
    }
}
