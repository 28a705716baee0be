//! What can be tested from inside alone: buffers that begin as NaN with guard words behind them, and kernels broken on
//! purpose, which the comparison with the oracle must catch.

use super::context::{Gpu, Options};
use super::mutants::{MUTANTS, Mutation};
use super::run::GpuEngine;
use super::shaders::KernelId;
use super::variant::{Kernels, fused};
use super::work::Format;
use crate::data::Center;
use crate::error::Result;
use crate::loss::{Loss, Objective, Quantiles};
use crate::model::{CellKind, Dropout, Head, Readout, Spec};
use crate::optim::Clip;
use crate::verify::{Case, TOLERANCE, measure};
use pollster::block_on;
use std::sync::{Arc, Mutex};
use wgpu::{Buffer, BufferUsages};

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
    let objective = |loss, p| Objective { loss, dropout: Dropout { p, seed: 3, step: 5 } };
    let spec = |cell, layers, bidirectional, head| Spec { layers, bidirectional, head, ..Spec::new(cell, 3, 7, 1) };
    // Lengths, dropout and clipping, without a head and with one on the last step.
    let bare = Case { lengths: true, ..case(spec(CellKind::Lstm, 3, true, None), 5, 7, false) };
    cases.push(Case { objective: objective(Loss::Mse, 0.4), clip: Some(Clip { max_norm: 0.01 }), ..bare });
    let last = case(spec(CellKind::Gru, 2, true, head(3, Readout::Last)), 19, 6, true);
    cases.push(Case { lengths: true, clip: Some(Clip { max_norm: 1e3 }), ..last });
    cases.push(Case { clip: Some(Clip { max_norm: 1e3 }), states: false, ..last });
    // Losses, and a sum of more outputs, and of more parameters, than one workgroup takes.
    let quantiles = Loss::Quantile(Quantiles::new(&[0.1, 0.2, 0.3, 0.5, 0.9]).unwrap());
    for loss in [Loss::Mae, Loss::Huber { delta: 0.5 }, Loss::CrossEntropy, Loss::BinaryCrossEntropy, quantiles] {
        let every = case(spec(CellKind::RnnTanh, 1, false, head(10, Readout::Every)), 5, 4, false);
        cases.push(Case { lengths: true, objective: objective(loss, 0.0), ..every });
    }
    let apart = case(spec(CellKind::RnnRelu, 1, false, head(6, Readout::Last)), 8, 3, false);
    cases.push(Case { scale: 8.0, objective: objective(Loss::CrossEntropy, 0.0), ..apart });
    cases.push(case(spec(CellKind::RnnTanh, 1, false, head(31, Readout::Every)), 33, 25, false));
    let wide = case(Spec::new(CellKind::Lstm, 3, 68, 1), 2, 2, false);
    cases.push(Case { clip: Some(Clip { max_norm: 0.01 }), ..wide });
    // Views of a series, and carried states.
    for (center, loss) in [(Center::Last, Loss::Mse), (Center::Mean, quantiles)] {
        let ahead = case(spec(CellKind::RnnTanh, 2, true, head(20, Readout::Last)), 21, 8, false);
        cases.push(Case { ahead: Some(center), lengths: true, objective: objective(loss, 0.0), ..ahead });
    }
    // More rows than one workgroup takes, in parts by rows and by steps.
    for cell in [CellKind::Lstm, CellKind::Gru, CellKind::RnnRelu] {
        cases.push(case(spec(cell, 1, false, head(1, Readout::Last)), 65, 2, false));
    }
    // What the fused kernels take, beside the above: few outputs.
    for (cell, center) in [(CellKind::Gru, Center::Last), (CellKind::Lstm, Center::Mean)] {
        let levels = Loss::Quantile(Quantiles::new(&[0.2, 0.5, 0.7]).unwrap());
        let ahead = case(spec(cell, 1, false, head(6, Readout::Last)), 21, 5, false);
        cases.push(Case { ahead: Some(center), lengths: true, objective: objective(levels, 0.0), ..ahead });
    }
    for (loss, clip) in [(Loss::CrossEntropy, 0.05), (Loss::Mse, 1e3)] {
        let every = case(spec(CellKind::Lstm, 1, false, head(5, Readout::Every)), 10, 6, false);
        let clip = Some(Clip { max_norm: clip });
        cases.push(Case { lengths: true, carry: true, clip, objective: objective(loss, 0.0), ..every });
    }
    let carried = case(spec(CellKind::Lstm, 2, false, head(2, Readout::Every)), 10, 5, false);
    cases.push(Case { carry: true, ..carried });
    cases
}

/// The first case whose errors are beyond the tolerance, or that fails; of a device that is made to fuse, among those that
/// it can.
fn miss(gpu: &Arc<Gpu>) -> Option<String> {
    let run = |case: &Case| block_on(measure(case, |spec, parameters| GpuEngine::new(gpu.clone(), spec, parameters)));
    let forced = gpu.traits.fuses && gpu.traits.steps.is_some();
    let wanted = |case: &&Case| !forced || fused(gpu, &case.spec, case.rows).is_some();
    cases().iter().filter(wanted).find_map(|case| match run(case) {
        Ok(errors) if errors.within(&TOLERANCE) => None,
        other => Some(format!("{case}: {other:?}")),
    })
}

#[test]
fn nothing_unwritten_is_read_and_nothing_behind_a_buffer_is_written() {
    let browser = Options { default_limits: true, checked: true, ..Options::default() };
    let forced =
        [Kernels::Scans, Kernels::Steps, Kernels::LaneScans, Kernels::LaneSteps, Kernels::Fused, Kernels::LaneFused]
            .map(|kernels| Options { kernels, ..Options::default() });
    for options in [Options::default(), browser].into_iter().chain(forced) {
        let gpu = open(options);
        assert_eq!(miss(&gpu), None, "{options:?}");
        gpu.check_guards();
    }
}

#[test]
fn every_mutant_is_one() {
    let kernels = super::shaders::tests::every_kernel();
    let sources: Vec<_> = kernels.into_iter().map(|id| (id.kind.entry(), id.source(Format::Quads))).collect();
    let changes = |&(entry, find, replace): &Mutation| {
        find != replace && sources.iter().any(|(of, source)| *of == entry && source.contains(find))
    };
    let all = MUTANTS.iter().flat_map(|(_, mutants)| mutants.iter());
    let none: Vec<_> = all.filter(|&mutant| !changes(mutant)).collect();
    assert!(none.is_empty(), "not in their kernels: {none:#?}");
}

#[test]
fn every_mutant_is_caught() {
    let mut survivors = Vec::new();
    for (kernels, mutants) in MUTANTS {
        let gpu = open(Options { kernels, ..Options::default() });
        for &mutant in mutants {
            gpu.mutate(Some(mutant));
            if miss(&gpu).is_none() {
                survivors.push((kernels, mutant));
            }
            gpu.probe.buffers.lock().unwrap().clear();
        }
        gpu.mutate(None);
        assert_eq!(miss(&gpu), None);
    }
    assert!(survivors.is_empty(), "{survivors:#?}");
}
