//! What an adapter can do, as plain numbers: all that the choice of kernels and of their layouts depends on. A profile
//! stands for an adapter that is not at hand.

use super::options::Options;
use crate::error::{Error, Result};
use wgpu::{Adapter, DeviceType, Features, Limits};

/// The kind of an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A GPU with memory of its own.
    Discrete,
    /// A GPU that shares the processor's memory, or one of which nothing is known.
    Integrated,
    /// The processor, behind a driver that compiles kernels for it.
    Software,
}

/// What an adapter can do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Capabilities {
    /// Its kind.
    pub kind: Kind,
    /// Bytes of a workgroup's memory.
    pub workgroup_memory: u32,
    /// Invocations of a workgroup.
    pub workgroup_invocations: u32,
    /// Workgroups of a dispatch in each dimension.
    pub workgroups_a_dimension: u32,
    /// Bytes of the largest buffer.
    pub largest_buffer: u64,
    /// Bytes of the largest buffer that a kernel can read or write.
    pub largest_binding: u64,
    /// Whether kernels have numbers of 16 bits (SHADER_F16).
    pub half: bool,
    /// Units that run workgroups side by side: multiprocessors, cores. No adapter tells: a number that suits the kind,
    /// and for a software adapter that of a GPU of its limits.
    pub units: u32,
}

impl Capabilities {
    /// Of an adapter that is opened with these options, and the limits and features to ask it for.
    pub fn of(adapter: &Adapter, options: Options) -> (Self, Limits, Features) {
        let limits = if options.default_limits { Limits::default() } else { adapter.limits() };
        let half = !options.default_limits && adapter.features().contains(Features::SHADER_F16);
        let mut features = Features::empty();
        features.set(Features::SHADER_F16, half);
        if options.timestamps {
            features |= adapter.features() & Features::TIMESTAMP_QUERY;
        }
        let (kind, units) = match adapter.get_info().device_type {
            DeviceType::DiscreteGpu => (Kind::Discrete, 64),
            DeviceType::Cpu => (Kind::Software, 12),
            _ => (Kind::Integrated, 12),
        };
        (Capabilities { half, ..Capabilities::with_limits(kind, units, &limits) }, limits, features)
    }

    /// Refuses limits below WebGPU's default ones where kernels use them to the full: those of its compatibility mode.
    ///
    /// # Errors
    /// [`Error::Limit`] that names the first limit that is short, what is needed, and what `adapter` allows.
    pub fn check(limits: &Limits, adapter: &str) -> Result<()> {
        let needed = Limits::default();
        let kernels = [
            (
                "invocations a workgroup",
                needed.max_compute_invocations_per_workgroup,
                limits.max_compute_invocations_per_workgroup,
            ),
            (
                "invocations in a row of a workgroup",
                needed.max_compute_workgroup_size_x,
                limits.max_compute_workgroup_size_x,
            ),
            (
                "bytes of memory a workgroup",
                needed.max_compute_workgroup_storage_size,
                limits.max_compute_workgroup_storage_size,
            ),
            (
                "storage buffers",
                needed.max_storage_buffers_per_shader_stage,
                limits.max_storage_buffers_per_shader_stage,
            ),
        ];
        match kernels.into_iter().find(|(_, needed, limit)| limit < needed) {
            None => Ok(()),
            Some((unit, needed, limit)) => Err(Error::Limit {
                what: "a kernel".to_owned(),
                needed: needed.into(),
                limit: limit.into(),
                unit,
                adapter: adapter.to_owned(),
                remedy: "`Device::Cpu` computes without".to_owned(),
            }),
        }
    }

    fn with_limits(kind: Kind, units: u32, limits: &Limits) -> Self {
        // Kernels count elements, of four bytes at least, and dynamic offsets count bytes, in u32: below 2^32 bytes
        // neither overflows, nor does the number of invocations, one an element and some to fill the last workgroups.
        let largest_buffer = limits.max_buffer_size.min(u32::MAX.into());
        Capabilities {
            kind,
            workgroup_memory: limits.max_compute_workgroup_storage_size,
            workgroup_invocations: limits
                .max_compute_invocations_per_workgroup
                .min(limits.max_compute_workgroup_size_x),
            workgroups_a_dimension: limits.max_compute_workgroups_per_dimension,
            largest_buffer,
            largest_binding: largest_buffer.min(limits.max_storage_buffer_binding_size),
            half: false,
            units,
        }
    }

    /// What stands for an adapter that is not at hand, by name: `webgpu` is WebGPU's default limits, as every browser
    /// gives them. The others have the limits that wgpu's table of vendors gives, and as many units as one adapter of
    /// the kind has.
    pub fn profiles() -> [(&'static str, Self); 4] {
        let default = Limits::default();
        let like = |memory_kib: u32, binding: u64| Limits {
            max_compute_workgroup_storage_size: memory_kib << 10,
            max_compute_invocations_per_workgroup: 1024,
            max_compute_workgroup_size_x: 1024,
            max_buffer_size: binding,
            max_storage_buffer_binding_size: binding,
            ..default.clone()
        };
        let with_half = |kind, units, limits: &Limits| Capabilities {
            half: true,
            ..Capabilities::with_limits(kind, units, limits)
        };
        [
            ("h100-like", with_half(Kind::Discrete, 132, &like(48, 1 << 31))),
            ("m-series-like", with_half(Kind::Integrated, 16, &like(32, 1 << 30))),
            ("integrated-like", with_half(Kind::Integrated, 8, &like(32, 512 << 20))),
            ("webgpu", Capabilities::with_limits(Kind::Integrated, 12, &default)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_the_compatibility_mode_are_refused_by_name() {
        let default = Limits::default();
        assert!(Capabilities::check(&default, "A").is_ok());
        let few_buffers = Limits { max_storage_buffers_per_shader_stage: 4, ..default.clone() };
        let small = Limits { max_compute_invocations_per_workgroup: 128, ..few_buffers.clone() };
        for (limits, expected) in [
            (small, "a kernel needs 256 invocations a workgroup, but A allows 128; `Device::Cpu` computes without"),
            (few_buffers, "a kernel needs 8 storage buffers, but A allows 4; `Device::Cpu` computes without"),
            (
                Limits { max_compute_workgroup_storage_size: 16352, ..default.clone() },
                "a kernel needs 16384 bytes of memory a workgroup, but A allows 16352; `Device::Cpu` computes without",
            ),
            (
                Limits { max_compute_workgroup_size_x: 128, ..default },
                "a kernel needs 256 invocations in a row of a workgroup, but A allows 128; `Device::Cpu` computes without",
            ),
        ] {
            assert_eq!(Capabilities::check(&limits, "A").unwrap_err().to_string(), expected);
        }
    }
}
