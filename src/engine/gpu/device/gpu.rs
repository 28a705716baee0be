//! One open device: its queue, its buffers, its compiled kernels, and the first thing that went wrong on it.

use super::adapter;
use super::array::Array;
use super::capabilities::Capabilities;
use super::commands::Commands;
use super::options::Options;
use super::pace::{Pace, now};
use super::pipeline::{Pipeline, Source};
use crate::engine::DeviceInfo;
use crate::error::{Error, Result};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use wgpu::{Buffer, BufferDescriptor, BufferUsages, CommandEncoder};

/// What helps where a buffer does not fit.
const REMEDY: &str = "take a smaller batch, fewer time steps or a smaller hidden size, or `Device::Cpu`";

/// An open device. Compiled kernels live as long as it does, so that a second network starts at full speed.
#[derive(Debug)]
pub struct Gpu {
    pub(in crate::engine::gpu) device: wgpu::Device,
    pub(in crate::engine::gpu) queue: wgpu::Queue,
    pub(in crate::engine::gpu) capabilities: Capabilities,
    pub(in crate::engine::gpu) options: Options,
    info: DeviceInfo,
    failure: Arc<Mutex<Option<Error>>>,
    allocated: AtomicU64,
    pub(super) pace: Pace,
    pipelines: Mutex<HashMap<Source, Arc<Pipeline>>>,
}

impl Gpu {
    /// Opens `adapter`.
    #[cfg_attr(
        target_arch = "wasm32",
        expect(clippy::arc_with_non_send_sync, reason = "a browser's devices stay on one thread, others do not")
    )]
    pub async fn open(adapter: &wgpu::Adapter, options: Options) -> Result<Arc<Self>> {
        let info = adapter.get_info();
        let described = adapter::describe(&info);
        let (capabilities, limits, features) = Capabilities::of(adapter, options);
        Capabilities::check(&adapter.limits(), &described.name)?;
        let (device, queue) = adapter
            .request_device(&wgpu::DeviceDescriptor {
                label: Some("refrain"),
                required_features: features,
                required_limits: limits,
                ..Default::default()
            })
            .await
            .map_err(|error| Error::Device { adapter: described.name.clone(), message: error.to_string() })?;

        // The first failure is kept and handed to the next call that can return it: what follows is its consequence.
        let failure = Arc::new(Mutex::new(None));
        let keep = |failure: &Arc<Mutex<Option<Error>>>, error: Error| {
            failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        };
        let (slot, name) = (failure.clone(), described.name.clone());
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            let adapter = name.clone();
            let error = match error {
                wgpu::Error::OutOfMemory { source } => Error::OutOfMemory {
                    adapter,
                    what: "a buffer".to_owned(),
                    message: source.to_string(),
                    remedy: REMEDY.to_owned(),
                },
                error => Error::Device { adapter, message: error.to_string() },
            };
            keep(&slot, error);
        }));
        let (slot, name) = (failure.clone(), described.name.clone());
        device.set_device_lost_callback(move |reason, message| {
            if reason != wgpu::DeviceLostReason::Destroyed {
                keep(
                    &slot,
                    Error::Device { adapter: name.clone(), message: format!("the device was lost: {message}") },
                );
            }
        });

        Ok(Arc::new(Gpu {
            device,
            queue,
            capabilities,
            options,
            info: described,
            failure,
            allocated: AtomicU64::new(0),
            pace: Pace::new(options.longest_submission()),
            pipelines: Mutex::default(),
        }))
    }

    /// Bytes of all buffers that were ever made on it, those that are gone included: what a call allocates is the
    /// difference.
    pub fn allocated(&self) -> u64 {
        self.allocated.load(Ordering::Relaxed)
    }

    /// The adapter in words.
    pub fn info(&self) -> &DeviceInfo {
        &self.info
    }

    /// The first failure since the last check, if there was one.
    pub(in crate::engine::gpu) fn check(&self) -> Result<()> {
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            None => Ok(()),
            Some(error) => Err(error),
        }
    }

    /// The compiled kernel, made on first use.
    pub(in crate::engine::gpu) fn pipeline(&self, source: Source) -> Result<Arc<Pipeline>> {
        #[cfg(test)]
        let source = crate::engine::gpu::tests::probe::mutated(source);
        let mut pipelines = self.pipelines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = pipelines.get(&source) {
            return Ok(pipeline.clone());
        }
        let pipeline = Arc::new(Pipeline::new(&self.device, &source, self.options.checked));
        self.check()?;
        pipelines.insert(source, pipeline.clone());
        Ok(pipeline)
    }

    /// Submits commands with dispatches of so much work.
    pub(super) fn submit(&self, commands: CommandEncoder, work: u64) {
        let submitted = now();
        self.queue.submit([commands.finish()]);
        if self.pace.is_limited() {
            let pace = self.pace.clone();
            self.queue.on_submitted_work_done(move || pace.note(work, submitted, now()));
        }
    }

    /// A buffer of `bytes` bytes, zeroed, refused where the adapter's limits do not allow it.
    pub(in crate::engine::gpu) fn buffer(&self, label: &str, bytes: u64, usage: BufferUsages) -> Result<Buffer> {
        // Bindings are at least one vec4 long, so that an empty operand is legal.
        let bytes = bytes.max(16).next_multiple_of(16);
        let limit = match usage.contains(BufferUsages::STORAGE) {
            true => self.capabilities.largest_binding,
            false => self.capabilities.largest_buffer,
        };
        if bytes > limit {
            return Err(Error::Limit {
                what: format!("buffer `{label}`"),
                needed: bytes,
                limit,
                unit: "bytes",
                adapter: self.info.name.clone(),
                remedy: REMEDY.to_owned(),
            });
        }
        let descriptor = BufferDescriptor { label: Some(label), size: bytes, usage, mapped_at_creation: false };
        let buffer = self.device.create_buffer(&descriptor);
        self.check()?;
        self.allocated.fetch_add(bytes, Ordering::Relaxed);
        Ok(buffer)
    }

    /// A storage buffer of `bytes` bytes that the host can write and read back by copies. Its content is not defined.
    pub(in crate::engine::gpu) fn storage(&self, label: &str, bytes: u64) -> Result<Array> {
        let usage = BufferUsages::STORAGE | BufferUsages::COPY_DST | BufferUsages::COPY_SRC;
        #[cfg(test)]
        return crate::engine::gpu::tests::probe::poisoned(self, label, bytes, usage);
        #[cfg(not(test))]
        Ok(Array::new(self.buffer(label, bytes, usage)?))
    }

    /// A storage buffer of `len` values.
    pub(in crate::engine::gpu) fn values<T>(&self, label: &str, len: usize) -> Result<Array> {
        self.storage(label, (len as u64).saturating_mul(size_of::<T>() as u64))
    }

    /// `len` constants of `size` bytes.
    pub(in crate::engine::gpu) fn uniform(&self, label: &str, len: usize, size: usize) -> Result<Array> {
        let bytes = (len as u64).saturating_mul(size as u64);
        Ok(Array::new(self.buffer(label, bytes, BufferUsages::UNIFORM | BufferUsages::COPY_DST)?))
    }

    /// Writes `values` at value `at` of an array, before the next submission.
    pub(in crate::engine::gpu) fn write<T: bytemuck::NoUninit>(&self, array: &Array, at: usize, values: &[T]) {
        array.write(&self.queue, (at * size_of::<T>()) as u64, bytemuck::cast_slice(values));
    }

    /// Copies out the first `len` values of an array, once all submitted work is done.
    pub(in crate::engine::gpu) async fn read(&self, array: &Array, len: usize) -> Result<Vec<f32>> {
        self.read_ranges(&[(array, 0..len)]).await
    }

    /// Copies out these values of arrays, one range after another, likewise.
    pub(in crate::engine::gpu) async fn read_ranges(&self, ranges: &[(&Array, Range<usize>)]) -> Result<Vec<f32>> {
        let len = ranges.iter().map(|(_, range)| range.len()).sum();
        let staging = self.staging(len)?;
        let mut commands = Commands::new(self);
        let mut to = 0;
        for (array, range) in ranges {
            let bytes = (range.len() * 4) as u64;
            array.copy_out(commands.encoder(), (range.start * 4) as u64, &staging, to, bytes);
            to += bytes;
        }
        commands.submit();
        self.read_staging(&staging, len).await
    }

    /// A buffer that the host can map, for `len` values.
    pub(in crate::engine::gpu) fn staging(&self, len: usize) -> Result<Buffer> {
        self.buffer("staging", len as u64 * 4, BufferUsages::MAP_READ | BufferUsages::COPY_DST)
    }

    /// The first `len` values of a staging buffer, once all submitted work is done.
    pub(in crate::engine::gpu) async fn read_staging(&self, staging: &Buffer, len: usize) -> Result<Vec<f32>> {
        let (sender, receiver) = futures_channel::oneshot::channel();
        staging.map_async(wgpu::MapMode::Read, .., move |result| {
            // The receiver is gone only if this future was dropped; then nobody wants the result.
            drop(sender.send(result));
        });
        // Natively this waits for the device; a browser ignores it and calls back by itself.
        let polled = self.device.poll(wgpu::PollType::wait_indefinitely());
        self.check()?;
        let failed = |message: String| Error::Device { adapter: self.info.name.clone(), message };
        polled.map_err(|error| failed(error.to_string()))?;
        let mapped = receiver.await.map_err(|_| failed("a read was abandoned".to_owned()))?;
        self.check()?;
        mapped.map_err(|error| failed(error.to_string()))?;
        let view = staging.get_mapped_range(..).map_err(|error| failed(error.to_string()))?;
        let values = bytemuck::pod_collect_to_vec(&view[..len * 4]);
        drop(view);
        staging.unmap();
        Ok(values)
    }
}
