//! How to open a device.

use crate::error::{Error, Result};

/// How to open a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Ask for WebGPU's default limits, as a browser would give, instead of the adapter's own.
    pub default_limits: bool,
    /// Keep the bounds checks and loop bounds in the kernels that wgpu adds to shaders it does not trust.
    pub checked: bool,
    /// Which kernels to run, where there is a choice.
    pub kernels: Kernels,
    /// Ask for timestamps, where the adapter has them.
    pub timestamps: bool,
    /// Bytes that all buffers of a batch together may take, about, before it is taken in micro-batches; else what suits
    /// the kind of adapter.
    pub micro_batch_bytes: Option<u64>,
    /// Milliseconds that a submission may take, about, by the speed of those before: work that takes longer goes in
    /// several. By default there is no limit, but in a browser one of 30.
    pub submission_ms: Option<u32>,
    /// Bytes of projected inputs that are made at a time; else what fits a cache.
    pub projection_bytes: Option<usize>,
}

impl Options {
    /// Milliseconds that a submission may take, where there is a limit.
    pub(super) fn longest_submission(self) -> Option<u32> {
        self.submission_ms.or(cfg!(target_arch = "wasm32").then_some(30))
    }
}

/// Which kernels a device runs, where there is a choice; every one is held against the oracle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kernels {
    /// What the adapter and the shape are estimated to be fastest with.
    #[default]
    Chosen,
    /// One dispatch for many time steps, whose states stay in workgroup memory, where they fit; else as
    /// [`Kernels::Steps`].
    Scans,
    /// A dispatch a time step.
    Steps,
    /// Three dispatches a training step, and one a forward pass, where a network is small enough; else what is chosen
    /// of the other two.
    Fused,
}

impl Kernels {
    /// Each with its name.
    const NAMES: [(Kernels, &str); 4] =
        [(Kernels::Chosen, "chosen"), (Kernels::Scans, "scans"), (Kernels::Steps, "steps"), (Kernels::Fused, "fused")];
}

impl std::fmt::Display for Kernels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(Kernels::NAMES.iter().find(|(kernels, _)| kernels == self).map_or("", |(_, name)| name))
    }
}

impl std::str::FromStr for Kernels {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Kernels::NAMES.iter().find(|(_, name)| *name == text);
        found
            .map(|(kernels, _)| *kernels)
            .ok_or_else(|| Error::config("kernels", text, Kernels::NAMES.map(|(_, name)| name).join(", ")))
    }
}
