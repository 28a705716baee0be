//! What every choice depends on.

use crate::engine::Precision;
use crate::engine::gpu::device::{Capabilities, Kernels, Kind, Options};
use crate::engine::gpu::kernels::Storage;

/// What choices depend on, beside the network and the batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuning {
    /// What the adapter can do.
    pub capabilities: Capabilities,
    /// Which kernels it is made to run, where there is a choice.
    pub kernels: Kernels,
    /// How packed weights and the tape are stored.
    pub storage: Storage,
    /// Bytes that all buffers of a plan together may take, about, before its batches are taken in micro-batches.
    pub micro_batch_bytes: u64,
    /// Bytes of projected inputs that are made at a time.
    pub projection_bytes: usize,
}

impl Tuning {
    /// Of an adapter that was opened with these options.
    pub fn new(capabilities: Capabilities, options: Options, precision: Precision) -> Self {
        let storage = match precision {
            Precision::F32 => Storage::F32,
            Precision::F16 if capabilities.half => Storage::HalfNative,
            Precision::F16 => Storage::HalfWords,
        };
        // No adapter tells what memory it has: a good part of a small GPU's, and little of a host's that others need
        // too.
        let micro_batch_bytes = options.micro_batch_bytes.unwrap_or(match capabilities.kind {
            Kind::Discrete => 4 << 30,
            Kind::Integrated | Kind::Software => 1 << 30,
        });
        // Half of a large GPU's cache.
        let projection_bytes = options.projection_bytes.unwrap_or(24 << 20);
        Tuning { capabilities, kernels: options.kernels, storage, micro_batch_bytes, projection_bytes }
    }

    /// The workgroups that keep the adapter busy: four a unit.
    pub(super) fn busy(&self) -> usize {
        4 * self.capabilities.units as usize
    }

    /// Turns that all loops of an invocation may take together. lavapipe ends them after 65,535 turns, without a word,
    /// and turns are counted here to within a factor of 2.
    pub(super) fn most_turns(&self) -> usize {
        match self.capabilities.kind {
            Kind::Software => 1 << 15,
            Kind::Discrete | Kind::Integrated => usize::MAX,
        }
    }
}
