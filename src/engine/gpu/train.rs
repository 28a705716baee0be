//! Training steps and predictions on loaded windows, queued many to a submission.

use super::dims::Step;
use super::plan::{Data, Purpose, Reach};
use super::run::{GpuEngine, SUBMISSION};
use crate::engine::{self, Steps};
use crate::error::{Error, Result};
use wgpu::Buffer;

impl GpuEngine {
    /// Queues training steps; the buffers of their losses join `waiting`.
    pub(super) fn queue_steps(&mut self, data: &Data, steps: &Steps) -> Result<()> {
        steps.check(self.spec(), &data.windows)?;
        engine::refuse_options(steps, &data.windows)?;
        let rows = steps.batch.min(steps.ids.len());
        let purpose = Purpose { batch: rows, reach: Reach::Parameters };
        if self.training.as_ref().is_none_or(|plan| plan.purpose != purpose) {
            self.training = None;
            self.training = Some(self.plan(data, purpose)?);
        }
        let plan = self.training.as_ref().expect("it was just made");
        let output_len = self.output_len(data.windows.steps());
        // One upload of the order serves all submissions: longer than the set of windows, it goes in pieces.
        let piece = (data.windows.count() / steps.batch).max(1) * steps.batch;
        let mut taken = 0;
        for ids in steps.ids.chunks(piece) {
            self.gpu.write(&data.order, 0, ids);
            let batches: Vec<&[u32]> = ids.chunks(steps.batch).collect();
            for (chunk, batches) in batches.chunks(SUBMISSION).enumerate() {
                let constants: Vec<Step> = batches
                    .iter()
                    .enumerate()
                    .map(|(k, batch)| {
                        let first = (chunk * SUBMISSION + k) * steps.batch;
                        Step::new(batch.len(), first, k, output_len).with_update(steps.update(taken + k))
                    })
                    .collect();
                self.write_steps(&constants);
                taken += batches.len();

                let mut encoder = self.encoder();
                let mut pass = encoder.begin_compute_pass(&Default::default());
                let update = std::iter::once(&self.network.update).chain(&self.network.pack);
                for k in 0..batches.len() {
                    let dispatches = plan.dispatches().chain(update.clone());
                    dispatches.for_each(|dispatch| dispatch.record(&mut pass, k));
                }
                drop(pass);
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
        let purpose = Purpose { batch: rows, reach: Reach::Outputs };
        if self.inference.as_ref().is_none_or(|plan| plan.purpose != purpose) {
            self.inference = None;
            self.inference = Some(self.plan(data, purpose)?);
        }
        let plan = self.inference.as_ref().expect("it was just made");
        let output_len = self.output_len(data.windows.steps());
        let staging = self.gpu.staging(ids.len() * output_len)?;
        for (chunk, ids) in ids.chunks(batch).enumerate() {
            self.gpu.write(&data.order, 0, ids);
            self.write_steps(&[Step::new(ids.len(), 0, 0, output_len)]);
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
