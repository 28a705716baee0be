//! A plan on a device: its buffers allocated, its kernels compiled and bound, once. Recording a step allocates nothing.

use super::buffers::{Buffers, Given, Origin};
use super::description::Description;
use super::schedule::Scheduled;
use crate::engine::gpu::device::{Array, Commands, Gpu, Pipeline};
use crate::engine::gpu::kernels::{BufferId, Dispatch, STEP_STRIDE, Time};
use crate::error::Result;
use std::sync::Arc;
use wgpu::{BindGroup, ComputePass};

/// One dispatch, ready to be recorded.
#[derive(Debug)]
pub struct Prepared {
    pipeline: Arc<Pipeline>,
    bind_group: BindGroup,
    groups: [u32; 3],
    /// What it computes and moves: operations and bytes.
    work: u64,
}

impl Prepared {
    /// The name of its kernel.
    pub fn entry(&self) -> &'static str {
        self.pipeline.entry()
    }

    /// Queues it for step `step` of the constants, from step `time` of the sequence on.
    pub fn queue(&self, commands: &mut Commands<'_>, step: usize, time: u32) {
        self.record(commands.pass(self.work), step, time);
    }

    /// Records it in a pass, likewise.
    pub fn record(&self, pass: &mut ComputePass, step: usize, time: u32) {
        let (offsets, range) = self.pipeline.offsets((step * STEP_STRIDE) as u32, time * STEP_STRIDE as u32);
        pass.set_pipeline(self.pipeline.pipeline());
        pass.set_bind_group(0, &self.bind_group, &offsets[range]);
        let [x, y, z] = self.groups;
        pass.dispatch_workgroups(x, y, z);
    }
}

/// Allocates the buffers that are used, each at its place in the list, and prepares the dispatches on them.
pub fn prepare_all(
    gpu: &Gpu,
    buffers: &Buffers,
    dispatches: &[Dispatch],
    given: &dyn Fn(Given) -> Array,
) -> Result<(Vec<Option<Array>>, Vec<Prepared>)> {
    let mut arrays: Vec<Option<Array>> = Vec::new();
    for declared in buffers.iter() {
        let array = match &declared.origin {
            _ if !declared.used => None,
            Origin::Own => Some(gpu.storage(declared.name, declared.bytes())?),
            Origin::Part(whole, at) => {
                let whole = arrays[whole.0].as_ref().expect("what is a part of it is used");
                Some(whole.part((at * declared.element) as u64, declared.bytes()))
            }
            Origin::Given(what) => Some(given(*what)),
            Origin::Dims(dims) => {
                let uniform = gpu.uniform(declared.name, 1, declared.element)?;
                gpu.write(&uniform, 0, &[**dims]);
                Some(uniform)
            }
            Origin::Times => Some(times(gpu, declared.len())?),
        };
        arrays.push(array);
    }
    let mut prepared = Vec::new();
    for dispatch in dispatches {
        let pipeline = gpu.pipeline(dispatch.module.source())?;
        let bound: Vec<(&str, &Array)> = dispatch
            .bindings
            .iter()
            .map(|&(name, id)| (name, arrays[id.0].as_ref().expect("what is bound is allocated")))
            .collect();
        let bind_group = pipeline.bind(&gpu.device, &bound, STEP_STRIDE);
        let work = dispatch.cost.flops + dispatch.cost.bytes;
        prepared.push(Prepared { pipeline, bind_group, groups: dispatch.groups, work });
    }
    gpu.check()?;
    Ok((arrays, prepared))
}

/// The places in time 0, 1, .., each behind its dynamic offset.
fn times(gpu: &Gpu, count: usize) -> Result<Array> {
    let buffer = gpu.uniform("times", count, STEP_STRIDE)?;
    let mut bytes = vec![0; count * STEP_STRIDE];
    for (s, slot) in bytes.chunks_exact_mut(STEP_STRIDE).enumerate() {
        slot[..size_of::<Time>()].copy_from_slice(bytemuck::bytes_of(&Time { s: s as u32 }));
    }
    gpu.write(&buffer, 0, &bytes);
    Ok(buffer)
}

/// A plan on a device.
#[derive(Debug)]
pub struct Plan {
    /// What it consists of.
    pub description: Description,
    arrays: Vec<Option<Array>>,
    prepared: Vec<Prepared>,
}

impl Plan {
    /// Prepares a described plan; the states that sequences begin with are zero.
    pub fn new(gpu: &Gpu, description: Description, given: &dyn Fn(Given) -> Array) -> Result<Self> {
        let (arrays, prepared) = prepare_all(gpu, &description.buffers, &description.dispatches, given)?;
        let plan = Plan { description, arrays, prepared };
        let mut commands = Commands::new(gpu);
        plan.clear_initial_states(commands.encoder());
        commands.submit();
        Ok(plan)
    }

    /// One of its buffers. Panics where no dispatch uses it.
    pub fn array(&self, id: BufferId) -> &Array {
        self.arrays[id.0].as_ref().expect("what is read back is used")
    }

    /// A dispatch, ready to be recorded.
    pub fn prepared(&self, scheduled: &Scheduled) -> &Prepared {
        &self.prepared[scheduled.dispatch]
    }

    /// Queues some of its dispatches for step `step` of the constants.
    pub fn queue<'a>(
        &self,
        commands: &mut Commands<'_>,
        step: usize,
        scheduled: impl IntoIterator<Item = &'a Scheduled>,
    ) {
        for scheduled in scheduled {
            self.prepared(scheduled).queue(commands, step, scheduled.time);
        }
    }
}
