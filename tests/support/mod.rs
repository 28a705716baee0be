//! What the engines' tests share: random cases, and the comparison that no NaN passes.

use rand::RngExt;
use refrain::data::Sequences;
use refrain::model::{Spec, Stream, initial_parameters, stream};

/// A network, a batch and its targets, made from a seed.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    pub spec: Spec,
    pub parameters: Vec<f32>,
    pub sequences: Sequences,
    /// [B, O], or [B, T, O].
    pub targets: Vec<f32>,
}

impl Case {
    /// Values between -1 and 1, weights as a new network has them.
    pub fn new(name: &str, spec: Spec, rows: usize, steps: usize, with_states: bool, seed: u64) -> Self {
        let mut rng = stream(seed, Stream::Data);
        let mut values = |count: usize| -> Vec<f32> { (0..count).map(|_| 2.0 * rng.random::<f32>() - 1.0).collect() };
        let x = values(rows * steps * spec.input);
        let states = with_states.then(|| values(spec.state_len() * rows));
        let targets = values(rows * spec.read_steps(steps) * spec.head.outputs);
        let name = format!("{name} ({}, B={rows}, T={steps})", spec.cell);
        let sequences = Sequences { rows, steps, x, states };
        Case { name, spec, parameters: initial_parameters(&spec, seed), sequences, targets }
    }
}

/// Fails where a value is further from the exact one than `tolerance`, or is NaN; names the index and both values.
pub fn assert_close(what: &str, values: &[f32], exact: &[f64], tolerance: f64) {
    assert_eq!(values.len(), exact.len(), "{what}: lengths");
    for (index, (&value, &exact)) in values.iter().zip(exact).enumerate() {
        let difference = (f64::from(value) - exact).abs();
        if !(difference <= tolerance) {
            panic!(
                "{what}, index {index}: {value} where the oracle has {exact}, {difference:e} apart, at most {tolerance:e} allowed"
            );
        }
    }
}
