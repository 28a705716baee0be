//! What can be tested from inside alone: buffers that begin as NaN with guard words behind them, and kernels broken on
//! purpose, which the comparison with the oracle must catch.

use super::context::{Gpu, Options};
use super::run::GpuEngine;
use super::shaders::KernelId;
use super::variant::Kernels;
use super::work::Format;
use crate::error::Result;
use crate::model::{CellKind, Head, Readout, Spec};
use crate::verify::{Case, TOLERANCE, measure};
use pollster::block_on;
use std::sync::{Arc, Mutex};
use wgpu::{Buffer, BufferUsages};

/// A change to one kernel's source: (entry point, find, replace).
type Mutation = (&'static str, &'static str, &'static str);

/// What the tests see of a device.
#[derive(Debug, Default)]
pub struct Probe {
    mutation: Mutex<Option<Mutation>>,
    /// Buffers with the bytes that are theirs; the rest is guard.
    buffers: Mutex<Vec<(String, Buffer, usize)>>,
}

/// A quiet NaN that no arithmetic makes.
const POISON: u32 = 0x7fc0_beef;
/// Guard bytes behind every storage buffer.
const GUARD: usize = 256;

impl Probe {
    /// A buffer full of poison, with a guard behind `bytes`.
    pub fn poisoned(&self, gpu: &Gpu, label: &str, bytes: usize, usage: BufferUsages) -> Result<Buffer> {
        let buffer = gpu.buffer(label, bytes + GUARD, 1, usage)?;
        let words = vec![POISON; buffer.size() as usize / 4];
        gpu.write(&buffer, 0, &words);
        self.buffers.lock().unwrap().push((label.to_owned(), buffer.clone(), bytes));
        Ok(buffer)
    }

    /// The source of a kernel, mutated where that is asked for.
    pub fn mutated(&self, id: KernelId, format: Format) -> String {
        match *self.mutation.lock().unwrap() {
            Some((entry, find, replace)) if entry == id.kind.entry() => id.source(format).replace(find, replace),
            _ => id.source(format),
        }
    }
}

impl Gpu {
    /// Sets the mutation of the kernels compiled from now on, and forgets those that it concerns.
    fn mutate(&self, mutation: Option<Mutation>) {
        let before = std::mem::replace(&mut *self.probe.mutation.lock().unwrap(), mutation);
        let entries = [before, mutation].map(|mutation| mutation.map(|(entry, ..)| entry));
        self.forget(|id| entries.contains(&Some(id.kind.entry())));
    }

    /// Panics if a kernel wrote behind a buffer.
    fn check_guards(&self) {
        let buffers = std::mem::take(&mut *self.probe.buffers.lock().unwrap());
        for (label, buffer, bytes) in buffers {
            let words = block_on(self.read(&buffer, buffer.size() as usize / 4)).expect("the buffer is read");
            let broken = words[bytes.div_ceil(4)..].iter().position(|word| word.to_bits() != POISON);
            assert_eq!(broken, None, "`{label}` of {bytes} bytes: a guard word behind it was written");
        }
    }
}

fn open(options: Options) -> Arc<Gpu> {
    let adapter = block_on(super::choose("gpu")).unwrap_or_else(|error| panic!("{error}"));
    block_on(Gpu::open(&adapter.expect("`gpu` finds an adapter or fails"), options)).expect("the device opens")
}

/// Small networks that reach every line of every kernel.
fn cases() -> Vec<Case> {
    let head = |outputs, readout| Some(Head { outputs, readout });
    let case = |spec, rows, steps, states| Case { states, seed: 11, ..Case::new(spec, rows, steps) };
    let mut cases = Vec::new();
    for cell in CellKind::ALL {
        let deep = Spec { layers: 2, bidirectional: true, head: head(5, Readout::Every), ..Spec::new(cell, 3, 7, 1) };
        cases.push(case(deep, 5, 6, true));
        cases.push(case(Spec { head: head(2, Readout::Last), ..Spec::new(cell, 5, 9, 1) }, 19, 20, false));
    }
    cases
}

/// The first case whose errors are beyond the tolerance, or that fails.
fn miss(gpu: &Arc<Gpu>) -> Option<String> {
    let run = |case: &Case| block_on(measure(case, |spec, parameters| GpuEngine::new(gpu.clone(), spec, parameters)));
    cases().iter().find_map(|case| match run(case) {
        Ok(errors) if errors.within(&TOLERANCE) => None,
        other => Some(format!("{case}: {other:?}")),
    })
}

#[test]
fn nothing_unwritten_is_read_and_nothing_behind_a_buffer_is_written() {
    let browser = Options { default_limits: true, checked: true, ..Options::default() };
    let forced = [Kernels::Lanes, Kernels::Tiles].map(|kernels| Options { kernels, ..Options::default() });
    for options in [Options::default(), browser].into_iter().chain(forced) {
        let gpu = open(options);
        assert_eq!(miss(&gpu), None, "{options:?}");
        gpu.check_guards();
    }
}

/// Kernels broken in one place. Each must be caught.
const MUTANTS: &[Mutation] = &[
    ("scan_forward", "let before = (s & 1u) * half;", "let before = 0u;"),
    ("scan_forward", "quad, half - before, row_quad)", "quad, before, row_quad)"),
    ("scan_forward", "k < hidden;", "k < hidden - 4u;"),
    ("scan_forward", "select(s, dims.steps - 1u - s, direction == 1u)", "s"),
    ("scan_forward", "direction * dims.packed_stride", "0u"),
    ("scan_forward", "slot_before(direction, t), row", "t, row"),
    ("scan_forward", "vec4f(1.0), x >= vec4f(0.0)", "vec4f(1.0), x > vec4f(0.1)"),
    ("scan_forward", "tiles.r[2]", "tiles.r[1]"),
    ("scan_forward", "same_rows(widen(packed[at + dims.hidden_quads]))", "same_rows(widen(packed[at]))"),
    ("stage", "window.start + t)", "window.start)"),
    ("stage", "select(0.0, 1.0, i == dims.inputs)", "0.0"),
    ("scan_forward", "let c = i % 4u;", "let c = 0u;"),
    ("scan_forward", "input_rows(t, row + 8u, i)", "input_rows(t, row + 4u, i)"),
    ("scan_forward", "add_hidden((*item).c, sh_h[from_h + 2u], w)", "add_hidden((*item).c, sh_h[from_h + 1u], w)"),
    ("scan_forward", "finish(item.d, beside(place, 3u))", "finish(item.c, beside(place, 3u))"),
    ("scan_backward", "sh_deltas[from_delta + 3u], w)", "sh_deltas[from_delta + 2u], w)"),
    ("scan_backward", "finish(item.d, row + 12u, direction, quad)", "finish(item.d, row + 8u, direction, quad)"),
    ("scan_backward", "if (s > 0u) {", "if (s > 1u) {"),
    ("scan_backward", "let slot = HIDDEN_SLOT[gate];", "let slot = gate;"),
    ("scan_backward", "= out.d_prev[vector];", "= vec4f(0.0);"),
    ("scan_backward", "(1.0 - tanh_c * tanh_c)", "(1.0 - tanh_c)"),
    ("scan_backward", "t == length_of(row) - 1u", "t == length_of(row)"),
    ("scan_backward", "d_n * q * r", "d_n * r"),
    ("scan_backward", "vec4f(1.0), h > vec4f(0.0)", "vec4f(1.0), h >= vec4f(0.0)"),
    ("weight_gradient", "t < end_t; t++", "t < end_t - 1u; t++"),
    ("weight_gradient", "i == dims.inputs", "i > dims.inputs"),
    ("weight_gradient", "state_at(0u, slot_before(direction, t), 0u, direction)", "state_at(0u, t, 0u, direction)"),
    ("weight_gradient", "outer(left(left2 + row, l2), values)", "outer(left(left1 + row, l2), values)"),
    ("gradient_sum", "split < splits;", "split < splits - 1u;"),
    ("gradient_sum", "HIDDEN_SLOT[row / dims.hidden]", "INPUT_SLOT[row / dims.hidden]"),
    ("gradient_sum", "select(padded(k), k,", "select(k, k,"),
    ("input_gradient", "INPUT_SLOT[gate]", "gate * 0u"),
    ("input_gradient", "direction < directions", "direction < 1u"),
    ("head", "var sum = parameters[dims.at_head_bias + o];", "var sum = 0.0;"),
    ("head", "direction < directions", "direction < 1u"),
    ("head_gradient", "row < step.rows", "row + 1u < step.rows"),
    ("head_gradient_sum", "select(padded(item % width)", "select(item % width"),
    ("mse", "2.0 * difference", "difference"),
    ("mse", "width > 0u", "width > 1u"),
    ("update", "sqrt(v) * step.inverse_root", "sqrt(v)"),
    ("update", "step.add_v * g * g", "step.add_v * g"),
    ("update", "/ (sqrt(v) * step.inverse_root + step.eps)", "/ sqrt(v + step.eps)"),
    ("pack", "HIDDEN_SLOT[gate] == slot", "HIDDEN_SLOT[gate] != slot"),
    ("pack", "% dims.input_quads * 4u + c", "% dims.input_quads * 4u"),
];

#[test]
fn every_mutant_is_caught() {
    let gpu = open(Options::default());
    let mut survivors = Vec::new();
    for &mutant in MUTANTS {
        let (entry, find, _) = mutant;
        let ids = super::shaders::tests::every_kernel().into_iter().filter(|id| id.kind.entry() == entry);
        let mut sources = ids.map(|id| id.source(gpu.traits.format));
        assert!(sources.any(|source| source.contains(find)), "{entry}: `{find}` is not in the kernel");
        gpu.mutate(Some(mutant));
        if miss(&gpu).is_none() {
            survivors.push(mutant);
        }
        gpu.probe.buffers.lock().unwrap().clear();
    }
    assert!(survivors.is_empty(), "{survivors:#?}");
    gpu.mutate(None);
    assert_eq!(miss(&gpu), None);
}
