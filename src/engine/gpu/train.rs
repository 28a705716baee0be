//! Training steps and predictions on loaded windows, queued many to a submission.

use super::dims::Step;
use super::plan::{Data, Purpose, Reach};
use super::run::{GpuEngine, SUBMISSION};
use crate::engine::Steps;
use crate::error::{Error, Result};
use wgpu::Buffer;

impl GpuEngine {
    /// Queues training steps; the buffers of their losses join `waiting`.
    pub(super) fn queue_steps(&mut self, data: &Data, steps: &Steps) -> Result<()> {
        steps.check(self.spec(), &data.windows)?;
        let rows = steps.batch.min(steps.ids.len());
        let purpose = Purpose::gradients(self.spec(), rows, Reach::Parameters, &steps.objective);
        if self.training.as_ref().is_none_or(|plan| plan.purpose != purpose) {
            self.training = None;
            self.training = Some(self.plan(data, purpose)?);
        }
        let plan = self.training.as_ref().expect("it was just made");
        let (spec, precision) = (*self.spec(), self.gpu.precision);
        let step_constants = |k: usize, place: usize, first: usize, batch: &[u32]| {
            let lengths: Vec<usize> = batch.iter().map(|&id| data.windows.length(id as usize)).collect();
            let terms = steps.objective.loss.terms(&spec, &lengths);
            Step::new(batch.len(), first, place)
                .with_objective(&steps.objective(k), terms, precision)
                .with_update(steps.update(k), steps.clip)
        };
        // One upload of the order serves all submissions: longer than the set of windows, it goes in pieces.
        let piece = (data.windows.count() / steps.batch).max(1) * steps.batch;
        let mut taken = 0;
        for ids in steps.ids.chunks(piece) {
            self.gpu.write(&data.order, 0, ids);
            let batches: Vec<&[u32]> = ids.chunks(steps.batch).collect();
            for (chunk, batches) in batches.chunks(SUBMISSION).enumerate() {
                let first = chunk * SUBMISSION * steps.batch;
                let constants = batches.iter().enumerate();
                let constants: Vec<Step> =
                    constants.map(|(k, batch)| step_constants(taken + k, k, first + k * steps.batch, batch)).collect();
                self.write_steps(&constants);

                let mut encoder = self.encoder();
                if steps.carry && taken == 0 {
                    plan.clear_initial_states(&mut encoder);
                }
                let mut pass = encoder.begin_compute_pass(&Default::default());
                let step = plan.training_step(&self.network, steps.clip.is_some());
                for k in 0..batches.len() {
                    let carry = if steps.carry && taken + k > 0 { plan.carry.as_slice() } else { &[] };
                    carry.iter().chain(step.iter().copied()).for_each(|dispatch| dispatch.record(&mut pass, k));
                }
                drop(pass);
                taken += batches.len();
                let staging = self.gpu.staging(batches.len())?;
                encoder.copy_buffer_to_buffer(&self.losses, 0, &staging, 0, (batches.len() * 4) as u64);
                self.gpu.queue.submit([encoder.finish()]);
                self.waiting.push((staging, batches.len()));
            }
        }
        self.gpu.check()
    }

    /// Queues forward passes over the windows `ids`; their outputs arrive in the staging buffer returned.
    pub(super) fn queue_predictions(&mut self, data: &Data, ids: &[u32], batch: usize) -> Result<Buffer> {
        if batch == 0 {
            return Err(Error::config("batch", batch, "at least 1"));
        }
        data.windows.check_ids(ids)?;
        let rows = batch.min(ids.len());
        let purpose = Purpose::outputs(self.spec(), rows);
        if self.inference.as_ref().is_none_or(|plan| plan.purpose != purpose) {
            self.inference = None;
            self.inference = Some(self.plan(data, purpose)?);
        }
        let plan = self.inference.as_ref().expect("it was just made");
        let output_len = self.output_len(data.windows.steps());
        let staging = self.gpu.staging(ids.len() * output_len)?;
        for (chunk, ids) in ids.chunks(batch).enumerate() {
            self.gpu.write(&data.order, 0, ids);
            self.write_steps(&[Step::new(ids.len(), 0, 0)]);
            let mut encoder = self.encoder();
            let mut pass = encoder.begin_compute_pass(&Default::default());
            plan.forward.iter().for_each(|dispatch| dispatch.record(&mut pass, 0));
            drop(pass);
            let at = (chunk * batch * output_len * 4) as u64;
            encoder.copy_buffer_to_buffer(&plan.y, 0, &staging, at, (ids.len() * output_len * 4) as u64);
            self.gpu.queue.submit([encoder.finish()]);
        }
        self.gpu.check()?;
        Ok(staging)
    }
}
