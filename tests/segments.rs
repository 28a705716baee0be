//! Networks over segments of time: against the oracle and PyTorch, in files, and trained.

mod common;
#[path = "common/golden.rs"]
mod golden;

use common::assert_close;
use pollster::block_on;
use refrain::data::{Center, Targets, Windows};
use refrain::engine::{Device, Engine, Steps};
use refrain::loss::{Distribution, Loss, Objective};
use refrain::model::{CellKind, Layout, Model, NamedRange, Segments, Spec, initial_parameters};
use refrain::optim::Optimizer;
use refrain::reference::{self, Sequences};
use refrain::verify::{Case, measure, segment_cases, tolerance};
use serde::Deserialize;

/// Both sides compute in f64 and differ in the order of their sums alone.
const TOLERANCE: f64 = 1e-12;

fn misses(device: &Device, cases: &[Case]) -> Vec<String> {
    let missed = |case: &Case| {
        let found = block_on(measure(case, |spec, parameters| device.engine(spec, parameters))).expect("a sound case");
        (!found.within(tolerance(case.precision))).then(|| format!("{case}: {found}"))
    };
    cases.iter().filter_map(missed).collect()
}

#[test]
fn the_cpu_engine_is_as_exact_as_the_oracle_expects() {
    assert_eq!(misses(&Device::cpu(), &segment_cases()), [""; 0]);
}

#[cfg(feature = "gpu")]
#[test]
fn so_is_an_adapter() {
    let cases: Vec<Case> = segment_cases().into_iter().filter(|case| case.spec.cell == CellKind::Gru).collect();
    assert_eq!(misses(&block_on(Device::select("gpu")).expect("an adapter"), &cases), [""; 0]);
}

#[derive(Deserialize)]
struct Document {
    torch: String,
    cases: Vec<Golden>,
}

#[derive(Deserialize)]
struct Golden {
    name: String,
    cell: CellKind,
    states: bool,
    state_dict: Vec<(String, Vec<usize>)>,
    segment: usize,
    targets: usize,
    distribution: Option<Distribution>,
    #[serde(default)]
    statics: usize,
    #[serde(rename = "B")]
    rows: usize,
    #[serde(rename = "T")]
    steps: usize,
    #[serde(rename = "I")]
    input: usize,
    #[serde(rename = "H")]
    hidden: usize,
    #[serde(rename = "O")]
    outputs: usize,
    #[serde(rename = "L")]
    layers: usize,
}

#[test]
fn the_oracle_is_pytorchs_segrnn() {
    let bytes = golden::read("segments");
    let (tensors, Document { torch, cases }) = golden::parse(&bytes);
    assert_eq!(cases.len(), 20);
    for case in cases {
        let Golden { name, cell, states, state_dict, segment, targets, distribution, statics, .. } = case;
        let Golden { rows, steps, input, hidden, outputs, layers, .. } = case;
        let loss = distribution.map_or(Loss::Mse, Loss::Likelihood);
        let segments = Some(Segments { steps: segment, targets, statics });
        let spec = Spec { layers, segments, ..Spec::new(cell, input, hidden, outputs) };
        let layout = Layout::new(&spec);
        let names: Vec<_> = layout.tensors().iter().map(|t| (t.name.clone(), t.shape.clone())).collect();
        assert_eq!(names, state_dict, "{name}");
        let tensor = |of: &str| golden::tensor(&tensors, &format!("{name}/{of}"));
        let of_states = |prefix: &str, suffix: &str| -> Vec<f64> {
            let letters = ['h', 'c'].into_iter().take(spec.facts().states);
            letters.flat_map(|letter| tensor(&format!("{prefix}{letter}{suffix}"))).collect()
        };
        let initial = states.then(|| of_states("", "_0"));
        let statics = if statics > 0 { tensor("statics") } else { Vec::new() };
        let sequences = Sequences { rows, steps, x: tensor("x"), states: initial, lengths: None, statics };
        let objective = Objective { loss, ..Objective::default() };
        let (parameters, targets) = (tensor("parameters"), tensor("targets"));
        let found = reference::differentiate_with(&spec, &parameters, &sequences, &targets, &objective);
        let found = found.expect("a sound case");
        let check = |what: &str, found: &[f64], expected: &[f64]| {
            assert_close(format!("{name}, {what} (PyTorch {torch})"), found, expected, TOLERANCE, TOLERANCE);
        };
        check("y", &found.outputs.y, &tensor("y"));
        check("h_n, c_n", &found.outputs.states, &of_states("", "_n"));
        check("loss", &[found.loss], &tensor("loss"));
        check("d_x", &found.gradients.x, &tensor("d_x"));
        if states {
            check("d_h_0, d_c_0", &found.gradients.states, &of_states("d_", "_0"));
        }
        let expected = tensor("d_parameters");
        for NamedRange { name, range, .. } in layout.tensors() {
            check(name, &found.gradients.parameters[range.clone()], &expected[range.clone()]);
        }
    }
}

/// Two waves and their windows of 24 steps, with the 10 steps after as targets.
fn windows() -> Windows {
    let series: Vec<f32> = (0..400).map(|t| (t as f32 / 12.0).sin() + 0.3 * (t as f32 / 3.0).cos()).collect();
    let starts = (0..366).collect();
    let windows = Windows::new(series, 1, 24, starts, Targets::Horizon { steps: 10, features: 1 });
    windows.and_then(|windows| windows.centered(Center::Last, 1)).expect("sound windows")
}

fn spec() -> Spec {
    Spec { segments: Some(Segments { steps: 6, targets: 1, statics: 0 }), ..Spec::new(CellKind::Gru, 1, 24, 10) }
}

#[test]
fn a_network_over_segments_learns_and_its_file_forecasts_the_same() {
    let (spec, windows) = (spec(), windows());
    let mut engine = Device::cpu().engine(spec, &initial_parameters(&spec, 0)).expect("a sound spec");
    engine.load_data(&windows).expect("as many features");
    let ids: Vec<u32> = (0..300).collect();
    let mut losses = Vec::new();
    for epoch in 0..40 {
        let optimizer = Optimizer::adam(5e-3);
        engine.train(&Steps { optimizer, taken: epoch * 10, ..Steps::new(&ids, 30) }).expect("sound steps");
        losses = block_on(engine.losses()).expect("finite numbers");
        assert_eq!(losses.len(), 10);
    }
    assert!(losses.iter().all(|&loss| loss < 0.01), "{losses:?}");
    let held_out: Vec<u32> = (310..366).collect();
    let found = block_on(engine.predict(&held_out, 16)).expect("loaded windows");
    let square = |(n, &y): (usize, &f32)| (y - windows.target(310 + n / 10)[n % 10]).powi(2);
    let error = found.iter().enumerate().map(square).sum::<f32>() / found.len() as f32;
    assert!(error < 0.01, "{error}");

    let model = Model::new(spec, block_on(engine.parameters()).expect("trained"));
    let read = Model::from_bytes("m", &model.to_bytes().expect("finite weights")).expect("a model file");
    assert_eq!(read, model);
    let mut again = Device::cpu().engine(read.spec, &read.parameters).expect("a sound model");
    again.load_data(&windows).expect("as many features");
    assert_eq!(block_on(again.predict(&held_out, 16)).expect("loaded windows"), found);
}

#[test]
fn what_a_network_over_segments_cannot_be_or_do_is_refused() {
    let refusal = |spec: Spec| spec.validate().expect_err("no such network").to_string();
    let segments = |steps, targets| Some(Segments { steps, targets, statics: 0 });
    assert!(refusal(Spec { segments: segments(0, 1), ..spec() }).starts_with("steps of a segment is 0"));
    assert!(refusal(Spec { segments: segments(6, 3), ..spec() }).contains("a multiple of 3"));
    assert!(refusal(Spec { bidirectional: true, ..spec() }).starts_with("directions over segments is 2"));
    assert!(refusal(Spec { head: None, ..spec() }).starts_with("the head over segments is none"));

    let parameters = initial_parameters(&spec(), 0);
    let plain = refrain::engine::cpu::CpuEngine::new(spec(), &parameters).expect_err("not step by step");
    assert!(plain.to_string().contains("`Device::engine`"), "{plain}");
    let mut engine = Device::cpu().engine(spec(), &parameters).expect("a sound spec");
    assert!(engine.open_stream(1, None).is_err() && block_on(engine.step(&[0.0])).is_err());
    engine.load_data(&windows()).expect("as many features");
    let carried = engine.train(&Steps { carry: true, ..Steps::new(&[0, 1], 1) }).expect_err("nothing to carry");
    assert!(carried.to_string().starts_with("carry is true"), "{carried}");
}
