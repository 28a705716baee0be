//! One open device: its queue, its limits, its compiled kernels, and the first thing that went wrong on it.

use super::adapter;
use super::array::Array;
use super::kernel::Kernel;
use super::shaders::KernelId;
use super::texels::WIDTH;
use super::traits::{Kernels, Traits};
use super::work::Format;
use crate::engine::{DeviceInfo, Precision};
use crate::error::{Error, Result};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use wgpu::{Buffer, BufferDescriptor, BufferUsages, TextureFormat, TextureUsages};

/// How to open a device.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Ask for WebGPU's default limits, as a browser would give, instead of the adapter's own.
    pub default_limits: bool,
    /// Keep the bounds checks and loop bounds in the kernels that wgpu adds to shaders it does not trust.
    pub checked: bool,
    /// Which kernels to run, where there is a choice.
    pub kernels: Kernels,
    /// Ask for timestamps, where the adapter has them.
    pub timestamps: bool,
    /// Bytes that all buffers of a batch together take, about, before it is taken in portions; else what suits the kind of adapter.
    pub portion_bytes: Option<u64>,
}

/// Compiled kernels, by what they are and how what they read is stored.
type Compiled = HashMap<(KernelId, Precision), Arc<Kernel>>;

/// An open device. Compiled kernels live as long as it does, so that a second network starts at full speed. A clone is the same
/// device.
#[derive(Clone, Debug)]
pub struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) limits: wgpu::Limits,
    /// A software adapter, which wants other shapes of work than a GPU.
    pub(super) software: bool,
    /// Processor cores, where a software adapter runs on them.
    pub(super) cores: usize,
    pub(super) checked: bool,
    /// What its kernels are made for.
    pub(super) traits: Traits,
    /// How its kernels find packed weights and the tape.
    pub(super) precision: Precision,
    info: DeviceInfo,
    failure: Arc<Mutex<Option<Error>>>,
    allocated: Arc<AtomicU64>,
    kernels: Arc<Mutex<Compiled>>,
    #[cfg(test)]
    pub(super) probe: Arc<super::tests::Probe>,
}

impl Gpu {
    /// Opens `adapter`.
    pub async fn open(adapter: &wgpu::Adapter, options: Options) -> Result<Arc<Self>> {
        let info = adapter.get_info();
        let described = adapter::describe(&info);
        let limits = if options.default_limits { wgpu::Limits::default() } else { adapter.limits() };
        let traits = Traits::choose(adapter, options).ok_or_else(|| {
            let expected = "chosen, scans or steps on an adapter without subgroups of 4, 8 or 16 lanes";
            Error::config("kernels", options.kernels, expected)
        })?;
        let timestamps = match options.timestamps {
            true => adapter.features() & wgpu::Features::TIMESTAMP_QUERY,
            false => wgpu::Features::empty(),
        };
        let (device, queue) = adapter
            .request_device(&wgpu::DeviceDescriptor {
                label: Some("refrain"),
                required_features: traits.features | timestamps,
                required_limits: limits.clone(),
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
                wgpu::Error::OutOfMemory { source } => {
                    Error::OutOfMemory { adapter, what: "a buffer".to_owned(), message: source.to_string() }
                }
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
            limits,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            software: info.device_type == wgpu::DeviceType::Cpu,
            checked: options.checked,
            traits,
            precision: Precision::F32,
            info: described,
            failure,
            allocated: Arc::default(),
            kernels: Arc::default(),
            #[cfg(test)]
            probe: Default::default(),
        }))
    }

    /// The same device, whose kernels find packed weights and the tape in this precision.
    pub(super) fn at(&self, precision: Precision) -> Arc<Self> {
        Arc::new(Gpu { precision, ..self.clone() })
    }

    /// Bytes of all buffers that were ever made on it, those that are gone included: what a call allocates is the difference.
    pub fn allocated(&self) -> u64 {
        self.allocated.load(Ordering::Relaxed)
    }

    /// The adapter in words.
    pub fn info(&self) -> &DeviceInfo {
        &self.info
    }

    /// The first failure since the last check, if there was one.
    pub(super) fn check(&self) -> Result<()> {
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            None => Ok(()),
            Some(error) => Err(error),
        }
    }

    /// The compiled kernel, made on first use.
    pub(super) fn kernel(&self, id: KernelId) -> Result<Arc<Kernel>> {
        let mut kernels = self.kernels.lock().unwrap_or_else(PoisonError::into_inner);
        // Most kernels see neither weights nor tape, and are the same in either precision.
        let key = (id, if id.stores() { self.precision } else { Precision::F32 });
        if let Some(kernel) = kernels.get(&key) {
            return Ok(kernel.clone());
        }
        let kernel = Arc::new(Kernel::new(self, id));
        self.check()?;
        kernels.insert(key, kernel.clone());
        Ok(kernel)
    }

    /// Forgets compiled kernels.
    #[cfg(test)]
    pub(super) fn forget(&self, which: impl Fn(&KernelId) -> bool) {
        self.kernels.lock().unwrap_or_else(PoisonError::into_inner).retain(|(id, _), _| !which(id));
    }

    /// Bytes of the largest buffer. Kernels count elements, of four bytes at least, and dynamic offsets count bytes, in u32: below 2^32
    /// bytes neither overflows, nor does the number of invocations, one an element and some to fill the last workgroups.
    pub(super) fn largest_buffer(&self) -> u64 {
        self.limits.max_buffer_size.min(u32::MAX.into())
    }

    /// Bytes of the largest buffer that a kernel can read or write.
    pub(super) fn largest_binding(&self) -> u64 {
        self.largest_buffer().min(self.limits.max_storage_buffer_binding_size)
    }

    /// Bytes of the largest array of vectors that a kernel can read or write.
    pub(super) fn largest_array(&self) -> u64 {
        let texel = self.quad_bytes() as u64;
        // A row is left for heights that a texture must not have.
        let rows = u64::from(self.limits.max_texture_dimension_2d) - 1;
        match self.traits.format {
            Format::Texels => self.largest_binding().min(rows * u64::from(WIDTH) * texel),
            Format::Quads | Format::HalfQuads => self.largest_binding(),
        }
    }

    /// A buffer of `len` values of `size` bytes, zeroed, refused where the adapter's limits do not allow it.
    pub(super) fn buffer(&self, label: &str, len: usize, size: usize, usage: BufferUsages) -> Result<Buffer> {
        // Bindings are at least one vec4 long, so that an empty operand is legal.
        let bytes = (len as u64).saturating_mul(size as u64).max(16).next_multiple_of(16);
        let limit = match usage.contains(BufferUsages::STORAGE) {
            true => self.largest_binding(),
            false => self.largest_buffer(),
        };
        self.check_bytes(label, bytes, limit)?;
        let descriptor = BufferDescriptor { label: Some(label), size: bytes, usage, mapped_at_creation: false };
        let buffer = self.device.create_buffer(&descriptor);
        self.check()?;
        self.allocated.fetch_add(bytes, Ordering::Relaxed);
        Ok(buffer)
    }

    fn check_bytes(&self, label: &str, bytes: u64, limit: u64) -> Result<()> {
        if bytes <= limit {
            return Ok(());
        }
        Err(Error::Limit {
            what: format!("buffer `{label}`"),
            needed: bytes,
            limit,
            unit: "bytes",
            adapter: self.info.name.clone(),
            remedy: "take a smaller batch, fewer time steps or a smaller hidden size, or `--device cpu`".to_owned(),
        })
    }

    /// A texture of `len` texels of `size` bytes, and more up to whole rows, zeroed, refused likewise.
    fn texture(&self, label: &str, len: usize, size: usize, format: TextureFormat) -> Result<Array> {
        let bytes = (len as u64).saturating_mul(size as u64);
        let row = u64::from(WIDTH) * size as u64;
        self.check_bytes(label, bytes, self.largest_array())?;
        // lavapipe compiles a kernel for textures whose height is a power of two, and once more for others (Mesa's lp_bld_sample.c).
        let height = bytes.div_ceil(row).max(3);
        let height = height + u64::from(height.is_power_of_two());
        let texture = self.device.create_texture(&wgpu::TextureDescriptor {
            label: Some(label),
            size: wgpu::Extent3d { width: WIDTH, height: height as u32, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: TextureUsages::STORAGE_BINDING | TextureUsages::COPY_DST | TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        self.check()?;
        self.allocated.fetch_add(height * row, Ordering::Relaxed);
        let view = texture.create_view(&Default::default());
        Ok(Array::Texels(texture, view))
    }

    /// A storage buffer that the host can write and read back by copies. Its content is not defined.
    pub(super) fn storage<T>(&self, label: &str, len: usize) -> Result<Array> {
        self.array(label, len, size_of::<T>(), None)
    }

    /// The same for `len` vec4s, in texels where kernels find them so.
    pub(super) fn vec4s(&self, label: &str, len: usize) -> Result<Array> {
        self.array(label, len, 16, Some(TextureFormat::Rgba32Float))
    }

    /// Bytes of a quad of packed weights or of the tape.
    pub(super) fn quad_bytes(&self) -> usize {
        match self.precision {
            Precision::F32 => 16,
            Precision::F16 => 8,
        }
    }

    /// The same for `len` quads of packed weights or of the tape.
    pub(super) fn quads(&self, label: &str, len: usize) -> Result<Array> {
        match self.precision {
            Precision::F32 => self.vec4s(label, len),
            Precision::F16 => self.array(label, len, self.quad_bytes(), Some(TextureFormat::Rg32Uint)),
        }
    }

    fn array(&self, label: &str, len: usize, size: usize, texel: Option<TextureFormat>) -> Result<Array> {
        #[cfg(test)]
        return self.probe.poisoned(self, label, len, size, texel);
        #[cfg(not(test))]
        self.allocate(label, len, size, texel)
    }

    /// An array of `len` values of `size` bytes, in such texels where kernels find them so.
    pub(super) fn allocate(&self, label: &str, len: usize, size: usize, texel: Option<TextureFormat>) -> Result<Array> {
        match texel.filter(|_| self.traits.format == Format::Texels) {
            Some(format) => self.texture(label, len, size, format),
            None => {
                let usage = BufferUsages::STORAGE | BufferUsages::COPY_DST | BufferUsages::COPY_SRC;
                Ok(self.buffer(label, len, size, usage)?.into())
            }
        }
    }

    /// `len` constants of `size` bytes.
    pub(super) fn uniform(&self, label: &str, len: usize, size: usize) -> Result<Array> {
        Ok(self.buffer(label, len, size, BufferUsages::UNIFORM | BufferUsages::COPY_DST)?.into())
    }

    /// The WGSL of a kernel.
    pub(super) fn source(&self, id: KernelId) -> String {
        let Traits { format, .. } = self.traits;
        #[cfg(test)]
        let source = self.probe.mutated(id, format, self.precision);
        #[cfg(not(test))]
        let source = id.source(format, self.precision);
        format.lay(source, self.precision)
    }

    /// Writes `values` at value `at` of an array, before the next submission.
    pub(super) fn write<T: bytemuck::NoUninit>(&self, array: &Array, at: usize, values: &[T]) {
        array.write(&self.queue, (at * size_of::<T>()) as u64, bytemuck::cast_slice(values));
    }

    /// Copies out the first `len` values of an array, once all submitted work is done.
    pub(super) async fn read(&self, array: &Array, len: usize) -> Result<Vec<f32>> {
        // Whole texels.
        let copied = len.next_multiple_of(4);
        let staging = self.staging(copied)?;
        let mut encoder = self.device.create_command_encoder(&Default::default());
        array.copy_out(&mut encoder, 0, &staging, 0, (copied * 4) as u64);
        self.queue.submit([encoder.finish()]);
        self.read_staging(&staging, len).await
    }

    /// A buffer that the host can map, for `len` values.
    pub(super) fn staging(&self, len: usize) -> Result<Buffer> {
        self.buffer("staging", len, 4, BufferUsages::MAP_READ | BufferUsages::COPY_DST)
    }

    /// The first `len` values of a staging buffer, once all submitted work is done.
    pub(super) async fn read_staging(&self, staging: &Buffer, len: usize) -> Result<Vec<f32>> {
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
        mapped.map_err(|error| failed(error.to_string()))?;
        let view = staging.get_mapped_range(..).map_err(|error| failed(error.to_string()))?;
        let values = bytemuck::pod_collect_to_vec(&view[..len * 4]);
        drop(view);
        staging.unmap();
        Ok(values)
    }
}
