//! Picks the layout of each kernel's work from the device's traits, its limits and the network's shape: the one place where
//! variants are chosen.

use super::context::Gpu;
use super::network::one_scan;
use super::plan::{Purpose, row_bytes};
use super::shaders::PARTS;
use super::traits::Family;
use super::work::{Along, Work};
use crate::engine::Precision;
use crate::model::{Layout, Readout, Spec};

/// How the recurrent kernels go through time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// One dispatch for the whole sequence, of this layout forwards and this one backwards.
    Scan(ScanShape, ScanShape),
    /// The same in the registers of a subgroup, which shares out this side of the products.
    LaneScan(Side),
    /// A dispatch a time step.
    Steps,
}

impl Method {
    /// Row quads that a workgroup of a scan in workgroup memory owns, forwards and backwards; else 0.
    pub fn row_quads(self) -> [u32; 2] {
        match self {
            Method::Scan(forward, backward) => [forward.row_quads, backward.row_quads],
            Method::LaneScan(_) | Method::Steps => [0; 2],
        }
    }
}

/// The layout of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanShape {
    /// Row quads that one workgroup owns.
    pub row_quads: u32,
    /// Its invocations, and vec4s of workgroup memory.
    pub work: Work,
}

/// How the recurrent kernels of a network go through time, for batches of `rows` rows of `time` steps.
pub fn method(gpu: &Gpu, spec: &Spec, rows: usize, time: usize) -> Method {
    match (gpu.traits.family, gpu.traits.steps) {
        (_, Some(true)) => Method::Steps,
        (Family::Lanes(lanes), steps) => {
            let workgroups = |own: u32| rows.div_ceil((lanes * own) as usize) * spec.directions();
            let busy = |own: &u32| workgroups(*own) >= gpu.cores;
            let most = side(rows, lanes);
            let side = match most.along {
                Along::Columns => most,
                Along::Rows => {
                    let own = [4, 2, 1].into_iter().filter(|own| *own <= most.own).find(busy).unwrap_or(1);
                    Side { own, ..most }
                }
            };
            let flops = 2 * spec.facts().gates * spec.hidden * spec.hidden * rows * spec.directions();
            let is_short = time * turns(spec, side, lanes) <= MOST_TURNS;
            let is_idle = side.along == Along::Columns || side.own < 4;
            match steps.is_none() && (!is_short || is_idle && flops > WORTH_A_DISPATCH) {
                true => Method::Steps,
                false => Method::LaneScan(side),
            }
        }
        // As long as what scans keep in workgroup memory fits: forwards two hidden states, backwards the deltas of every gate.
        (Family::Tiles, _) => match [2, spec.facts().gates].map(|vectors| scan_shape(gpu, spec, vectors, rows / 4)) {
            [Some(forward), Some(backward)] => Method::Scan(forward, backward),
            _ => Method::Steps,
        },
    }
}

/// Whether there are layers that a GPU can take side by side: several, of one direction.
pub fn may_wave(gpu: &Gpu, spec: &Spec) -> bool {
    gpu.traits.family == Family::Tiles && spec.layers > 1 && !spec.bidirectional
}

/// Time steps that a dispatch costs beside its own.
const STEPS_A_DISPATCH: usize = 2;

/// How many steps behind the layer below each layer follows where all go side by side, a wavefront; none where one layer after another
/// is as fast. More steps are fewer dispatches, fewer a shorter way to the top layer's first.
pub fn wave(gpu: &Gpu, spec: &Spec, method: Method, rows: usize, time: usize) -> Option<usize> {
    if !may_wave(gpu, spec) {
        return None;
    }
    let workgroups = match method {
        Method::Scan(forward, _) => (rows / ROW_QUAD).div_ceil(forward.row_quads as usize),
        Method::Steps => {
            let (quads, gates) = (spec.hidden.div_ceil(4), spec.facts().gates);
            let work = product(gpu, rows, quads, gates, true);
            work.workgroups(rows, quads.div_ceil(work.columns() / gates))
        }
        Method::LaneScan(_) => return None,
    };
    let behind = spec.layers - 1;
    let span = ((STEPS_A_DISPATCH * time / behind).isqrt() + 1).min(time);
    let side_by_side = (time.div_ceil(span) + behind) * (span + STEPS_A_DISPATCH);
    let one_by_one = spec.layers * (time + STEPS_A_DISPATCH);
    // A core of a software adapter takes workgroups one after another.
    let busy = if gpu.software { gpu.cores.max(2) } else { enough(gpu) };
    (workgroups < busy && side_by_side < one_by_one).then_some(span)
}

/// Parameters of the largest network that the fused kernels take: one workgroup ends the step, and a software adapter
/// compiles a product for every few of them.
const FUSED_PARAMETERS: usize = 4096;

/// The layout of the fused kernels for batches of `rows` rows of `time` steps, where the network is one scan and a head, small
/// enough for registers, and the adapter takes them. Whether it does never depends on the rows.
pub fn fused(gpu: &Gpu, spec: &Spec, rows: usize, time: usize) -> Option<FusedShape> {
    let (quads, parameters) = (spec.hidden.div_ceil(4), Layout::new(spec).len());
    let small = parameters <= FUSED_PARAMETERS && quads <= 16 && spec.input <= 16 && spec.outputs() <= 8;
    if !gpu.traits.fuses || !one_scan(spec) || !small {
        return None;
    }
    let (lanes, abreast, groups) = match gpu.traits.family {
        Family::Lanes(lanes) if quads > lanes as usize => return None,
        Family::Lanes(lanes) => (Some(lanes), 1, gpu.cores),
        Family::Tiles => (None, (32 / quads).clamp(1, rows), enough(gpu)),
    };
    // Every turn takes some rows abreast there and back.
    let most = MOST_TURNS / fused_turns(spec, time, lanes.is_some());
    let groups = match gpu.software {
        true if most == 0 => return None,
        true => rows.div_ceil(most * abreast).next_multiple_of(groups),
        false => groups,
    };
    let group_rows = rows.div_ceil(groups).next_multiple_of(abreast);
    let every = spec.readout() == Readout::Every;
    let (abreast, quads) = (abreast as u32, quads as u32);
    let (inputs, outputs) = (spec.input as u32, spec.outputs() as u32);
    let work = Work::Fused { lanes, abreast, quads, inputs, outputs, every };
    Some(FusedShape { group_rows, groups: rows.div_ceil(group_rows), work })
}

/// Turns of loops that the fused kernel takes for a row, at most: there and back, the mean of each feature, outputs and losses, and
/// where weights are streamed, what they multiply.
fn fused_turns(spec: &Spec, time: usize, is_held: bool) -> usize {
    let (quads, gates, positions) = (spec.hidden.div_ceil(4), spec.facts().gates, spec.read_steps(time));
    let products = if is_held { 0 } else { quads * (3 * gates + quads) };
    time * (2 + spec.input + products) + positions * (8 + 4 * spec.outputs())
}

/// The layout of the fused kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FusedShape {
    /// Rows that one workgroup owns.
    pub group_rows: usize,
    pub groups: usize,
    pub work: Work,
}

impl FusedShape {
    /// Whether training steps take them: in 32 bits, where the last kernel, which adds the groups up for every parameter, ends on a
    /// software adapter.
    pub fn trains(&self, gpu: &Gpu, spec: &Spec) -> bool {
        let ends = !gpu.software || self.groups * Layout::new(spec).len().div_ceil(256) <= MOST_TURNS;
        gpu.precision == Precision::F32 && ends
    }
}

/// Operations of a time step that take a software adapter many times as long as a dispatch.
const WORTH_A_DISPATCH: usize = 1 << 20;

/// Turns of loops that a kernel takes at most where it can be helped: lavapipe ends all loops of an invocation after 65,535 turns
/// in all, without a word, and turns are counted here to within a factor of 2.
const MOST_TURNS: usize = 1 << 15;

/// Turns of loops that a step of a scan in lanes takes, forwards or backwards: of every place, those over k and over what is finished, and
/// some more (measured: 11).
fn turns(spec: &Spec, side: Side, lanes: u32) -> usize {
    let (quads, gates) = (spec.hidden.div_ceil(4), spec.facts().gates);
    let [forward, backward] = [(gates, 1), (1, gates)].map(|(columns, segments)| {
        let each = side.units(lanes, quads, columns);
        let places = match side.along {
            Along::Rows => quads.div_ceil(each),
            Along::Columns => quads.div_ceil(each * lanes as usize),
        };
        1 + places * (segments * (quads + 2) + side.own as usize * (each + 1) + 11)
    });
    forward.max(backward)
}

/// Rows that portions of a batch are a multiple of: the four that scans in tiles take at a time.
pub const ROW_QUAD: usize = 4;

/// The rows that a batch is padded to.
pub fn padded(gpu: &Gpu, rows: usize) -> usize {
    match gpu.traits.family {
        Family::Tiles => rows.next_multiple_of(ROW_QUAD),
        Family::Lanes(_) => rows,
    }
}

/// The layout of a scan over `row_quads` quads of batch rows that keeps so many vectors of H values a row in workgroup memory, if they
/// fit. Many small workgroups.
fn scan_shape(gpu: &Gpu, spec: &Spec, vectors: usize, row_quads: usize) -> Option<ScanShape> {
    let quads = spec.hidden.div_ceil(4);
    let per_quad = vectors * quads * 4;
    let memory = gpu.limits.max_compute_workgroup_storage_size as usize / 16;
    if per_quad > memory {
        return None;
    }
    let most = gpu.limits.max_compute_invocations_per_workgroup.min(gpu.limits.max_compute_workgroup_size_x).min(256);
    let owned = (32 / quads).max(1).min(memory / per_quad).min(row_quads);
    // Few sizes are compiled: powers of two, and the 32 lanes that most GPUs run together.
    let invocations = ((owned * quads) as u32).next_power_of_two().clamp(32, most);
    let shared = (owned * per_quad).next_power_of_two().min(memory);
    Some(ScanShape { row_quads: owned as u32, work: Work::Scan { invocations, shared: shared as u32 } })
}

/// The workgroups that keep an adapter busy: a few a core of a software adapter, four a multiprocessor of a large GPU.
fn enough(gpu: &Gpu) -> usize {
    if gpu.software { 4 * gpu.cores } else { 512 }
}

/// The layout of a product of `rows` rows by `quads` quads of columns, each of `gates` values a unit. `is_step` marks those that a time
/// step waits for.
pub fn product(gpu: &Gpu, rows: usize, quads: usize, gates: usize, is_step: bool) -> Work {
    match gpu.traits.family {
        Family::Lanes(lanes) => {
            let side = side(rows, lanes);
            let layouts = [1, 2, 4].map(|part| lane_layout(lanes, side, quads, gates, part));
            let busy = |work: &Work| work.workgroups(rows, quads.div_ceil(work.columns() / gates)) >= enough(gpu);
            layouts.into_iter().find(busy).unwrap_or(layouts[2])
        }
        Family::Tiles => tiles(gpu, rows, quads, gates, is_step),
    }
}

/// How a subgroup shares out the sides of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Side {
    /// What its lanes lie along.
    pub along: Along,
    /// Rows of a lane.
    pub own: u32,
}

impl Side {
    /// Bundles of `columns` column quads that pay in an item, at most, where there are so many. 8 column quads of four rows are as fast as
    /// any more of either, and sooner compiled; of fewer rows a lane, 16 keep more lanes loading weights. Where each loads its own, four.
    fn units(self, lanes: u32, bundles: usize, columns: usize) -> usize {
        let (most, bundles) = match self.along {
            Along::Rows => (if self.own < 4 { 16 } else { 8 }, bundles),
            Along::Columns => (4, bundles.div_ceil(lanes as usize)),
        };
        bundles.min((most / columns).max(1))
    }
}

/// How the product of so many rows is shared out, with the most rows a lane that pay. Along the columns while rows do not fill the lanes: one,
/// or four at a time, which take little longer than two. Then as many rows a lane as there are, up to four.
fn side(rows: usize, lanes: u32) -> Side {
    match rows <= lanes as usize {
        true => Side { along: Along::Columns, own: if rows == 1 { 1 } else { 4 } },
        false => Side { along: Along::Rows, own: rows.div_ceil(lanes as usize).next_power_of_two().min(4) as u32 },
    }
}

/// The layout of a scan in lanes.
pub fn lane_scan(gpu: &Gpu, side: Side, quads: usize, gates: usize) -> Work {
    let Family::Lanes(lanes) = gpu.traits.family else { unreachable!("only a device of lanes scans in them") };
    lane_layout(lanes, side, quads, gates, 1)
}

/// A product in lanes whose items have a `part`-th of as many columns as pay. Items are as even as can be.
fn lane_layout(lanes: u32, side: Side, quads: usize, gates: usize, part: usize) -> Work {
    let Side { along, own } = side;
    let units = quads.div_ceil(quads.div_ceil(side.units(lanes, quads, gates * part)));
    Work::Lanes { lanes, own, columns: (units * gates) as u32, along }
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
            let own = (8 / columns).min(4).min(left.div_ceil(lanes as usize) as u32);
            Work::Lanes { lanes, own, columns, along: Along::Rows }
        }
        Family::Tiles => {
            let columns = right.next_power_of_two().min(4);
            let side = |wanted: usize, most: usize| wanted.next_power_of_two().min(most) as u32;
            let (row_quads, items) = (side(left, 16), side(right.div_ceil(columns), 4));
            Work::Tiles { row_quads, items, columns: columns as u32, depth: 8, splits: 1 }
        }
    }
}

/// Turns of loops that a weight gradient in tiles takes for a row of a step: up to 5 to fetch it, and 5 to multiply it by four columns.
const TILE_TURNS: usize = 10;

/// The parts that (`steps`, `rows`) are cut into for the partial sums of weight gradients of so many workgroups: enough to fill
/// the adapter, each of at least 16 rows of steps, and on a software adapter of at most MOST_TURNS. Steps are cut first.
pub fn splits(gpu: &Gpu, workgroups: usize, steps: usize, rows: usize) -> (usize, usize) {
    let splits = enough(gpu).div_ceil(workgroups.max(1)).min(64).min((steps * rows / 16).max(1));
    let turns = match gpu.traits.family {
        Family::Tiles => TILE_TURNS,
        Family::Lanes(_) => 1,
    };
    let least = if gpu.software { (steps * rows * turns).div_ceil(MOST_TURNS) } else { 1 };
    let step_splits = splits.max(least).min(steps);
    (step_splits, (splits / step_splits).max(least.div_ceil(step_splits)))
}

/// The steps that a projection of the input covers where nothing keeps it, of `step_bytes` each.
pub fn chunk(gpu: &Gpu, steps: usize, step_bytes: usize) -> usize {
    (gpu.traits.chunk_bytes / step_bytes.max(1)).clamp(1, steps)
}

/// The rows of a batch of `rows` that are taken at a time, where a row takes so many bytes in each buffer: all of them, where each buffer
/// is within the adapter's limits and all together take no more than `portion_bytes`; else even portions of whole row quads.
pub fn portion(gpu: &Gpu, rows: usize, row_bytes: &[(&str, u64)]) -> usize {
    let most = (most_rows(gpu, row_bytes) / ROW_QUAD).max(1) * ROW_QUAD;
    match rows.next_multiple_of(ROW_QUAD) <= most {
        true => rows,
        false => rows.div_ceil(rows.div_ceil(most)).next_multiple_of(ROW_QUAD),
    }
}

/// Rows of so many bytes that fit.
fn most_rows(gpu: &Gpu, row_bytes: &[(&str, u64)]) -> usize {
    let bytes = row_bytes.iter().map(|(_, bytes)| bytes);
    let (largest, together) = (bytes.clone().max().expect("a plan has buffers"), bytes.sum::<u64>());
    (gpu.largest_array() / largest).min(gpu.traits.portion_bytes / together) as usize
}

/// Time steps of a piece of a long sequence, at most: what a submission can do within the time limits of drivers and browsers.
const MOST_STEPS: usize = 1 << 14;

/// Those of a piece that is long enough to be worth its submission.
const ENOUGH_STEPS: usize = 64;

/// The rows and the time steps that a forward pass over sequences given outright takes at a time, where they do not fit. Where there are
/// both directions, whose reverse one begins at the end, all time steps.
pub fn pieces(gpu: &Gpu, spec: &Spec, rows: usize, time: usize) -> (usize, usize) {
    let enough = if spec.bidirectional { time } else { time.min(ENOUGH_STEPS) };
    let rows = portion(gpu, rows, &row_bytes(&Purpose::outputs(spec, rows), gpu.precision, enough, 0));
    (rows, if spec.bidirectional { time } else { piece(gpu, spec, rows, time) })
}

/// The time steps that a stream of `rows` rows takes at a time of `time`: no more than fit, nor than the kernels take that suit few steps.
pub fn piece(gpu: &Gpu, spec: &Spec, rows: usize, time: usize) -> usize {
    let fits = |steps: usize| {
        let bytes = row_bytes(&Purpose::outputs(spec, rows), gpu.precision, steps, 0);
        rows.next_multiple_of(ROW_QUAD) <= most_rows(gpu, &bytes)
    };
    let kernels = |steps| (fused(gpu, spec, rows, steps).is_some(), method(gpu, spec, rows, steps) == Method::Steps);
    let suits = |steps| fits(steps) && (steps <= ENOUGH_STEPS || kernels(steps) == kernels(ENOUGH_STEPS));
    let mut pieces = time.div_ceil(MOST_STEPS);
    while time.div_ceil(pieces) > 1 && !suits(time.div_ceil(pieces)) {
        pieces *= 2;
    }
    time.div_ceil(pieces)
}

/// Workgroups that a sum over `items` items is shared by: one while that takes no longer than a second dispatch would, else
/// PARTS.
pub fn sum_groups(gpu: &Gpu, items: usize) -> u32 {
    let few = if gpu.software { 1 << 14 } else { 1 << 12 };
    if items <= few { 1 } else { PARTS }
}
