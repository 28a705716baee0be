//! Training steps and predictions on loaded windows, queued many to a submission.

use super::data::Data;
use super::gpu_engine::{GpuEngine, SUBMISSION, Waiting};
use crate::engine::gpu::kernels::Step;
use crate::engine::gpu::plan::{Batches, Purpose, Reach, micro_batch};
use crate::engine::Steps;
use crate::error::{Error, Result};
use wgpu::Buffer;

/// Micro-batches of one submission: each is as much work as many small steps.
const MICRO_BATCHES: usize = 8;

/// What helps where a batch is taken in micro-batches, and not even four rows fit.
const REMEDY: &str = "take fewer time steps or a smaller hidden size, or `--device cpu`";

/// What helps where states are carried.
const CARRIED_REMEDY: &str =
    "take a smaller batch, since one whose states are carried is taken whole, or `--device cpu`";

/// The rows of a step's batch that are taken at a time.
struct MicroBatch {
    /// The step, counted from 0.
    step: usize,
    /// Their constants, but for their place in the submission.
    constants: Step,
    /// Whether it is the last of its batch.
    ends: bool,
}

impl GpuEngine {
    /// The purpose of batches like these, taken in micro-batches where they are too large for the adapter.
    fn in_micro_batches(&self, data: &Data, purpose: Purpose) -> Purpose {
        micro_batch(&self.tuning, &self.network.description, purpose, data.shape())
    }

    /// Queues training steps; the buffers of their losses join `waiting`.
    pub(super) fn queue_steps(&mut self, data: &mut Data, steps: &Steps) -> Result<()> {
        steps.check(self.spec(), &data.windows)?;
        let rows = steps.batch.min(steps.ids.len());
        if data.make_room(&self.gpu, rows)? {
            self.training = None;
            self.inference = None;
        }
        let whole = Purpose::gradients(self.spec(), rows, Reach::Parameters, steps.objective.dropout.p.into());
        let (purpose, remedy) = match steps.carry {
            true => (Purpose { batches: Batches::Carried, ..whole }, CARRIED_REMEDY),
            false => (self.in_micro_batches(data, whole), REMEDY),
        };
        if self.training.as_ref().is_none_or(|plan| plan.description.purpose != purpose) {
            self.training = None;
            self.training = Some(self.plan(data, purpose).map_err(|error| error.with_remedy(remedy))?);
        }
        let spec = *self.spec();
        let precision = self.precision;
        // Of step k from `first` in the order.
        let constants = |k: usize, first: usize, batch: &[u32]| {
            let lengths: Vec<usize> = batch.iter().map(|&id| data.windows.length(id as usize)).collect();
            let terms = steps.objective.loss.terms(&spec, &lengths);
            Step::new(batch.len(), first, 0)
                .with_objective(&steps.objective(k), terms, precision)
                .with_update(steps.update(k), steps.clip)
        };
        let most = if purpose.batches == Batches::Micro { MICRO_BATCHES } else { SUBMISSION };
        // One upload of the order serves all submissions: longer than there is room for, it goes in pieces.
        let piece = (data.room / steps.batch).max(1) * steps.batch;
        let mut taken = 0;
        for ids in steps.ids.chunks(piece) {
            self.gpu.write(&data.order, 0, ids);
            let batches = ids.chunks(steps.batch).enumerate();
            let mut micro_batches = batches
                .flat_map(|(k, batch)| {
                    let (step, rows) = (taken + k, batch.len());
                    let of_batch = constants(step, k * steps.batch, batch);
                    (0..rows).step_by(purpose.batch).map(move |before| {
                        let own = purpose.batch.min(rows - before);
                        MicroBatch { step, constants: of_batch.micro_batch(before, own), ends: before + own == rows }
                    })
                })
                .peekable();
            while micro_batches.peek().is_some() {
                let queued: Vec<MicroBatch> = micro_batches.by_ref().take(most).collect();
                self.submit(steps, &queued)?;
            }
            taken += ids.len().div_ceil(steps.batch);
        }
        self.gpu.check()
    }

    /// Submits micro-batches; the buffer of their losses joins `waiting`.
    fn submit(&mut self, steps: &Steps, micro_batches: &[MicroBatch]) -> Result<()> {
        let plan = self.training.as_ref().expect("there is a plan where there are micro-batches");
        let placed = micro_batches.iter().zip(0..).map(|(batch, place)| Step { place, ..batch.constants });
        self.write_steps(&placed.collect::<Vec<_>>());
        let mut encoder = self.encoder();
        if steps.carry && micro_batches[0].step == 0 {
            plan.clear_initial_states(&mut encoder);
        }
        let mut pass = encoder.begin_compute_pass(&Default::default());
        let is_fused = plan.description.training.is_some();
        for (place, batch) in micro_batches.iter().enumerate() {
            if steps.carry && batch.step > 0 {
                plan.record(&mut pass, place, &plan.description.carry);
            }
            plan.record(&mut pass, place, plan.description.gradients());
            if batch.ends && !is_fused {
                self.network.update().iter().for_each(|dispatch| dispatch.record(&mut pass, place, 0));
            }
        }
        drop(pass);
        let parts = plan.description.loss_parts as usize;
        let staging = self.gpu.staging(micro_batches.len() * parts)?;
        self.losses.copy_out(&mut encoder, 0, &staging, 0, (micro_batches.len() * parts * 4) as u64);
        self.gpu.queue.submit([encoder.finish()]);
        let begins = micro_batches.iter().map(|batch| batch.constants.before == 0).collect();
        self.waiting.push(Waiting { staging, begins, parts });
        Ok(())
    }

    /// Queues forward passes over the windows `ids`; their outputs arrive in the staging buffers returned, of so many values each.
    pub(super) fn queue_predictions(&mut self, data: &Data, ids: &[u32], batch: usize) -> Result<Vec<(Buffer, usize)>> {
        if batch == 0 {
            return Err(Error::config("batch", batch, "at least 1"));
        }
        data.windows.check_ids(ids)?;
        let rows = batch.min(ids.len()).min(data.room);
        let purpose = self.in_micro_batches(data, Purpose::outputs(self.spec(), rows));
        if self.inference.as_ref().is_none_or(|plan| plan.description.purpose != purpose) {
            self.inference = None;
            self.inference = Some(self.plan(data, purpose).map_err(|error| error.with_remedy(REMEDY))?);
        }
        let plan = self.inference.as_ref().expect("it was just made");
        let (rows, row_len) = (purpose.batch, self.output_len(data.windows.steps()));
        let most = if purpose.batches == Batches::Micro { MICRO_BATCHES } else { SUBMISSION };
        let piece = (data.room / rows).min(most) * rows;
        // As many batches as a buffer holds the outputs of.
        let held = self.gpu.capabilities.largest_buffer as usize / (row_len * 4);
        let mut stagings = Vec::new();
        for ids in ids.chunks((held / rows).max(1) * rows) {
            let staging = self.gpu.staging(ids.len() * row_len)?;
            for (n, ids) in ids.chunks(piece).enumerate() {
                self.gpu.write(&data.order, 0, ids);
                let batches = || ids.chunks(rows).enumerate();
                self.write_steps(&batches().map(|(k, ids)| Step::new(ids.len(), k * rows, 0)).collect::<Vec<_>>());
                let mut encoder = self.encoder();
                for (k, ids) in batches() {
                    let mut pass = encoder.begin_compute_pass(&Default::default());
                    plan.record(&mut pass, k, &plan.description.forward);
                    drop(pass);
                    let at = ((n * piece + k * rows) * row_len * 4) as u64;
                    plan.array(plan.description.y).copy_out(&mut encoder, 0, &staging, at, (ids.len() * row_len * 4) as u64);
                }
                self.gpu.queue.submit([encoder.finish()]);
            }
            stagings.push((staging, ids.len() * row_len));
        }
        self.gpu.check()?;
        Ok(stagings)
    }
}
