//! Commands on their way to a device, in as many submissions as it takes for each to end soon.

use super::gpu::Gpu;
use wgpu::{CommandEncoder, ComputePass};

/// Commands that are recorded, in order. Whether they go in one submission or in several changes no result.
pub struct Commands<'a> {
    gpu: &'a Gpu,
    encoder: Option<CommandEncoder>,
    pass: Option<ComputePass<'static>>,
    /// The work of the dispatches that are not submitted yet.
    work: u64,
}

impl<'a> Commands<'a> {
    /// No commands.
    pub fn new(gpu: &'a Gpu) -> Self {
        Commands { gpu, encoder: None, pass: None, work: 0 }
    }

    /// Where to record a dispatch of so much work. What was recorded before is submitted first, where both together
    /// would take too long.
    pub fn pass(&mut self, work: u64) -> &mut ComputePass<'static> {
        if self.work > 0 && self.work.saturating_add(work) > self.gpu.pace.most_work() {
            self.flush();
        }
        self.work += work;
        let begun = self.pass.take();
        let pass = begun.unwrap_or_else(|| self.encoder().begin_compute_pass(&Default::default()).forget_lifetime());
        self.pass.insert(pass)
    }

    /// Where to record what is no dispatch.
    pub fn encoder(&mut self) -> &mut CommandEncoder {
        self.pass = None;
        self.encoder.get_or_insert_with(|| self.gpu.device.create_command_encoder(&Default::default()))
    }

    /// Submits what is recorded.
    pub fn submit(mut self) {
        self.flush();
    }

    fn flush(&mut self) {
        self.pass = None;
        if let Some(recorded) = self.encoder.take() {
            self.gpu.submit(recorded, std::mem::take(&mut self.work));
        }
    }
}
