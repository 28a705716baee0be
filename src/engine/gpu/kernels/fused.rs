//! A small network of one layer in one dispatch.

use super::dims::{Dims, READ_EVERY};
use super::dispatch::{Cost, Dispatch, kernel};
use super::module::{Module, Specialization};

/// The layout of the fused kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FusedLayout {
    /// Rows that a workgroup takes at a time.
    pub abreast: u32,
    /// Rows that one workgroup owns.
    pub group_rows: u32,
    /// Workgroups.
    pub groups: u32,
}

kernel! {
    /// `shaders/fused.wesl` in training: windows, forward scan, head, loss and the way back, up to the sums of the
    /// gradients over a workgroup's rows.
    Fused = "fused" { dims, step, packed, series, windows, order, states, targets, tape, partial }
}

kernel! {
    /// `shaders/fused.wesl` without a way back: windows, forward scan, head; y [B, T or 1, O].
    FusedInference = "fused" { dims, step, packed, series, windows, order, states, y }
}

impl Fused {
    /// Of batches of these shapes.
    pub fn dispatch(self, specialization: Specialization, layout: FusedLayout, dims: &Dims) -> Dispatch {
        let facts = specialization.cell.facts();
        let input_sums = (dims.inputs + 4) / 4 * 4 * facts.slots as u32;
        let vectors = (2 * (facts.gates as u32 + 1)).max(input_sums).max(2 * dims.outputs + 1);
        let module = module(Self::ENTRY, specialization, layout, dims, vectors);
        let forward = forward_cost(specialization, dims);
        Dispatch {
            module: Module { training: true, ..module },
            bindings: self.bindings(),
            groups: [layout.groups, 1, 1],
            // Back through the recurrent weights, and the sums of the input's.
            cost: Cost { flops: 2 * forward.flops, bytes: 2 * forward.bytes },
        }
    }
}

impl FusedInference {
    /// Of batches of these shapes.
    pub fn dispatch(self, specialization: Specialization, layout: FusedLayout, dims: &Dims) -> Dispatch {
        Dispatch {
            module: module(Self::ENTRY, specialization, layout, dims, 2),
            bindings: self.bindings(),
            groups: [layout.groups, 1, 1],
            cost: forward_cost(specialization, dims),
        }
    }
}

/// The module whose invocations share so many vectors each.
fn module(
    entry: &'static str,
    specialization: Specialization,
    layout: FusedLayout,
    dims: &Dims,
    vectors: u32,
) -> Module {
    let invocations = layout.abreast * dims.hidden_quads;
    let module = Module::new(entry, specialization, invocations).with(&[
        ("SH", invocations * vectors),
        ("ABREAST", layout.abreast),
        ("HQ", dims.hidden_quads),
        ("INPUTS", dims.inputs),
        ("OUTPUTS", dims.outputs),
    ]);
    module.with(&[("EVERY", u32::from(dims.readout == READ_EVERY))])
}

fn forward_cost(specialization: Specialization, dims: &Dims) -> Cost {
    let of_input = 2 * dims.inputs as usize * 4 * dims.hidden_quads as usize * specialization.cell.facts().gates;
    let of_head = 2 * dims.positions() * (dims.outputs * dims.hidden) as usize;
    let recurrent = dims.recurrent_cost(specialization, dims.steps, 1);
    let more = Cost::new(
        (dims.rows * dims.steps) as usize * of_input + dims.rows as usize * of_head,
        dims.rows as usize * (dims.steps * dims.inputs) as usize,
    );
    Cost { flops: recurrent.flops + more.flops, bytes: recurrent.bytes + more.bytes }
}
