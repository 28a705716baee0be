//! A device chosen at run time, and a network on it.

use super::adapters;
use super::cpu::{self, CpuEngine};
use super::device_info::DeviceInfo;
#[cfg(feature = "gpu")]
use super::gpu::{Gpu, GpuEngine};
use super::interface::Engine;
use super::precision::Precision;
use super::segmented::{Segmented, SegmentedTape};
use super::steps::Steps;
use super::tensors::{Differentiated, Gradients, Moments, OutputGradients, Outputs};
use crate::data::{Sequences, Windows};
use crate::error::{Error, Result};
use crate::loss::Objective;
use crate::model::{Dropout, Spec};

/// A device that networks can be put on.
#[derive(Clone, Debug)]
pub enum Device {
    /// The processor, and how much of it.
    Cpu(cpu::Options),
    /// An adapter of wgpu.
    #[cfg(feature = "gpu")]
    Gpu(std::sync::Arc<Gpu>),
}

impl Device {
    /// The device that a word names: `cpu` is the native engine, `gpu` the best adapter, a software one included,
    /// `auto` a hardware adapter or else the native engine, and any other word an adapter whose name contains it. For
    /// `auto` and `gpu` the environment variable `WGPU_ADAPTER_NAME` picks the adapter. Without the feature `gpu` there
    /// are no adapters.
    ///
    /// # Errors
    /// [`Error::NoAdapter`] where no adapter matches; [`Error::Device`] or [`Error::Limit`] where the adapter cannot be
    /// opened.
    pub async fn select(wanted: &str) -> Result<Self> {
        match wanted {
            "cpu" => Ok(Device::Cpu(cpu::Options::default())),
            _ => adapters::select(wanted).await,
        }
    }

    /// What the device says of itself.
    ///
    /// # Errors
    /// [`Error::Device`] where the threads of the CPU engine cannot be started.
    pub fn info(&self) -> Result<DeviceInfo> {
        match self {
            Device::Cpu(options) => CpuEngine::described(*options),
            #[cfg(feature = "gpu")]
            Device::Gpu(gpu) => Ok(gpu.info().clone()),
        }
    }

    /// The same, that keeps the tape of at most so many time steps and makes that of the steps before again.
    ///
    /// # Errors
    /// [`Error::Config`] where that is asked of an adapter.
    pub fn recomputing(&self, recompute: Option<usize>) -> Result<Device> {
        match self {
            &Device::Cpu(options) => Ok(Device::Cpu(cpu::Options { recompute, ..options })),
            #[cfg(feature = "gpu")]
            Device::Gpu(_) => match recompute {
                Some(steps) => Err(Error::config("recompute", steps, "none on an adapter: it is for the CPU engine")),
                None => Ok(self.clone()),
            },
        }
    }

    /// Puts a network with these parameters on the device, in f32.
    ///
    /// # Errors
    /// As [`Device::engine_with`].
    pub fn engine(&self, spec: Spec, parameters: &[f32]) -> Result<AnyEngine> {
        self.engine_with(spec, parameters, Precision::F32)
    }

    /// Puts a network with these parameters on the device.
    ///
    /// # Errors
    /// [`Error::Config`] where the spec is not valid, or 16 bits are asked of the CPU engine, whose memory does not
    /// grow with the batch; [`Error::Length`] where there are not as many parameters as the spec calls for;
    /// [`Error::Limit`] or [`Error::OutOfMemory`] where the network does not fit the adapter.
    pub fn engine_with(&self, spec: Spec, parameters: &[f32], precision: Precision) -> Result<AnyEngine> {
        let over_segments = spec.segments.is_some();
        Ok(match (self, precision) {
            (&Device::Cpu(options), Precision::F32) => {
                let make = |spec, parameters: &[f32]| CpuEngine::with_options(spec, parameters, options);
                match over_segments {
                    true => AnyEngine::SegmentedCpu(Box::new(Segmented::new(spec, parameters, make)?)),
                    false => AnyEngine::Cpu(Box::new(make(spec, parameters)?)),
                }
            }
            (Device::Cpu(_), Precision::F16) => {
                let expected =
                    "f32 on the CPU engine; f16 is for adapters, of which `Device::select(\"gpu\")` takes the best";
                return Err(Error::config("precision", "f16", expected));
            }
            #[cfg(feature = "gpu")]
            (Device::Gpu(gpu), precision) => {
                let make =
                    |spec, parameters: &[f32]| GpuEngine::with_precision(gpu.clone(), spec, parameters, precision);
                match over_segments {
                    true => AnyEngine::SegmentedGpu(Box::new(Segmented::new(spec, parameters, make)?)),
                    false => AnyEngine::Gpu(Box::new(make(spec, parameters)?)),
                }
            }
        })
    }
}

/// A network on a [`Device`].
#[derive(Debug)]
pub enum AnyEngine {
    /// On the processor.
    Cpu(Box<CpuEngine>),
    /// On an adapter.
    #[cfg(feature = "gpu")]
    Gpu(Box<GpuEngine>),
    /// Over segments, on the processor.
    SegmentedCpu(Box<Segmented<CpuEngine>>),
    /// Over segments, with the recurrent layers on an adapter.
    #[cfg(feature = "gpu")]
    SegmentedGpu(Box<Segmented<GpuEngine>>),
}

/// The same call on whichever engine it is.
macro_rules! on {
    ($any:expr, $engine:ident => $call:expr) => {
        match $any {
            AnyEngine::Cpu($engine) => $call,
            #[cfg(feature = "gpu")]
            AnyEngine::Gpu($engine) => $call,
            AnyEngine::SegmentedCpu($engine) => $call,
            #[cfg(feature = "gpu")]
            AnyEngine::SegmentedGpu($engine) => $call,
        }
    };
}

/// What [`AnyEngine`] recorded.
#[derive(Debug)]
pub enum AnyTape {
    /// On the processor.
    Cpu(<CpuEngine as Engine>::Tape),
    /// On an adapter.
    #[cfg(feature = "gpu")]
    Gpu(<GpuEngine as Engine>::Tape),
    /// Over segments, on the processor.
    SegmentedCpu(Box<SegmentedTape<<CpuEngine as Engine>::Tape>>),
    /// Over segments, on an adapter.
    #[cfg(feature = "gpu")]
    SegmentedGpu(Box<SegmentedTape<<GpuEngine as Engine>::Tape>>),
}

impl Engine for AnyEngine {
    type Tape = AnyTape;

    fn device(&self) -> &DeviceInfo {
        on!(self, engine => engine.device())
    }

    async fn parameters(&mut self) -> Result<Vec<f32>> {
        on!(self, engine => engine.parameters().await)
    }

    fn set_parameters(&mut self, parameters: &[f32]) -> Result<()> {
        on!(self, engine => engine.set_parameters(parameters))
    }

    async fn moments(&mut self) -> Result<Moments> {
        on!(self, engine => engine.moments().await)
    }

    fn set_moments(&mut self, moments: &Moments) -> Result<()> {
        on!(self, engine => engine.set_moments(moments))
    }

    fn load_data(&mut self, windows: &Windows) -> Result<()> {
        on!(self, engine => engine.load_data(windows))
    }

    fn train(&mut self, steps: &Steps) -> Result<()> {
        on!(self, engine => engine.train(steps))
    }

    async fn losses(&mut self) -> Result<Vec<f32>> {
        on!(self, engine => engine.losses().await)
    }

    async fn predict(&mut self, ids: &[u32], batch: usize) -> Result<Vec<f32>> {
        on!(self, engine => engine.predict(ids, batch).await)
    }

    async fn forward(&mut self, sequences: &Sequences<'_>) -> Result<Outputs> {
        on!(self, engine => engine.forward(sequences).await)
    }

    async fn record(&mut self, sequences: &Sequences<'_>, dropout: &Dropout) -> Result<(Outputs, AnyTape)> {
        Ok(match self {
            AnyEngine::Cpu(engine) => {
                let (outputs, tape) = engine.record(sequences, dropout).await?;
                (outputs, AnyTape::Cpu(tape))
            }
            #[cfg(feature = "gpu")]
            AnyEngine::Gpu(engine) => {
                let (outputs, tape) = engine.record(sequences, dropout).await?;
                (outputs, AnyTape::Gpu(tape))
            }
            AnyEngine::SegmentedCpu(engine) => {
                let (outputs, tape) = engine.record(sequences, dropout).await?;
                (outputs, AnyTape::SegmentedCpu(Box::new(tape)))
            }
            #[cfg(feature = "gpu")]
            AnyEngine::SegmentedGpu(engine) => {
                let (outputs, tape) = engine.record(sequences, dropout).await?;
                (outputs, AnyTape::SegmentedGpu(Box::new(tape)))
            }
        })
    }

    async fn backward(&mut self, tape: AnyTape, d_outputs: OutputGradients<'_>, with_x: bool) -> Result<Gradients> {
        match (self, tape) {
            (AnyEngine::Cpu(engine), AnyTape::Cpu(tape)) => engine.backward(tape, d_outputs, with_x).await,
            #[cfg(feature = "gpu")]
            (AnyEngine::Gpu(engine), AnyTape::Gpu(tape)) => engine.backward(tape, d_outputs, with_x).await,
            (AnyEngine::SegmentedCpu(engine), AnyTape::SegmentedCpu(tape)) => {
                engine.backward(*tape, d_outputs, with_x).await
            }
            #[cfg(feature = "gpu")]
            (AnyEngine::SegmentedGpu(engine), AnyTape::SegmentedGpu(tape)) => {
                engine.backward(*tape, d_outputs, with_x).await
            }
            _ => Err(Error::StaleTape),
        }
    }

    async fn differentiate(
        &mut self,
        sequences: &Sequences<'_>,
        targets: &[f32],
        objective: &Objective,
    ) -> Result<Differentiated> {
        on!(self, engine => engine.differentiate(sequences, targets, objective).await)
    }

    fn open_stream(&mut self, rows: usize, states: Option<&[f32]>) -> Result<()> {
        on!(self, engine => engine.open_stream(rows, states))
    }

    async fn step_many(&mut self, x: &[f32], steps: usize) -> Result<Vec<f32>> {
        on!(self, engine => engine.step_many(x, steps).await)
    }

    async fn states(&mut self) -> Result<Vec<f32>> {
        on!(self, engine => engine.states().await)
    }
}
