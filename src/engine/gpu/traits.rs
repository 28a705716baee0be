//! What kernels a device runs, from what its adapter has and what its user asked for; the layout of each is `variant.rs`'s.

use super::context::Options;
use super::work::{Format, LANES};
use crate::error::{Error, Result};
use wgpu::{Adapter, Features, TextureFormat, TextureFormatFeatureFlags};

/// Which kernels a device runs, where there is a choice; every one is held against the oracle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kernels {
    /// What suits the adapter and the shape.
    #[default]
    Chosen,
    /// What GPUs run where the hidden size is small: a recurrent kernel a sequence, whose states stay in workgroup memory.
    Scans,
    /// What GPUs run where it is large: a recurrent kernel a time step, in tiles in workgroup memory.
    Steps,
    /// What software adapters run where the hidden size is small, or the batch large: a recurrent kernel a sequence, in the registers of
    /// a subgroup. Refused by adapters without subgroups of one size.
    LaneScans,
    /// What software adapters run else: a recurrent kernel a time step, in the registers of a subgroup; refused likewise.
    LaneSteps,
    /// What GPUs run where a network is small: two or three kernels a training step. What is not small takes scans.
    Fused,
    /// What software adapters run where a network is small; refused likewise.
    LaneFused,
}

impl Kernels {
    /// Each with its name.
    const NAMES: [(Kernels, &str); 7] = [
        (Kernels::Chosen, "chosen"),
        (Kernels::Scans, "scans"),
        (Kernels::Steps, "steps"),
        (Kernels::LaneScans, "lane-scans"),
        (Kernels::LaneSteps, "lane-steps"),
        (Kernels::Fused, "fused"),
        (Kernels::LaneFused, "lane-fused"),
    ];
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

/// How products of matrices are laid out on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `shaders/tiles`.
    Tiles,
    /// `shaders/lanes`, on subgroups of so many lanes.
    Lanes(u32),
}

/// What the kernels of a device are made for.
#[derive(Clone, Copy, Debug)]
pub struct Traits {
    /// How its products are laid out.
    pub family: Family,
    /// How four values lie in its arrays.
    pub format: Format,
    /// Whether every recurrent kernel takes one time step, or none does; else the shapes decide.
    pub steps: Option<bool>,
    /// Whether a small network's training step takes the fused kernels.
    pub fuses: bool,
    /// Bytes of projected inputs that a forward pass without a tape keeps at a time.
    pub chunk_bytes: usize,
    /// Bytes that all buffers of a plan take together, about, before its batches are taken in portions.
    pub portion_bytes: u64,
    /// The features that this needs.
    pub features: Features,
}

impl Traits {
    /// Of an adapter; none where it cannot run the kernels that are asked for. The default limits have no features.
    pub fn choose(adapter: &Adapter, options: Options) -> Option<Self> {
        let Options { default_limits: basic, kernels, .. } = options;
        let (info, has) = (adapter.get_info(), adapter.features());
        let one_size = info.subgroup_min_size == info.subgroup_max_size && LANES.contains(&info.subgroup_max_size);
        let lanes = (one_size && !basic && has.contains(Features::SUBGROUP)).then_some(info.subgroup_max_size);
        let family = match (kernels, lanes) {
            (Kernels::Chosen, Some(lanes)) if info.device_type == wgpu::DeviceType::Cpu => Family::Lanes(lanes),
            (Kernels::LaneScans | Kernels::LaneSteps | Kernels::LaneFused, lanes) => Family::Lanes(lanes?),
            (Kernels::Chosen | Kernels::Scans | Kernels::Steps | Kernels::Fused, _) => Family::Tiles,
        };
        let in_lanes = matches!(family, Family::Lanes(_));
        let format = match in_lanes && has_texels(adapter) {
            true => Format::Texels,
            false if !basic && has.contains(Features::SHADER_F16) => Format::HalfQuads,
            false => Format::Quads,
        };
        let mut features = Features::empty();
        features.set(Features::SUBGROUP, in_lanes);
        features.set(Features::TEXTURE_ADAPTER_SPECIFIC_FORMAT_FEATURES, format == Format::Texels);
        features.set(Features::SHADER_F16, format == Format::HalfQuads);
        let steps = match kernels {
            Kernels::Chosen => None,
            Kernels::Scans | Kernels::LaneScans | Kernels::Fused | Kernels::LaneFused => Some(false),
            Kernels::Steps | Kernels::LaneSteps => Some(true),
        };
        let fuses = matches!(kernels, Kernels::Chosen | Kernels::Fused | Kernels::LaneFused);
        // Half of a large GPU's cache; little where kernels are made to run, so that small shapes take several chunks.
        let chunk_bytes = if kernels == Kernels::Chosen { 24 << 20 } else { 4 << 10 };
        // No adapter tells what memory it has: a good part of a small GPU's, and little of a host's that others need too.
        let portion_bytes = options.portion_bytes.unwrap_or(match info.device_type {
            wgpu::DeviceType::DiscreteGpu => 4 << 30,
            _ => 1 << 30,
        });
        Some(Traits { family, format, steps, fuses, chunk_bytes, portion_bytes, features })
    }
}

/// Whether kernels can read and write the texels that arrays may lie in.
fn has_texels(adapter: &Adapter) -> bool {
    let has = |format| adapter.get_texture_format_features(format).flags;
    let needed = TextureFormatFeatureFlags::STORAGE_READ_ONLY | TextureFormatFeatureFlags::STORAGE_READ_WRITE;
    adapter.features().contains(Features::TEXTURE_ADAPTER_SPECIFIC_FORMAT_FEATURES)
        && [TextureFormat::Rgba32Float, TextureFormat::Rg32Uint].map(has).iter().all(|flags| flags.contains(needed))
}
