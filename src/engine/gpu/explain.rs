//! A plan in words and numbers: the training step dispatch by dispatch, and which kernels would be chosen for a shape.
//! It needs no adapter.

use super::device::{Access, Binding, Capabilities, Options, reflect};
use super::kernels::{BufferId, Dims, Dispatch, Module};
use super::plan::{Batches, Buffers, DataShape, Declared, Description, Given, NetworkDescription, Origin};
use super::plan::{Purpose, Reach, micro_batch};
use super::tuning::{Estimate, Method, Tuning, estimates};
use crate::engine::Precision;
use crate::model::Spec;
use serde::Serialize;
use std::collections::HashMap;

/// What is to be explained.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// What the adapter can do.
    pub capabilities: Capabilities,
    /// How it would be opened.
    pub options: Options,
    /// How weights and the tape are stored.
    pub precision: Precision,
    /// The network.
    pub spec: Spec,
    /// Rows of a batch.
    pub rows: usize,
    /// Time steps of a row.
    pub steps: usize,
    /// The probability that a unit between two layers is dropped.
    pub dropout: f64,
}

/// A training step.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    /// `fused`, `scans` or `steps`.
    pub kernels: &'static str,
    /// The steps that each layer is behind the one it waits for, where layers go side by side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wavefront: Option<usize>,
    /// Rows of a micro-batch, where the batch is too large to be taken at once. What follows is the step's first one,
    /// and the update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub micro_batch: Option<usize>,
    /// The dispatches in their order, folded.
    pub dispatches: Vec<ExplainedDispatch>,
    /// How many dispatches these are.
    pub count: usize,
    /// Additions and multiplications; a span of steps that is not whole, as there are at the ends of a sequence, counts
    /// as one that is.
    pub flops: u64,
    /// Bytes read and written at least, counted likewise.
    pub bytes: u64,
    /// Bytes that are allocated.
    pub memory: ExplainedMemory,
    /// Bytes of the plan that the way back finds of the way forward: inputs, states and tapes.
    pub kept: u64,
    /// Why the adapter cannot run it: a buffer is larger than it allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// Bytes of the buffers of a training step, without the engine's few for the constants and losses of its submissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ExplainedMemory {
    /// Whatever the batch: parameters, gradients, moments, packed weights.
    pub network: u64,
    /// The windows of one batch, with their targets.
    pub windows: u64,
    /// What the plan allocates for a batch.
    pub plan: u64,
    /// All of these.
    pub total: u64,
}

/// A dispatch, as often as it is taken in a row and in rounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedDispatch {
    /// The kernel.
    pub kernel: &'static str,
    /// Its shader.
    pub file: String,
    /// How often it is dispatched: in a row, times `rounds`.
    pub times: usize,
    /// The place of its round among all. Dispatches of a round are taken one after another, over and over.
    pub round: usize,
    /// How often its round is taken.
    pub rounds: usize,
    /// Workgroups of one dispatch.
    pub workgroups: [u32; 3],
    /// Invocations of a workgroup.
    pub invocations: u32,
    /// What it only reads: names and shapes.
    pub reads: Vec<String>,
    /// What it writes, and may read.
    pub writes: Vec<String>,
    /// Additions and multiplications, of all times.
    pub flops: u64,
    /// Bytes read and written at least, of all times.
    pub bytes: u64,
}

/// Which kernels a shape would take, and what was estimated.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Choice {
    /// `fused`, `scans` or `steps`.
    pub kernels: &'static str,
    /// Microseconds that a time step of scans is estimated to take there and back, where they fit workgroup memory.
    pub scans_us: Option<f64>,
    /// Microseconds of a dispatch a step.
    pub steps_us: f64,
}

impl Request {
    fn tuning(&self) -> Tuning {
        Tuning::new(self.capabilities, self.options, self.precision)
    }

    fn describe(&self) -> (NetworkDescription, Description) {
        let tuning = self.tuning();
        let network = NetworkDescription::new(&tuning, &self.spec);
        let purpose = Purpose::gradients(&self.spec, self.rows, Reach::Parameters, self.dropout);
        let target_len = self.spec.read_steps(self.steps) * self.spec.outputs();
        let data = DataShape::sequences(self.spec.input, self.rows, self.steps, target_len);
        let purpose = micro_batch(&tuning, &network, purpose, data);
        let description = Description::new(&tuning, &network, purpose, data);
        (network, description)
    }
}

/// A training step, dispatch by dispatch.
pub fn explain(request: &Request) -> Explained {
    let (network, description) = request.describe();
    let taken = taken(&network, &description);
    let mut bindings = HashMap::new();
    let mut dispatches = Vec::new();
    for (round, (runs, rounds)) in rounds(&taken).into_iter().enumerate() {
        for Run { taken: Taken { dispatch, buffers, .. }, in_a_row } in runs {
            let bindings = bindings.entry(&dispatch.module).or_insert_with(|| reflect(&dispatch.module.source()));
            dispatches.push(explained(dispatch, buffers, bindings, in_a_row, round, rounds));
        }
    }
    let is_micro = description.purpose.batches == Batches::Micro;
    Explained {
        kernels: kernels(&description),
        wavefront: description.wavefront,
        micro_batch: is_micro.then_some(description.purpose.batch),
        count: taken.len(),
        flops: dispatches.iter().map(|dispatch| dispatch.flops).sum(),
        bytes: dispatches.iter().map(|dispatch| dispatch.bytes).sum(),
        dispatches,
        memory: memory(&network, &description),
        kept: description.kept_bytes(),
        refused: refused(&request.capabilities, &network, &description),
    }
}

/// A dispatch of the step.
#[derive(Clone, Copy)]
struct Taken<'a> {
    dispatch: &'a Dispatch,
    buffers: &'a Buffers,
    /// Where in time it begins, if it takes some steps of a sequence.
    time: Option<u32>,
}

/// All dispatches of a step, the update included.
fn taken<'a>(network: &'a NetworkDescription, description: &'a Description) -> Vec<Taken<'a>> {
    let is_timed = |dispatch: &Dispatch| dispatch.bindings.iter().any(|(name, _)| *name == "time");
    let gradients = description.gradients().map(|scheduled| {
        let dispatch = &description.dispatches[scheduled.dispatch];
        Taken { dispatch, buffers: &description.buffers, time: is_timed(dispatch).then_some(scheduled.time) }
    });
    let update: &[Dispatch] = if description.training.is_some() { &[] } else { &network.update };
    gradients.chain(update.iter().map(|dispatch| Taken { dispatch, buffers: &network.buffers, time: None })).collect()
}

/// A dispatch, so many times in a row.
#[derive(Clone, Copy)]
struct Run<'a> {
    /// The first of them.
    taken: Taken<'a>,
    in_a_row: usize,
}

/// What is taken as rounds, each with how often it follows itself. The runs of a round begin at the same place in time,
/// such as a chunk's projection and the steps that complete it.
fn rounds<'a>(taken: &[Taken<'a>]) -> Vec<(Vec<Run<'a>>, usize)> {
    let in_a_row = taken.chunk_by(|a, b| std::ptr::eq(a.dispatch, b.dispatch));
    let runs: Vec<Run> = in_a_row.map(|run| Run { taken: run[0], in_a_row: run.len() }).collect();
    let is_same = |a: &Run, b: &Run| std::ptr::eq(a.taken.dispatch, b.taken.dispatch) && a.in_a_row == b.in_a_row;
    let ends_with = |last: &[Run], round: &[Run]| {
        last.len() >= round.len() && last[last.len() - round.len()..].iter().zip(round).all(|(a, b)| is_same(a, b))
    };
    let mut rounds: Vec<(Vec<Run>, usize)> = Vec::new();
    for round in runs.chunk_by(|a, b| a.taken.time.is_some() && a.taken.time == b.taken.time) {
        match rounds.last_mut() {
            Some((last, times)) if last.len() == round.len() && ends_with(last, round) => *times += 1,
            // What the first round has before it is taken once: what is dropped of all steps, the scan of the layer
            // below.
            Some((last, 1)) if ends_with(last, round) => {
                last.truncate(last.len() - round.len());
                rounds.push((round.to_vec(), 2));
            }
            _ => rounds.push((round.to_vec(), 1)),
        }
    }
    rounds
}

fn explained(
    dispatch: &Dispatch,
    buffers: &Buffers,
    bindings: &[Binding],
    in_a_row: usize,
    round: usize,
    rounds: usize,
) -> ExplainedDispatch {
    let bound = |name: &str| {
        let found = dispatch.bindings.iter().find(|(of_dispatch, _)| *of_dispatch == name);
        found.map(|(_, id)| *id).unwrap_or_else(|| panic!("{}: nothing is bound to `{name}`", dispatch.module.entry))
    };
    let Origin::Dims(dims) = &buffers.get(bound("dims")).origin else { panic!("`dims` is bound to shapes") };
    let of = |access: Access| {
        let names = bindings.iter().filter(|binding| binding.access == access).map(|binding| &binding.name);
        let read = names.filter(|name| !is_idle(dispatch, dims, name));
        read.map(|name| named(name, bound(name), buffers)).collect()
    };
    let times = in_a_row * rounds;
    ExplainedDispatch {
        kernel: dispatch.module.entry,
        file: format!("shaders/{}.wesl", dispatch.module.entry),
        times,
        round,
        rounds,
        workgroups: dispatch.groups,
        invocations: dispatch.module.invocations(),
        reads: of(Access::Read),
        writes: of(Access::ReadWrite),
        flops: dispatch.cost.flops * times as u64,
        bytes: dispatch.cost.bytes * times as u64,
    }
}

/// Whether a kernel binds something that it leaves alone: a scan has its input or what was projected of it.
fn is_idle(dispatch: &Dispatch, dims: &Dims, name: &str) -> bool {
    dispatch.module.entry == "scan_forward" && name == if dims.projected == 1 { "x" } else { "pre" }
}

/// A binding and what is bound to it: `states [S 1, T+2 52, B 32, D 1, HQ 5]`. Where each layer has a buffer, the layer
/// follows: `packed.1`; where the kernel has another name for it, the plan's: `below = states.0`.
fn named(binding: &str, id: BufferId, buffers: &Buffers) -> String {
    let declared = buffers.get(id);
    // Layers that lie in one buffer have one shape, but for the last.
    let parts: Vec<&Declared> =
        buffers.iter().filter(|part| matches!(part.origin, Origin::Part(whole, _) if whole == id)).collect();
    let shape = &parts.first().unwrap_or(&declared).shape;
    let numbers: Vec<usize> = parts.iter().chain([&declared]).filter_map(|declared| declared.layer).collect();
    let layers = match numbers.as_slice() {
        [] => String::new(),
        [layer] => format!(".{layer}"),
        [first, .., last] => format!(".{first}-{last}"),
    };
    let own = if binding == declared.name { String::new() } else { format!("{binding} = ") };
    let shape: Vec<String> = shape.iter().map(|(name, size)| format!("{name} {size}")).collect();
    format!("{own}{}{layers} [{}]", declared.name, shape.join(", "))
}

/// What a device allocates for a buffer of so many bytes.
fn allocated(declared: &Declared) -> u64 {
    declared.bytes().max(16).next_multiple_of(16)
}

fn memory(network: &NetworkDescription, description: &Description) -> ExplainedMemory {
    let mut of_network = Buffers::default();
    let packed = match network.packed_stride {
        Some(_) => vec![Given::PackedLayers],
        None => (0..network.spec.layers).map(Given::Packed).collect(),
    };
    let blocks = [Given::Parameters, Given::Gradients, Given::Moment1, Given::Moment2, Given::Norms];
    for given in blocks.into_iter().chain(packed) {
        network.given(&mut of_network, given);
    }
    let sum = |buffers: &Buffers, counts: &dyn Fn(&Declared) -> bool| -> u64 {
        buffers.iter().filter(|declared| counts(declared)).map(allocated).sum()
    };
    let uniforms = |declared: &Declared| matches!(declared.origin, Origin::Dims(_));
    let network = sum(&of_network, &|_| true) + sum(&network.buffers, &uniforms);
    let windows = sum(&description.buffers, &|declared| {
        matches!(declared.origin, Origin::Given(Given::Series | Given::Windows | Given::Order | Given::Targets))
    });
    let plan = sum(&description.buffers, &|declared| {
        declared.used && matches!(declared.origin, Origin::Own | Origin::Dims(_) | Origin::Times)
    });
    ExplainedMemory { network, windows, plan, total: network + windows + plan }
}

/// The first buffer that such an adapter would refuse.
fn refused(capabilities: &Capabilities, network: &NetworkDescription, description: &Description) -> Option<String> {
    let limit = capabilities.largest_binding;
    let given = network.buffers.iter().filter(|declared| matches!(declared.origin, Origin::Given(_)));
    let large = given.chain(description.buffers.allocated()).find(|declared| declared.bytes() > limit)?;
    Some(format!("buffer `{}` needs {} bytes, the adapter allows {limit}", large.name, large.bytes()))
}

fn kernels(description: &Description) -> &'static str {
    match (&description.training, description.method) {
        (Some(_), _) => "fused",
        (None, Method::Scan { .. }) => "scans",
        (None, Method::Steps { .. }) => "steps",
    }
}

/// The names of the kernels of that training step, in the order of their first dispatch.
pub fn kernel_names(request: &Request) -> Vec<&'static str> {
    let (network, description) = request.describe();
    let mut names = Vec::new();
    for Taken { dispatch, .. } in taken(&network, &description) {
        if !names.contains(&dispatch.module.entry) {
            names.push(dispatch.module.entry);
        }
    }
    names
}

/// The modules of a kernel of that training step as they are compiled, in the order of their first dispatch; none where
/// no dispatch has it. Several where layers differ in their layouts, or where a weight gradient is that of other
/// weights.
pub fn module_sources(request: &Request, kernel: &str) -> Vec<String> {
    let (network, description) = request.describe();
    let mut modules: Vec<&Module> = Vec::new();
    for Taken { dispatch, .. } in taken(&network, &description) {
        if dispatch.module.entry == kernel && !modules.contains(&&dispatch.module) {
            modules.push(&dispatch.module);
        }
    }
    modules.into_iter().map(|module| module.source().wgsl).collect()
}

/// Which kernels a shape would take on such an adapter.
pub fn choices(request: &Request) -> Choice {
    let (_, description) = request.describe();
    let rows = description.purpose.batch;
    let Estimate { scans, steps, .. } = estimates(&request.tuning(), &request.spec, rows, request.steps);
    Choice { kernels: kernels(&description), scans_us: scans, steps_us: steps }
}
