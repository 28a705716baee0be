//! What can be tested from inside alone: kernels on buffers that begin as NaN with guard words behind them, and kernels
//! broken on purpose, each of which the comparison with the oracle must catch.

mod cases;
mod mutants;
pub mod probe;

use super::device::{Gpu, Kernels, Kind, Options};
use super::engine::GpuEngine;
use super::kernels::{Storage, all_modules, linked};
use super::tuning::{Tuning, fused};
use crate::engine::{Engine, Precision, Steps};
use crate::model::{CellKind, Layout, Spec};
use crate::verify::{Case, measure, tolerance};
use cases::{Named, cases, few_half_cases, find};
use mutants::{Mutation, STORAGE, UNSEEN_BARRIERS, WORKGROUP, mutants};
use pollster::block_on;
use std::sync::Arc;

pub fn open(options: Options) -> Arc<Gpu> {
    let adapter = block_on(super::choose("gpu")).unwrap_or_else(|error| panic!("{error}"));
    block_on(Gpu::open(&adapter.expect("`gpu` finds an adapter or fails"), options)).expect("the device opens")
}

/// How to open a device that is made to run these kernels. Where they are not fused, which micro-batches never are, it
/// has room for a few rows alone, so that training takes the batches of most cases in micro-batches, and for a few
/// steps of projected inputs.
fn forced(kernels: Kernels) -> Options {
    let micro_batch_bytes = (kernels != Kernels::Fused).then_some(32 << 10);
    Options { kernels, micro_batch_bytes, projection_bytes: Some(4 << 10), ..Options::default() }
}

/// A case whose errors are beyond the tolerance, or that fails.
fn miss(gpu: &Arc<Gpu>, case: &Case) -> Option<String> {
    let make = |spec, parameters: &[f32]| GpuEngine::with_precision(gpu.clone(), spec, parameters, case.precision);
    match block_on(measure(case, make)) {
        Ok(errors) if errors.within(tolerance(case.precision)) => None,
        other => Some(format!("{case}: {other:?}")),
    }
}

/// The first of the cases that is one.
fn first_miss(gpu: &Arc<Gpu>, cases: &[Named]) -> Option<String> {
    cases.iter().find_map(|(_, case)| miss(gpu, case))
}

/// Those of the cases that the fused kernels take.
fn fused_cases(gpu: &Gpu) -> Vec<Named> {
    let tuning = Tuning::new(gpu.capabilities, gpu.options, Precision::F32);
    let is_fused = |case: &Case| fused(&tuning, &case.spec, case.rows, case.steps).is_some();
    cases().into_iter().filter(|(_, case)| is_fused(case)).collect()
}

fn assert_sound(options: Options) {
    let gpu = open(options);
    let cases = if options.kernels == Kernels::Fused { fused_cases(&gpu) } else { cases() };
    assert!(cases.len() >= 8, "{}", cases.len());
    assert_eq!(first_miss(&gpu, &cases), None, "{options:?}");
    probe::check_guards(&gpu);
}

#[test]
fn chosen_kernels_read_nothing_unwritten_and_write_nothing_behind_a_buffer() {
    assert_sound(Options::default());
}

#[test]
fn scans_read_nothing_unwritten_and_write_nothing_behind_a_buffer() {
    assert_sound(forced(Kernels::Scans));
}

#[test]
fn steps_read_nothing_unwritten_and_write_nothing_behind_a_buffer() {
    assert_sound(forced(Kernels::Steps));
}

#[test]
fn fused_kernels_read_nothing_unwritten_and_write_nothing_behind_a_buffer() {
    assert_sound(forced(Kernels::Fused));
}

#[test]
fn half_of_every_buffer_is_enough_whatever_the_kernels() {
    for kernels in [Kernels::Scans, Kernels::Steps] {
        let gpu = open(forced(kernels));
        assert_eq!(first_miss(&gpu, &few_half_cases()), None, "{kernels:?}");
        probe::check_guards(&gpu);
    }
}

/// The recurrent weights of a layer as they lie on a device: with one gate and a multiple of four units, the transposed
/// copy is PyTorch's block.
#[test]
fn sixteen_bits_hold_the_nearest_number() {
    let spec = Spec::new(CellKind::RnnTanh, 1, 64, 1);
    let range = Layout::new(&spec).layers()[0].weight_hh.clone();
    let mut parameters = vec![0f32; Layout::new(&spec).len()];
    // Every exponent that 16 bits have, and more on either side; fractions around, on and halfway between two numbers.
    let bits = (0..4096u32).map(|n| {
        let fraction = [0, 0x0fff, 0x1000, 0x1001, 0x2fff, 0x3000, 0x3001, 0x7f_ffff][n as usize % 8];
        (n / 8 % 2) << 31 | (112 - 14 + n / 16 % 64) << 23 | fraction
    });
    for (at, bits) in range.clone().zip(bits) {
        parameters[at] = f32::from_bits(bits);
    }
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 65504.0, 65520.0, -1e30, 1e-30, -0.0];
    parameters[range.start..][..odd.len()].copy_from_slice(&odd);
    // With SHADER_F16, where the adapter has it, and as two to a word, as with the default limits.
    for default_limits in [false, true] {
        let gpu = open(Options { default_limits, ..Options::default() });
        let engine =
            GpuEngine::with_precision(gpu.clone(), spec, &parameters, Precision::F16).expect("a small network");
        let words = engine.packed_words(0);
        let at = engine.packed_offset_of_transposed(0) * Storage::HalfWords.quad_bytes() / 4;
        let halves: &[half::f16] = bytemuck::cast_slice(&words[at..at + 2048]);
        for (&weight, half) in parameters[range.clone()].iter().zip(halves) {
            let nearest =
                half::f16::from_f32(if weight.is_finite() { weight.clamp(-65504.0, 65504.0) } else { weight });
            let (found, expected) = (half.to_f32(), nearest.to_f32());
            // Below 2^-14 the adapter rounds as it likes.
            let allowed = if weight.abs() < 2f32.powi(-14) { 2f32.powi(-24) } else { 0.0 };
            let same = found == expected || found.is_nan() && expected.is_nan();
            assert!(same || (found - weight).abs() < allowed, "{weight:e} became {found:e}");
        }
    }
}

/// Dispatches of a kernel in a training step of a network of three layers.
fn wavefront_dispatches(kernels: Kernels, bidirectional: bool) -> impl Fn(&str) -> usize {
    use crate::data::{Targets, Windows};
    const STEPS: usize = 20;
    let spec = Spec { layers: 3, bidirectional, ..Spec::new(CellKind::Gru, 2, 7, 1) };
    let parameters = vec![0.1; Layout::new(&spec).len()];
    let gpu = open(Options { kernels, ..Options::default() });
    let mut engine = GpuEngine::new(gpu, spec, &parameters).expect("a small network");
    let targets = Targets::Horizon { steps: 1, features: 1 };
    let windows = Windows::new(vec![0.1; 2 * (STEPS + 5)], 2, STEPS, vec![0, 1, 2, 3], targets);
    engine.load_data(&windows.expect("sound windows")).expect("windows that fit");
    let found = block_on(engine.profile(&Steps::new(&[0, 1, 2, 3], 4))).expect("a step");
    move |kernel| found.iter().find(|time| time.kernel == kernel).map_or(0, |time| time.dispatches)
}

/// Layers are five steps behind each other: four spans, and two more until the top layer has ended.
#[test]
fn a_step_of_every_layer_is_one_dispatch() {
    let kernels = ["project", "scan_forward", "scan_backward", "input_gradient"];
    assert_eq!(kernels.map(wavefront_dispatches(Kernels::Scans, false)), [4 + 5, 6, 6, 5]);
    let kernels = ["project", "step_forward", "step_backward", "input_gradient"];
    assert_eq!(kernels.map(wavefront_dispatches(Kernels::Steps, false)), [4 + 5, 20 + 10, 20 + 10, 5]);
    // The next layer needs both directions whole.
    let kernels = ["scan_forward", "scan_backward", "input_gradient"];
    assert_eq!(kernels.map(wavefront_dispatches(Kernels::Scans, true))[1..], [3, 2]);
}

#[test]
fn every_mutant_changes_its_kernel() {
    let changes = |mutation: &Mutation| mutation.apply(&linked(mutation.kernel)).is_some();
    let none: Vec<_> = mutants().map(|mutant| &mutant.mutation).filter(|mutation| !changes(mutation)).collect();
    assert!(none.is_empty(), "not in their kernels: {none:#?}");
}

/// Runs each mutant of these kernels on the case that is named to kill it.
fn assert_caught(kernels: Kernels, precision: Precision) {
    let gpu = open(forced(kernels));
    let cases = if precision == Precision::F32 { cases() } else { few_half_cases() };
    let mut survivors = Vec::new();
    // Invocations that a GPU runs together need no barrier between them: there a missing one may show nothing.
    let shows_barriers = gpu.capabilities.kind == Kind::Software;
    let mut skipped = 0;
    let of_these = mutants().filter(|mutant| mutant.kernels == kernels && mutant.precision() == precision);
    for mutant in of_these {
        if mutant.leaves_out_a_barrier() && !shows_barriers {
            skipped += 1;
            continue;
        }
        let case = find(&cases, mutant.case);
        probe::mutate(Some(mutant.mutation.clone()));
        if miss(&gpu, &case).is_none() {
            survivors.push(mutant);
        }
        probe::forget();
    }
    probe::mutate(None);
    if skipped > 0 {
        eprintln!("{skipped} mutants without a barrier are skipped: only software adapters show them");
    }
    assert!(survivors.is_empty(), "{} survive: {survivors:#?}", survivors.len());
}

#[test]
fn mutants_are_caught_in_scans() {
    assert_caught(Kernels::Scans, Precision::F32);
}

#[test]
fn mutants_are_caught_in_steps() {
    assert_caught(Kernels::Steps, Precision::F32);
}

#[test]
fn mutants_are_caught_in_fused_kernels() {
    assert_caught(Kernels::Fused, Precision::F32);
}

#[test]
fn mutants_are_caught_in_sixteen_bits() {
    for kernels in [Kernels::Scans, Kernels::Steps] {
        assert_caught(kernels, Precision::F16);
    }
}

#[test]
fn every_barrier_has_a_mutant_or_a_reason() {
    for (key, source) in all_modules() {
        for text in [WORKGROUP, STORAGE] {
            for nth in 0..source.wgsl.matches(text).count() {
                let is_mutant = mutants().any(|mutant| mutant.is_barrier(source.entry, text, nth));
                let reason = UNSEEN_BARRIERS.iter().find(|(kernel, of, _)| (*kernel, *of) == (source.entry, nth));
                assert!(is_mutant || text == WORKGROUP && reason.is_some(), "{key}: {text} {nth}");
            }
        }
    }
}
