//! A plan in words and numbers: the training step dispatch by dispatch, and which kernels would be chosen for a shape.
//! It needs no adapter.

use super::device::{Access, Capabilities, Options, reflect};
use super::kernels::Dispatch;
use super::plan::{Buffers, DataShape, Declared, Description, NetworkDescription, Purpose, Reach, Scheduled};
use super::tuning::{Estimate, Tuning, estimates};
use crate::engine::Precision;
use crate::model::Spec;
use serde::Serialize;

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
    /// The dispatches, those that follow each other with the same kernel in one entry.
    pub dispatches: Vec<ExplainedDispatch>,
    /// Dispatches of the step.
    pub count: usize,
    /// Additions and multiplications of the step.
    pub flops: u64,
    /// Bytes read and written at least.
    pub bytes: u64,
    /// Bytes that the plan and the network allocate.
    pub memory: u64,
    /// Bytes that the way back finds of the way forward: inputs, states and tapes.
    pub kept: u64,
}

/// Some dispatches of one kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedDispatch {
    /// The kernel.
    pub kernel: &'static str,
    /// Its shader.
    pub file: String,
    /// How often it is dispatched here.
    pub times: usize,
    /// Workgroups of one dispatch.
    pub workgroups: [u32; 3],
    /// Invocations of a workgroup.
    pub invocations: u32,
    /// What it reads alone: names and shapes.
    pub reads: Vec<String>,
    /// What it writes.
    pub writes: Vec<String>,
    /// Additions and multiplications, of all of them.
    pub flops: u64,
    /// Bytes read and written at least, of all of them.
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
        let purpose = super::plan::micro_batch(&tuning, &network, purpose, data);
        let description = Description::new(&tuning, &network, purpose, data);
        (network, description)
    }
}

/// A training step, dispatch by dispatch; of a batch that does not fit at once, that of its first micro-batch.
pub fn explain(request: &Request) -> Explained {
    let (network, description) = request.describe();
    let mut dispatches: Vec<ExplainedDispatch> = Vec::new();
    for Scheduled { dispatch, .. } in description.gradients() {
        add(&mut dispatches, &description.dispatches[*dispatch], &description.buffers);
    }
    if description.training.is_none() {
        network.update.iter().for_each(|dispatch| add(&mut dispatches, dispatch, &network.buffers));
    }
    let given: u64 = network.buffers.iter().chain(network_blocks(&description)).map(Declared::bytes).sum();
    Explained {
        kernels: kernels(&description),
        wavefront: description.wavefront,
        count: dispatches.iter().map(|of_kernel| of_kernel.times).sum(),
        flops: dispatches.iter().map(|of_kernel| of_kernel.flops).sum(),
        bytes: dispatches.iter().map(|of_kernel| of_kernel.bytes).sum(),
        memory: given + description.buffers.allocated().map(Declared::bytes).sum::<u64>(),
        kept: description.kept_bytes(),
        dispatches,
    }
}

/// What the plan finds of the windows.
fn network_blocks(description: &Description) -> impl Iterator<Item = &Declared> {
    description.buffers.iter().filter(|declared| matches!(declared.name, "series" | "windows" | "order" | "targets"))
}

/// Adds a dispatch to the last entry, where that is the same, or as one of its own.
fn add(dispatches: &mut Vec<ExplainedDispatch>, dispatch: &Dispatch, buffers: &Buffers) {
    let mut one = explained(dispatch, buffers);
    if let Some(last) = dispatches.last_mut() {
        let shared = ExplainedDispatch { times: last.times, flops: last.flops, bytes: last.bytes, ..one.clone() };
        if shared == *last {
            last.times += 1;
            last.flops += one.flops;
            last.bytes += one.bytes;
            return;
        }
    }
    one.times = 1;
    dispatches.push(one);
}

fn explained(dispatch: &Dispatch, buffers: &Buffers) -> ExplainedDispatch {
    let bindings = reflect(&dispatch.module.source());
    let of = |access: Access| {
        let bound = bindings.iter().filter(|binding| binding.access == access);
        let name = |binding: &super::device::Binding| {
            let found = dispatch.bindings.iter().find(|(name, _)| *name == binding.name);
            let (_, id) = found.expect("every binding is bound");
            named(&binding.name, buffers.get(*id))
        };
        bound.map(name).collect()
    };
    ExplainedDispatch {
        kernel: dispatch.module.entry,
        file: format!("shaders/{}.wesl", dispatch.module.entry),
        times: 1,
        workgroups: dispatch.groups,
        invocations: dispatch.module.invocations(),
        reads: of(Access::Read),
        writes: of(Access::ReadWrite),
        flops: dispatch.cost.flops,
        bytes: dispatch.cost.bytes,
    }
}

/// A binding and what is bound to it: `states [1, 52, 32, 1, 5]`.
fn named(binding: &str, declared: &Declared) -> String {
    let shape: Vec<String> = declared.shape.iter().map(|(_, size)| size.to_string()).collect();
    let layer = declared.layer.map_or(String::new(), |layer| format!(".l{layer}"));
    let buffer = if binding == declared.name { String::new() } else { format!("={}", declared.name) };
    format!("{binding}{buffer}{layer} [{}]", shape.join(", "))
}

fn kernels(description: &Description) -> &'static str {
    match (&description.training, description.method) {
        (Some(_), _) => "fused",
        (None, super::tuning::Method::Scan { .. }) => "scans",
        (None, super::tuning::Method::Steps { .. }) => "steps",
    }
}

/// The module of a kernel of that training step, as it is compiled; none where no dispatch has it.
pub fn module_source(request: &Request, kernel: &str) -> Option<String> {
    let (network, description) = request.describe();
    let found = description.dispatches.iter().chain(&network.update).find(|dispatch| dispatch.module.entry == kernel);
    found.map(|dispatch| dispatch.module.source().wgsl)
}

/// Which kernels a shape would take on such an adapter.
pub fn choices(request: &Request) -> Choice {
    let (_, description) = request.describe();
    let Estimate { scans, steps, .. } = estimates(&request.tuning(), &request.spec, request.rows, request.steps);
    Choice { kernels: kernels(&description), scans_us: scans, steps_us: steps }
}
