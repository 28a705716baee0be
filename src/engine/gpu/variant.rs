//! Picks the layout of each kernel's work from the adapter's limits and the network's shape: the one place where variants
//! are chosen.

use super::context::Gpu;
use super::work::{Format, LANES, Work};
use crate::model::Spec;
use wgpu::{Adapter, Features};

/// Which kernels a device runs, where there is a choice; every one is held against the oracle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kernels {
    /// What suits the adapter and the shape.
    #[default]
    Chosen,
    /// A recurrent kernel a time step, products in workgroup memory: what GPUs run where the hidden size is large.
    Tiles,
    /// A recurrent kernel a time step, products in the registers of a subgroup: what software adapters run there.
    /// Refused by adapters without subgroups of one size.
    Lanes,
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
    /// How four values lie in its buffers.
    pub format: Format,
    /// Whether every recurrent kernel takes one time step, whatever the hidden size.
    pub always_steps: bool,
    /// The features that this needs.
    pub features: Features,
}

impl Traits {
    /// Of an adapter; none where it cannot run the kernels that are asked for. `basic` leaves out what a browser may lack.
    pub fn choose(adapter: &Adapter, kernels: Kernels, basic: bool) -> Option<Self> {
        let (info, has) = (adapter.get_info(), adapter.features());
        let software = info.device_type == wgpu::DeviceType::Cpu && !basic && kernels != Kernels::Tiles;
        let one_size = info.subgroup_min_size == info.subgroup_max_size && LANES.contains(&info.subgroup_max_size);
        let lanes = (one_size && !basic && has.contains(Features::SUBGROUP)).then_some(info.subgroup_max_size);
        let family = match (kernels, lanes) {
            (Kernels::Chosen, Some(lanes)) if software => Family::Lanes(lanes),
            (Kernels::Lanes, lanes) => Family::Lanes(lanes?),
            (Kernels::Chosen | Kernels::Tiles, _) => Family::Tiles,
        };
        let format = match software && has.contains(Features::SHADER_INT64) {
            true => Format::Pairs,
            false => Format::Quads,
        };
        let mut features = Features::empty();
        features.set(Features::SUBGROUP, matches!(family, Family::Lanes(_)));
        features.set(Features::SHADER_INT64, format == Format::Pairs);
        Some(Traits { family, format, always_steps: kernels != Kernels::Chosen, features })
    }
}

/// How the recurrent kernels go through time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// One dispatch for the whole sequence, of this layout forwards and this one backwards.
    Scan(ScanShape, ScanShape),
    /// A dispatch a time step.
    Steps,
}

/// The layout of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanShape {
    /// Row quads that one workgroup owns.
    pub row_quads: u32,
    /// Of a workgroup.
    pub work: Work,
}

/// How the recurrent kernels of a network go through time, for batches of `row_quads` quads of rows: by scans, as long as what these
/// keep in workgroup memory fits.
pub fn method(gpu: &Gpu, spec: &Spec, row_quads: usize) -> Method {
    // Forwards two hidden states stay in workgroup memory, backwards the deltas of every gate.
    let shapes = [2, spec.facts().gates].map(|vectors| scan_shape(gpu, spec, vectors, row_quads));
    match shapes {
        [Some(forward), Some(backward)] if !gpu.traits.always_steps => Method::Scan(forward, backward),
        _ => Method::Steps,
    }
}

/// Row quads of a scan's item for a batch of `rows` rows: a software adapter pays for loads, and four row quads share
/// those of the weights; a GPU wants many invocations. A batch is padded to whole items.
pub fn item_quads(gpu: &Gpu, rows: usize) -> usize {
    if gpu.software && rows > 16 { 4 } else { 1 }
}

/// The layout of a scan over `row_quads` quads of batch rows that keeps so many vectors of H values a row in workgroup memory, if they
/// fit. A GPU gets many small workgroups; a software adapter gets a few large ones, one core each, so that a barrier is shared by many
/// rows.
fn scan_shape(gpu: &Gpu, spec: &Spec, vectors: usize, row_quads: usize) -> Option<ScanShape> {
    let quads = spec.hidden.div_ceil(4);
    let per_quad = vectors * quads * 4;
    let memory = gpu.limits.max_compute_workgroup_storage_size as usize / 16;
    if per_quad > memory {
        return None;
    }
    let lanes = gpu.limits.max_compute_invocations_per_workgroup.min(gpu.limits.max_compute_workgroup_size_x).min(256);
    let item = item_quads(gpu, row_quads * 4);
    let (item, wanted) = match item * per_quad <= memory {
        true => {
            (item, if gpu.software { (64 / quads).max(item).min(row_quads.div_ceil(2)) } else { (32 / quads).max(1) })
        }
        // Sixteen rows of so many units do not fit in workgroup memory.
        false => (1, 1),
    };
    let owned = (wanted.min(memory / per_quad).min(row_quads) / item).max(1) * item;
    // Few sizes are compiled: powers of two, and whole vectors: 8 lanes on lavapipe, where a vector without work still
    // runs each loop once, 32 on most GPUs.
    let vector = if gpu.software { 8 } else { 32 };
    let invocations = ((owned * quads / item) as u32).next_power_of_two().clamp(vector, lanes);
    let shared = (owned * per_quad).next_power_of_two().min(memory);
    let work = Work::Scan { invocations, item_quads: item as u32, shared: shared as u32 };
    Some(ScanShape { row_quads: owned as u32, work })
}

/// The workgroups that keep an adapter busy: a few a core of a software adapter, four a multiprocessor of a large GPU.
fn enough(gpu: &Gpu) -> usize {
    if gpu.software { 8 } else { 512 }
}

/// The layout of a product of `rows` rows by `quads` quads of columns, each of `gates` values a unit. `is_step` marks those that a time
/// step waits for.
pub fn product(gpu: &Gpu, rows: usize, quads: usize, gates: usize, is_step: bool) -> Work {
    match gpu.traits.family {
        Family::Lanes(lanes) => {
            let own = rows.div_ceil(lanes as usize).next_power_of_two().min(4);
            // Up to 16 column quads: 4 rows of 64 sums fill the registers and the nearest cache.
            let most = (16 / gates).max(1);
            let layout = |units: usize| Work::Lanes { lanes, own: own as u32, columns: (units * gates) as u32 };
            let even = |most: usize| quads.div_ceil(quads.div_ceil(most));
            let units = [most, most / 2, most / 4].into_iter().filter(|&units| units > 0).map(even);
            let busy = |units: &usize| layout(*units).workgroups(rows, quads.div_ceil(*units)) >= enough(gpu);
            let fewest = even((most / 4).max(1));
            layout(units.into_iter().find(busy).unwrap_or(fewest))
        }
        Family::Tiles => tiles(gpu, rows, quads, gates, is_step),
    }
}

/// vec4s of workgroup memory that every adapter has.
const TILE_MEMORY: u32 = 1024;

/// The layout of a product in workgroup memory: where a time step waits for it and the batch is small, the invocations of a workgroup share the
/// sums over k.
fn tiles(gpu: &Gpu, rows: usize, quads: usize, gates: usize, is_step: bool) -> Work {
    let units = if gates > 1 { 1 } else { quads.clamp(1, if is_step { 2 } else { 4 }) };
    let columns = (units * gates) as u32;
    let side = |wanted: usize, most: usize| wanted.next_power_of_two().min(most) as u32;
    let (row_quads, items, splits) = match is_step && rows < 256 {
        true => (side(rows.div_ceil(4), 8), side(quads.div_ceil(units), 2), 256),
        false => (side(rows.div_ceil(4), 16), side(quads.div_ceil(units), 8), 1),
    };
    let depth = (TILE_MEMORY / (4 * (row_quads + items * columns))).min(16);
    let most = gpu.limits.max_compute_invocations_per_workgroup.min(256) / (row_quads * items);
    // Every split has a k, and what is fetched is a multiple of the splits.
    let splits = splits.min(most).min(depth * 4);
    let splits = 1 << splits.ilog2();
    let splits = if splits < 4 { 1 } else { splits };
    Work::Tiles { row_quads, items, columns, depth, splits }
}

/// The layout of a weight gradient of `left` by `right` quads.
pub fn outer(gpu: &Gpu, left: usize, right: usize) -> Work {
    match gpu.traits.family {
        Family::Lanes(lanes) => {
            let columns = (right.next_power_of_two() as u32).min(lanes).min(8);
            let own = (16 / columns).min(4).min(left.div_ceil(lanes as usize) as u32);
            Work::Lanes { lanes, own, columns }
        }
        Family::Tiles => {
            let columns = right.next_power_of_two().min(4);
            let side = |wanted: usize, most: usize| wanted.next_power_of_two().min(most) as u32;
            let (row_quads, items) = (side(left, 16), side(right.div_ceil(columns), 4));
            Work::Tiles { row_quads, items, columns: columns as u32, depth: 8, splits: 1 }
        }
    }
}

/// The parts that (`steps`, `rows`) are cut into for the partial sums of weight gradients of so many workgroups: enough to fill
/// the adapter, each of at least 16 rows of steps. Steps are cut first; a loop over more than 65,535 rows would be cut
/// short by lavapipe's limit on iterations.
pub fn splits(gpu: &Gpu, workgroups: usize, steps: usize, rows: usize) -> (usize, usize) {
    let splits = enough(gpu).div_ceil(workgroups.max(1)).min(64).min((steps * rows / 16).max(1));
    let step_splits = splits.min(steps);
    (step_splits, (splits / step_splits).max(rows.div_ceil(1 << 15)))
}

/// The steps that a projection of the input covers where nothing keeps it, so that its buffer of `step_bytes` a step
/// stays small.
pub fn chunk(steps: usize, step_bytes: usize) -> usize {
    (MOST_CHUNK / step_bytes.max(1)).clamp(1, steps)
}

/// Bytes of projected inputs: half of a large GPU's cache.
const MOST_CHUNK: usize = 24 << 20;
