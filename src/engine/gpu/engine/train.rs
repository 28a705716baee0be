//! Training steps on loaded windows, queued many to a submission.

use super::core::{Core, SUBMISSION};
use super::data::Data;
use crate::engine::Steps;
use crate::engine::gpu::device::Commands;
use crate::engine::gpu::kernels::Step;
use crate::engine::gpu::plan::{Batches, Plan, Purpose, Reach, micro_batch};
use crate::error::{Error, Result};
use wgpu::Buffer;

/// Micro-batches of one submission: each is as much work as many small steps.
pub const MICRO_BATCHES: usize = 8;

/// What helps where a batch is taken in micro-batches, and not even four rows fit.
pub const REMEDY: &str = "take fewer time steps or a smaller hidden size, or `Device::Cpu`";

/// What helps where states are carried.
const CARRIED_REMEDY: &str =
    "take a smaller batch, since one whose states are carried is taken whole, or `Device::Cpu`";

impl Error {
    /// The same with another remedy, where something does not fit.
    pub(super) fn with_remedy(self, other: &str) -> Self {
        match self {
            Error::Limit { what, needed, limit, unit, adapter, .. } => {
                Error::Limit { what, needed, limit, unit, adapter, remedy: other.to_owned() }
            }
            Error::OutOfMemory { adapter, what, message, .. } => {
                Error::OutOfMemory { adapter, what, message, remedy: other.to_owned() }
            }
            error => error,
        }
    }
}

/// The rows of a step's batch that are taken at a time.
struct MicroBatch {
    /// The step, counted from 0.
    step: usize,
    /// Their constants, but for their place in the submission.
    constants: Step,
    /// Whether it is the last of its batch.
    ends: bool,
}

/// The losses of a submission on their way to the host.
#[derive(Debug)]
struct Waiting {
    staging: Buffer,
    /// Of each, in order, whether a step begins with it: those of a batch's other micro-batches add to it.
    begins: Vec<bool>,
    /// The parts that each is left in.
    parts: usize,
}

/// Training steps on a device.
#[derive(Debug, Default)]
pub struct Training {
    /// The plan of the steps before, which serves again for such steps.
    pub plan: Option<Plan>,
    /// Losses on their way to the host, in order.
    waiting: Vec<Waiting>,
}

impl Training {
    /// Queues training steps; the buffers of their losses join `waiting`.
    pub fn queue(&mut self, core: &Core, data: &Data, steps: &Steps) -> Result<()> {
        let rows = steps.batch.min(steps.ids.len());
        let whole = Purpose::gradients(core.spec(), rows, Reach::Parameters, steps.objective.dropout.p.into());
        let (purpose, remedy) = match steps.carry {
            true => (Purpose { batches: Batches::Carried, ..whole }, CARRIED_REMEDY),
            false => (micro_batch(&core.tuning, &core.network.description, whole, data.shape()), REMEDY),
        };
        if self.plan.as_ref().is_none_or(|plan| plan.description.purpose != purpose) {
            self.plan = None;
            self.plan = Some(core.plan(data, purpose).map_err(|error| error.with_remedy(remedy))?);
        }
        let spec = *core.spec();
        let precision = core.precision;
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
            core.gpu.write(&data.order, 0, ids);
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
                self.submit(core, steps, &queued)?;
            }
            taken += ids.len().div_ceil(steps.batch);
        }
        core.gpu.check()
    }

    /// Submits micro-batches; the buffer of their losses joins `waiting`.
    fn submit(&mut self, core: &Core, steps: &Steps, micro_batches: &[MicroBatch]) -> Result<()> {
        let plan = self.plan.as_ref().expect("there is a plan where there are micro-batches");
        let placed = micro_batches.iter().zip(0..).map(|(batch, place)| Step { place, ..batch.constants });
        core.write_steps(&placed.collect::<Vec<_>>());
        let mut commands = Commands::new(&core.gpu);
        if steps.carry && micro_batches[0].step == 0 {
            plan.clear_initial_states(commands.encoder());
        }
        let is_fused = plan.description.training.is_some();
        for (place, batch) in micro_batches.iter().enumerate() {
            if steps.carry && batch.step > 0 {
                plan.queue(&mut commands, place, &plan.description.carry);
            }
            plan.queue(&mut commands, place, plan.description.gradients());
            if batch.ends && !is_fused {
                core.network.update().iter().for_each(|dispatch| dispatch.queue(&mut commands, place, 0));
            }
        }
        let parts = plan.description.loss_parts as usize;
        let staging = core.gpu.staging(micro_batches.len() * parts)?;
        core.losses.copy_out(commands.encoder(), 0, &staging, 0, (micro_batches.len() * parts * 4) as u64);
        commands.submit();
        let begins = micro_batches.iter().map(|batch| batch.constants.before == 0).collect();
        self.waiting.push(Waiting { staging, begins, parts });
        Ok(())
    }

    /// Waits for the queued steps; the loss of each, in order.
    pub async fn losses(&mut self, core: &Core) -> Result<Vec<f32>> {
        let mut losses: Vec<f32> = Vec::new();
        for Waiting { staging, begins, parts } in std::mem::take(&mut self.waiting) {
            let found = core.gpu.read_staging(&staging, begins.len() * parts).await?;
            for (parts, begins) in found.chunks_exact(parts).zip(begins) {
                let loss: f32 = parts.iter().sum();
                match losses.last_mut() {
                    Some(step) if !begins => *step += loss,
                    _ => losses.push(loss),
                }
            }
        }
        core.gpu.check()?;
        Ok(losses)
    }
}
