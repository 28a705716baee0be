//! What can be tested from inside alone: arrays that begin as NaN with guard words behind them, and kernels broken on
//! purpose, which the comparison with the oracle must catch.

use super::array::Array;
use super::context::{Gpu, Options};
use super::mutants::{FUSED_MUTANTS, HALF_MUTANTS, MUTANTS, Mutation};
use super::run::GpuEngine;
use super::shaders::KernelId;
use super::traits::Kernels;
use super::variant::fused;
use super::work::Format;
use crate::data::Center;
use crate::engine::Precision;
use crate::error::Result;
use crate::loss::{Loss, Objective, Quantiles};
use crate::model::{CellKind, Dropout, Head, Readout, Spec};
use crate::optim::{Clip, Optimizer};
use crate::verify::{Case, half_cases, measure, tolerance};
use pollster::block_on;
use std::sync::{Arc, Mutex};
use wgpu::TextureFormat;

/// What the tests see of a device.
#[derive(Debug, Default)]
pub struct Probe {
    mutation: Mutex<Option<Mutation>>,
    /// Arrays with the bytes that are theirs; the rest is guard.
    arrays: Mutex<Vec<(String, Array, usize)>>,
}

/// A quiet NaN that no arithmetic makes, and two of 16 bits.
const POISON: u32 = 0x7fc0_7eef;
/// Guard bytes behind every array.
const GUARD: usize = 256;

impl Probe {
    /// An array full of poison, with a guard behind its `len` values of `size` bytes.
    pub fn poisoned(
        &self,
        gpu: &Gpu,
        label: &str,
        len: usize,
        size: usize,
        texel: Option<TextureFormat>,
    ) -> Result<Array> {
        let array = gpu.allocate(label, len + GUARD.div_ceil(size), size, texel)?;
        let words = vec![POISON; array.size() as usize / 4];
        gpu.write(&array, 0, &words);
        self.arrays.lock().unwrap().push((label.to_owned(), array.clone(), len * size));
        Ok(array)
    }

    /// The source of a kernel, mutated where that is asked for.
    pub fn mutated(&self, id: KernelId, format: Format, precision: Precision) -> String {
        let source = id.source(format, precision);
        match *self.mutation.lock().unwrap() {
            Some((entry, find, replace)) if entry == id.kind.entry() => source.replace(find, replace),
            _ => source,
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

    /// The arrays that were made since the last check, with their bytes.
    pub fn made(&self) -> Vec<(String, usize)> {
        let arrays = std::mem::take(&mut *self.probe.arrays.lock().unwrap());
        arrays.into_iter().map(|(label, _, bytes)| (label, bytes)).collect()
    }

    /// Panics if a kernel wrote behind an array.
    fn check_guards(&self) {
        let arrays = std::mem::take(&mut *self.probe.arrays.lock().unwrap());
        for (label, array, bytes) in arrays {
            let words = block_on(self.read(&array, array.size() as usize / 4)).expect("the array is read");
            let broken = words[bytes.div_ceil(4)..].iter().position(|word| word.to_bits() != POISON);
            assert_eq!(broken, None, "`{label}` of {bytes} bytes: a guard word behind it was written");
        }
    }
}

pub fn open(options: Options) -> Arc<Gpu> {
    let adapter = block_on(super::choose("gpu")).unwrap_or_else(|error| panic!("{error}"));
    block_on(Gpu::open(&adapter.expect("`gpu` finds an adapter or fails"), options)).expect("the device opens")
}

/// A device that is made to run these kernels. Where they are not fused, which portions never are, it has room for a few rows alone, so
/// that training takes the batches of most cases in portions.
pub fn forced(kernels: Kernels) -> Options {
    let is_fused = matches!(kernels, Kernels::Fused | Kernels::LaneFused);
    Options { kernels, portion_bytes: (!is_fused).then_some(32 << 10), ..Options::default() }
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
    let objective = |loss, p| Objective { loss, dropout: Dropout { p, seed: 3, step: 5 } };
    let spec = |cell, layers, bidirectional, head| Spec { layers, bidirectional, head, ..Spec::new(cell, 3, 7, 1) };
    // Lengths, dropout and clipping, without a head and with one on the last step; of the first, half of the rows are two portions.
    let bare = Case { lengths: true, ..case(spec(CellKind::Lstm, 3, true, None), 11, 7, false) };
    cases.push(Case { objective: objective(Loss::Mse, 0.4), clip: Some(Clip { max_norm: 0.01 }), ..bare });
    let last = case(spec(CellKind::Gru, 2, true, head(3, Readout::Last)), 19, 6, true);
    cases.push(Case { lengths: true, clip: Some(Clip { max_norm: 1e3 }), ..last });
    cases.push(Case { clip: Some(Clip { max_norm: 1e3 }), states: false, ..last });
    // Losses, and a sum of more outputs, and of more parameters, than one workgroup takes.
    let quantiles = Loss::Quantile(Quantiles::new(&[0.1, 0.2, 0.3, 0.5, 0.9]).unwrap());
    for loss in [Loss::Mae, Loss::Huber { delta: 1.2 }, Loss::CrossEntropy, Loss::BinaryCrossEntropy, quantiles] {
        let every = case(spec(CellKind::RnnTanh, 1, false, head(10, Readout::Every)), 5, 4, false);
        cases.push(Case { lengths: true, objective: objective(loss, 0.0), ..every });
    }
    let apart = case(spec(CellKind::RnnRelu, 1, false, head(6, Readout::Last)), 8, 3, false);
    cases.push(Case { scale: 8.0, objective: objective(Loss::CrossEntropy, 0.0), ..apart });
    cases.push(case(spec(CellKind::RnnTanh, 1, false, head(31, Readout::Every)), 33, 25, false));
    let wide = case(Spec::new(CellKind::Lstm, 3, 68, 1), 2, 2, false);
    cases.push(Case { clip: Some(Clip { max_norm: 0.01 }), ..wide });
    // A time step's tiles whose k is in several parts, and several quads of k a part.
    cases.push(case(Spec::new(CellKind::Lstm, 3, 68, 1), 33, 2, false));
    // Views of a series, and carried states.
    for (center, loss) in [(Center::Last, Loss::Mse), (Center::Mean, quantiles)] {
        let horizon = case(spec(CellKind::RnnTanh, 2, true, head(20, Readout::Last)), 21, 8, false);
        cases.push(Case { horizon: Some(center), lengths: true, objective: objective(loss, 0.0), ..horizon });
    }
    // More rows than one workgroup takes, in parts by rows and by steps.
    for cell in [CellKind::Lstm, CellKind::Gru, CellKind::RnnRelu] {
        cases.push(case(spec(cell, 1, false, head(1, Readout::Last)), 65, 2, false));
    }
    // What the fused kernels take, beside the above: few outputs.
    for (cell, center) in [(CellKind::RnnTanh, Center::Last), (CellKind::Gru, Center::Mean)] {
        let levels = Loss::Quantile(Quantiles::new(&[0.2, 0.5, 0.7]).unwrap());
        let horizon = case(spec(cell, 1, false, head(6, Readout::Last)), 21, 5, false);
        cases.push(Case { horizon: Some(center), lengths: true, objective: objective(levels, 0.0), ..horizon });
    }
    // More quads of inputs than of units.
    cases.push(case(Spec::new(CellKind::RnnTanh, 10, 3, 1), 5, 4, false));
    // The norm matters to an optimiser alone that goes by the size of gradients.
    for (loss, clip) in [(Loss::CrossEntropy, 0.01), (Loss::Mse, 1e3)] {
        let every = case(spec(CellKind::Lstm, 1, false, head(5, Readout::Every)), 10, 6, false);
        let (clip, optimizer) = (Some(Clip { max_norm: clip }), Optimizer::sgd(1.0, 0.0));
        cases.push(Case { lengths: true, carry: true, clip, optimizer, objective: objective(loss, 0.0), ..every });
    }
    // Half of the rows, a batch, are more than all their workgroups have abreast, of which there are four a core.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    cases.push(case(spec(CellKind::RnnTanh, 1, false, head(1, Readout::Last)), 2 * (4 * cores * 16 + 1), 2, false));
    // Layers side by side.
    cases.push(case(spec(CellKind::Lstm, 3, false, head(2, Readout::Every)), 10, 13, true));
    cases.push(Case { lengths: true, ..case(spec(CellKind::RnnRelu, 2, false, None), 7, 16, true) });
    let dropped = case(spec(CellKind::Gru, 3, false, head(3, Readout::Last)), 9, 20, false);
    cases.push(Case { lengths: true, objective: objective(Loss::Mse, 0.4), ..dropped });
    let carried = case(spec(CellKind::Lstm, 2, false, head(2, Readout::Every)), 10, 16, false);
    cases.push(Case { carry: true, ..carried });
    cases
}

/// Those first whose kernels are soon compiled: a break that they show need not wait for the others.
fn simplest_first() -> Vec<Case> {
    let mut cases = cases();
    cases.sort_by_key(|case| case.spec.facts().gates * case.spec.hidden);
    cases
}

/// A case whose errors are beyond the tolerance, or that fails. A device that is made to fuse is spared what it cannot.
fn miss(gpu: &Arc<Gpu>, case: &Case) -> Option<String> {
    let is_made_to_fuse = gpu.traits.fuses && gpu.traits.steps.is_some();
    if is_made_to_fuse && fused(gpu, &case.spec, case.rows, case.steps).is_none() {
        return None;
    }
    let make = |spec, parameters: &[f32]| GpuEngine::with_precision(gpu.clone(), spec, parameters, case.precision);
    match block_on(measure(case, make)) {
        Ok(errors) if errors.within(tolerance(case.precision)) => None,
        other => Some(format!("{case}: {other:?}")),
    }
}

/// The first of the cases that is one.
fn first_miss(gpu: &Arc<Gpu>, cases: &[Case]) -> Option<String> {
    cases.iter().find_map(|case| miss(gpu, case))
}

/// What [`half_cases`] has of two cells without large sizes.
fn few_half_cases() -> Vec<Case> {
    let mut cases = half_cases();
    cases.retain(|case| matches!(case.spec.cell, CellKind::Lstm | CellKind::Gru) && case.spec.hidden < 20);
    cases
}

#[test]
fn nothing_unwritten_is_read_and_nothing_behind_a_buffer_is_written() {
    let forced =
        [Kernels::Scans, Kernels::Steps, Kernels::LaneScans, Kernels::LaneSteps, Kernels::Fused, Kernels::LaneFused]
            .map(forced);
    for options in [Options::default()].into_iter().chain(forced) {
        let gpu = open(options);
        assert_eq!(first_miss(&gpu, &cases()), None, "{options:?}");
        gpu.check_guards();
    }
}

/// Every kind of kernel in 16 bits.
#[test]
fn half_of_every_buffer_is_enough_whatever_the_kernels() {
    for kernels in [Kernels::Scans, Kernels::Steps, Kernels::LaneScans, Kernels::LaneSteps] {
        let gpu = open(forced(kernels));
        assert_eq!(first_miss(&gpu, &few_half_cases()), None, "{kernels:?}");
        gpu.check_guards();
    }
}

/// The recurrent weights of a layer as they lie on a device: with one gate and a multiple of four units, the transposed copy
/// is PyTorch's block.
#[test]
fn sixteen_bits_hold_the_nearest_number() {
    let spec = Spec::new(CellKind::RnnTanh, 1, 64, 1);
    let range = crate::model::Layout::new(&spec).layers()[0].weight_hh.clone();
    let mut parameters = vec![0f32; crate::model::Layout::new(&spec).len()];
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
    for kernels in [Kernels::Scans, Kernels::LaneScans] {
        let gpu = open(forced(kernels));
        let engine =
            GpuEngine::with_precision(gpu.clone(), spec, &parameters, Precision::F16).expect("a small network");
        let at = super::network::layer_dims(&spec, &engine.network.layout, 0).at_hidden_t as usize * 2;
        let words = block_on(gpu.read(&engine.network.packed.layers[0], at + 2048)).expect("the weights are read");
        let halves: &[half::f16] = bytemuck::cast_slice(&words[at..]);
        for (&weight, half) in parameters[range.clone()].iter().zip(halves) {
            let nearest =
                half::f16::from_f32(if weight.is_finite() { weight.clamp(-65504.0, 65504.0) } else { weight });
            let (found, expected) = (half.to_f32(), nearest.to_f32());
            // Below 2^-14 the adapter rounds as it likes.
            let allowed = if weight.abs() < 2f32.powi(-14) { 2f32.powi(-24) } else { 0.0 };
            let same = found == expected || found.is_nan() && expected.is_nan();
            assert!(same || (found - weight).abs() < allowed, "{kernels:?}: {weight:e} became {found:e}");
        }
    }
}

#[test]
fn every_mutant_is_one() {
    let kernels = super::shaders::tests::every_kernel();
    let all = |id: KernelId| {
        let halves = [Format::Quads, Format::HalfQuads].map(|format| id.source(format, Precision::F16));
        id.source(Format::Quads, Precision::F32) + &halves.concat()
    };
    let sources: Vec<_> = kernels.into_iter().map(|id| (id.kind.entry(), all(id))).collect();
    let changes = |&(entry, find, replace): &Mutation| {
        find != replace && sources.iter().any(|(of, source)| *of == entry && source.contains(find))
    };
    let all = MUTANTS.iter().chain(&FUSED_MUTANTS).chain(&HALF_MUTANTS).flat_map(|(_, mutants)| mutants.iter());
    let none: Vec<_> = all.filter(|&mutant| !changes(mutant)).collect();
    assert!(none.is_empty(), "not in their kernels: {none:#?}");
}

/// Those of the mutants that no case finds. Cases that have found many are tried first.
fn survivors(kernels: Kernels, mutants: &[Mutation], cases: &[Case]) -> Vec<Mutation> {
    let gpu = open(forced(kernels));
    let mut survivors = Vec::new();
    let mut tried: Vec<(usize, &Case)> = cases.iter().map(|case| (0, case)).collect();
    for mutant in mutants {
        gpu.mutate(Some(*mutant));
        match tried.iter().position(|(_, case)| miss(&gpu, case).is_some()) {
            Some(at) => tried[at].0 += 1,
            None => survivors.push(*mutant),
        }
        tried.sort_by_key(|(found, _)| std::cmp::Reverse(*found));
        gpu.probe.arrays.lock().unwrap().clear();
    }
    gpu.mutate(None);
    assert_eq!(first_miss(&gpu, cases), None);
    survivors
}

/// Panics if there are such, of mutants on the kernels that they break.
fn expect_no_survivors(mutants: &[(Kernels, &[Mutation])], cases: &[Case]) {
    let survive = |&(kernels, mutants): &(Kernels, &[Mutation])| (kernels, survivors(kernels, mutants, cases));
    let survivors: Vec<_> = mutants.iter().map(survive).filter(|(_, mutants)| !mutants.is_empty()).collect();
    assert!(survivors.is_empty(), "{survivors:#?}");
}

#[test]
fn every_mutant_is_caught() {
    expect_no_survivors(&MUTANTS, &simplest_first());
}

#[test]
fn every_mutant_of_the_fused_kernels_is_caught() {
    expect_no_survivors(&FUSED_MUTANTS, &simplest_first());
}

#[test]
fn every_mutant_in_sixteen_bits_is_caught() {
    expect_no_survivors(&HALF_MUTANTS, &few_half_cases());
}
