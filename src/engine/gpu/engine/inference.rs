//! Predictions on loaded windows, queued many to a submission.

use super::core::{Core, SUBMISSION};
use super::data::Data;
use super::train::{MICRO_BATCHES, REMEDY};
use crate::engine::gpu::device::Commands;
use crate::engine::gpu::kernels::Step;
use crate::engine::gpu::plan::{Batches, Plan, Purpose, micro_batch};
use crate::error::{Error, Result};
use wgpu::Buffer;

/// Predictions on a device.
#[derive(Debug, Default)]
pub struct Inference {
    /// The plan of the predictions before, which serves again for such batches.
    pub plan: Option<Plan>,
}

impl Inference {
    /// Queues forward passes over the windows `ids`; their outputs arrive in the staging buffers returned, of so many
    /// values each.
    pub fn queue(&mut self, core: &Core, data: &Data, ids: &[u32], batch: usize) -> Result<Vec<(Buffer, usize)>> {
        if batch == 0 {
            return Err(Error::config("batch", batch, "at least 1"));
        }
        data.windows.check_ids(ids)?;
        let rows = batch.min(ids.len()).min(data.room);
        let purpose =
            micro_batch(&core.tuning, &core.network.description, Purpose::outputs(core.spec(), rows), data.shape());
        if self.plan.as_ref().is_none_or(|plan| plan.description.purpose != purpose) {
            self.plan = None;
            self.plan = Some(core.plan(data, purpose).map_err(|error| error.with_remedy(REMEDY))?);
        }
        let plan = self.plan.as_ref().expect("it was just made");
        let (rows, row_len) = (purpose.batch, core.output_len(data.windows.steps()));
        let most = if purpose.batches == Batches::Micro { MICRO_BATCHES } else { SUBMISSION };
        let piece = (data.room / rows).min(most) * rows;
        // As many batches as a buffer holds the outputs of.
        let held = core.gpu.capabilities.largest_buffer as usize / (row_len * 4);
        let mut stagings = Vec::new();
        for ids in ids.chunks((held / rows).max(1) * rows) {
            let staging = core.gpu.staging(ids.len() * row_len)?;
            for (n, ids) in ids.chunks(piece).enumerate() {
                core.gpu.write(&data.order, 0, ids);
                let batches = || ids.chunks(rows).enumerate();
                core.write_steps(&batches().map(|(k, ids)| Step::new(ids.len(), k * rows, 0)).collect::<Vec<_>>());
                let mut commands = Commands::new(&core.gpu);
                for (k, ids) in batches() {
                    plan.queue(&mut commands, k, &plan.description.forward);
                    let at = ((n * piece + k * rows) * row_len * 4) as u64;
                    plan.array(plan.description.y).copy_out(
                        commands.encoder(),
                        0,
                        &staging,
                        at,
                        (ids.len() * row_len * 4) as u64,
                    );
                }
                commands.submit();
            }
            stagings.push((staging, ids.len() * row_len));
        }
        core.gpu.check()?;
        Ok(stagings)
    }
}
