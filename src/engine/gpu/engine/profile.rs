//! Where the time of a training step goes, kernel by kernel, and what the step keeps on the device.

use super::gpu_engine::GpuEngine;
use crate::engine::gpu::device::Array;
use crate::engine::gpu::plan::Prepared;
use crate::engine::{Engine, Steps};
use crate::error::{Error, Result};
use serde::Serialize;
use wgpu::{BufferUsages, ComputePassDescriptor, ComputePassTimestampWrites, QuerySetDescriptor, QueryType};

/// The time of a kernel in a training step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KernelTime {
    /// Its entry point.
    pub kernel: &'static str,
    /// Dispatches a step.
    pub dispatches: usize,
    /// Milliseconds a step, where the device was opened to be profiled and has timestamps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ms: Option<f64>,
}

/// What a device holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// Bytes that are allocated on the device, all its networks together, where the driver's allocator counts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocated: Option<u64>,
    /// Bytes that the training plan keeps from the forward pass for the backward one: inputs, states and tapes, at a
    /// time.
    pub kept: u64,
}

/// A dispatch, and where in time it begins.
type Timed<'a> = (&'a Prepared, u32);

/// Passes over the step; each kernel's best time counts.
const PASSES: usize = 5;

impl GpuEngine {
    /// What lies on the device.
    pub fn memory(&self) -> Memory {
        let allocated = self.core.gpu.device.generate_allocator_report().map(|report| report.total_allocated_bytes);
        let kept = self.training.plan.as_ref().map_or(0, |plan| plan.description.kept_bytes());
        Memory { allocated, kept }
    }

    /// Takes the first of `steps`, and then repeats its dispatches with a timestamp before and after those of each
    /// kernel. A batch that is taken in micro-batches counts its last one as many times as there are.
    pub async fn profile(&mut self, steps: &Steps<'_>) -> Result<Vec<KernelTime>> {
        self.train(&Steps { ids: &steps.ids[..steps.batch.min(steps.ids.len())], ..*steps })?;
        self.losses().await?;
        let plan = self.training.plan.as_ref().expect("a step was just taken");
        let micro_batches = steps.batch.min(steps.ids.len()).div_ceil(plan.description.purpose.batch);
        let gradients: Vec<Timed> =
            plan.description.gradients().map(|scheduled| (plan.prepared(scheduled), scheduled.time)).collect();
        let update: &[Prepared] = if plan.description.training.is_some() { &[] } else { self.core.network.update() };
        let update: Vec<Timed> = update.iter().map(|prepared| (prepared, 0)).collect();
        let [of_batches, of_step] =
            [&gradients, &update].map(|dispatches| dispatches.chunk_by(|(a, _), (b, _)| a.entry() == b.entry()));
        let runs: Vec<&[Timed]> = of_batches.clone().chain(of_step.clone()).collect();
        let taken = of_batches.map(|_| micro_batches).chain(of_step.map(|_| 1));
        let mut times = vec![f64::INFINITY; runs.len()];
        for _ in 0..PASSES {
            for (best, time) in times.iter_mut().zip(self.time(&runs).await?) {
                *best = best.min(time);
            }
        }

        let mut kernels: Vec<KernelTime> = Vec::new();
        for ((run, ms), taken) in runs.iter().zip(times).zip(taken) {
            let (kernel, ms) = (run[0].0.entry(), ms.is_finite().then_some(ms * taken as f64));
            let dispatches = run.len() * taken;
            match kernels.iter_mut().find(|time| time.kernel == kernel) {
                None => kernels.push(KernelTime { kernel, dispatches, ms }),
                Some(time) => {
                    time.dispatches += dispatches;
                    time.ms = time.ms.zip(ms).map(|(a, b)| a + b);
                }
            }
        }
        Ok(kernels)
    }

    /// Milliseconds of each run of dispatches, infinite without timestamps.
    async fn time(&self, runs: &[&[Timed<'_>]]) -> Result<Vec<f64>> {
        let gpu = &self.core.gpu;
        if !gpu.device.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return Ok(vec![f64::INFINITY; runs.len()]);
        }
        let count = 2 * runs.len() as u32;
        if count > wgpu::QUERY_SET_MAX_QUERIES {
            return Err(Error::config("kernels of a step to profile", runs.len(), "at most 2048: fewer layers"));
        }
        let queries = gpu.device.create_query_set(&QuerySetDescriptor {
            label: Some("profile"),
            ty: QueryType::Timestamp,
            count,
        });
        let usage = BufferUsages::QUERY_RESOLVE | BufferUsages::COPY_SRC;
        let resolved = gpu.buffer("timestamps", u64::from(count) * 8, usage)?;
        let mut encoder = self.core.encoder();
        for (run, at) in runs.iter().zip((0..).step_by(2)) {
            let mut pass = encoder.begin_compute_pass(&ComputePassDescriptor {
                label: Some(run[0].0.entry()),
                timestamp_writes: Some(ComputePassTimestampWrites {
                    query_set: &queries,
                    beginning_of_pass_write_index: Some(at),
                    end_of_pass_write_index: Some(at + 1),
                }),
            });
            run.iter().for_each(|(dispatch, time)| dispatch.record(&mut pass, 0, *time));
        }
        encoder.resolve_query_set(&queries, 0..count, &resolved, 0);
        gpu.queue.submit([encoder.finish()]);
        // Pairs of words: a timestamp has 64 bits.
        let words = gpu.read(&Array::new(resolved), 2 * count as usize).await?;
        let ticks: &[[[u32; 2]; 2]] = bytemuck::cast_slice(&words);
        let period = f64::from(gpu.queue.get_timestamp_period()) * 1e-6;
        let ticks_of = |[low, high]: [u32; 2]| u64::from(low) | u64::from(high) << 32;
        Ok(ticks.iter().map(|&[from, to]| ticks_of(to).saturating_sub(ticks_of(from)) as f64 * period).collect())
    }
}
