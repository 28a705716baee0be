//! The losses of the first fifty steps of the exercise, which every engine has to find again: this one the native CPU
//! engine, the test of the browser (web/test) those that run there.

use refrain::engine::cpu::CpuEngine;
use refrain::engine::{AnyEngine, Engine};
use refrain::exercise::{Sine, SineOptions};
use refrain::model::{CellKind, Spec, initial_parameters};
use refrain::train::{Options, State, fit};
use std::ops::ControlFlow;

#[test]
fn the_first_fifty_losses_of_the_exercise_are_those_of_the_file() {
    let text = std::fs::read_to_string("tests/golden/exercise.json").unwrap();
    let golden: serde_json::Value = serde_json::from_str(&text).unwrap();
    let golden: Vec<f64> = golden["losses"].as_array().unwrap().iter().map(|loss| loss.as_f64().unwrap()).collect();

    let sine = Sine::new(&SineOptions::default()).unwrap();
    let spec = Spec::new(CellKind::RnnTanh, 1, 20, 1);
    let engine = CpuEngine::new(spec, &initial_parameters(&spec, 0)).unwrap();
    let mut engine = AnyEngine::Cpu(Box::new(engine));
    engine.load_data(sine.windows()).unwrap();
    let options = Options { epochs: 2, report: 1, ..Options::default() };
    let ids = sine.train_ids();
    let mut found: Vec<f32> = Vec::new();
    let done = fit(&mut engine, &options, &ids, State::default(), async |_: &mut AnyEngine, progress| {
        found.extend(progress.report.iter().flat_map(|report| report.steps));
        Ok(ControlFlow::Continue(()))
    });
    pollster::block_on(done).unwrap();

    assert_eq!(found.len(), golden.len(), "{found:?}");
    for (step, (found, golden)) in found.iter().zip(golden).enumerate() {
        let off = (f64::from(*found) - golden).abs() / golden;
        assert!(off < 1e-4, "step {}: {found}, expected {golden}", step + 1);
    }
}
