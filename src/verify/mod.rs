//! Holds an engine against the oracle over a table of shapes: what `refrain verify` prints, and what the tests assert.

mod cases;

pub use cases::{Case, cases, half_cases, numbers, option_cases};

use crate::data::{Sequences, Targets, Windows};
use crate::engine::{Engine, Precision, Steps};
use crate::error::Result;
use crate::model::{Layout, Spec};
use crate::reference;
use serde::Serialize;

/// The worst differences between an engine and the oracle on a case. NaN anywhere makes them NaN.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Errors {
    /// Outputs and final states: the largest difference, absolute up to values of 1 and relative beyond.
    pub forward: f64,
    /// Loss and every gradient: the largest difference relative to the largest value of its tensor.
    pub gradients: f64,
    /// Losses and parameters of three Adam steps: the largest difference, likewise.
    pub update: f64,
}

/// What an engine may be off by. Forward values are of order 1 and pass through up to 50 steps of at most 141 products in
/// f32 (epsilon 6e-8); gradients are sums of up to T*B = 12,850 such values.
pub const TOLERANCE: Errors = Errors { forward: 1e-5, gradients: 1e-4, update: 1e-5 };

/// The same in 16 bits, where the tape is known to 2^-12 of itself and so are, after the first step, the weights.
pub const HALF_TOLERANCE: Errors = Errors { forward: 1e-5, gradients: 4e-3, update: 4e-3 };

/// What an engine may be off by at a precision.
pub fn tolerance(precision: Precision) -> &'static Errors {
    match precision {
        Precision::F32 => &TOLERANCE,
        Precision::F16 => &HALF_TOLERANCE,
    }
}

impl std::fmt::Display for Errors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Errors { forward, gradients, update } = self;
        write!(f, "forward {forward:.1e}, gradients {gradients:.1e}, updates {update:.1e}")
    }
}

impl Errors {
    /// Whether every error is within `limit`; NaN is not.
    pub fn within(&self, limit: &Errors) -> bool {
        self.forward <= limit.forward && self.gradients <= limit.gradients && self.update <= limit.update
    }

    /// The larger of each error; NaN stays.
    pub fn worst(self, other: Errors) -> Errors {
        let max = |a, b| largest(&[a, b]);
        Errors {
            forward: max(self.forward, other.forward),
            gradients: max(self.gradients, other.gradients),
            update: max(self.update, other.update),
        }
    }
}

/// Runs a case on the engine that `make` gives for it and on the oracle.
pub async fn measure<E: Engine>(case: &Case, make: impl FnOnce(Spec, &[f32]) -> Result<E>) -> Result<Errors> {
    let (parameters, sequences, targets) = numbers(case);
    let mut engine = make(case.spec, &parameters)?;
    let found = engine.differentiate(&sequences, &targets, &case.objective).await?;
    let inference = engine.forward(&sequences).await?;

    let wide = reference::widen(&parameters);
    let goal = reference::widen(&targets);
    let expected = reference::differentiate_with(&case.spec, &wide, &(&sequences).into(), &goal, &case.objective)?;

    let outputs = &expected.outputs;
    // Inference drops nothing.
    let whole = match case.objective.dropout.p > 0.0 {
        true => &reference::forward(&case.spec, &wide, &(&sequences).into())?,
        false => outputs,
    };
    let forward = [
        relative(&found.outputs.y, &outputs.y, 1.0),
        relative(&found.outputs.states, &outputs.states, 1.0),
        relative(&inference.y, &whole.y, 1.0),
        relative(&inference.states, &whole.states, 1.0),
    ];
    let layout = Layout::new(&case.spec);
    // Gradients go with the weights, and where activations saturate, their slope 1 - h^2 is known to 1e-7 of 1 only.
    let least = if case.scale > 1.0 { case.scale.into() } else { TINY };
    let mut gradients = vec![
        relative(&[found.loss], &[expected.loss], least),
        relative(&found.x, &expected.x, least),
        relative(&found.states, &expected.states, least),
    ];
    for tensor in layout.tensors() {
        let range = tensor.range.clone();
        gradients.push(relative(&found.parameters[range.clone()], &expected.parameters[range], least));
    }
    let update = if case.states { 0.0 } else { update_error(case, &mut engine, &sequences, &targets).await? };
    Ok(Errors { forward: largest(&forward), gradients: largest(&gradients), update })
}

/// Three steps of the optimiser on two batches of the case's sequences.
async fn update_error<E: Engine>(case: &Case, engine: &mut E, from: &Sequences, targets: &[f32]) -> Result<f64> {
    let Case { spec, rows, steps, .. } = *case;
    let target_len = targets.len() / rows;
    let mut windows = match case.ahead {
        None => Windows::from_sequences(from.x.clone(), spec.input, steps, targets.to_vec(), target_len)?,
        Some(center) => {
            let ahead = Targets::Ahead { steps: target_len / 2, features: 2 };
            let starts = (0..rows as u32).collect();
            Windows::new(from.x.clone(), spec.input, steps, starts, ahead)?.centered(center, 2)?
        }
    };
    if let Some(lengths) = &from.lengths {
        windows = windows.with_lengths(lengths.clone())?;
    }
    let batch = rows.div_ceil(2);
    let ids: Vec<u32> = (0..rows as u32).rev().chain(0..batch as u32).collect();
    engine.load(&windows)?;
    let Case { objective, optimizer, clip, carry, .. } = *case;
    let queued = Steps { objective, optimizer, clip, carry, ..Steps::new(&ids[..rows], batch) };
    engine.train(&queued)?;
    let taken = rows.div_ceil(batch) as u64;
    engine.train(&Steps { ids: &ids[rows..], taken, ..queued })?;
    let losses = engine.losses().await?;
    let found = engine.parameters().await?;

    let mut expected = reference::widen(&numbers(case).0);
    let mut moments = reference::Moments::zeros(expected.len());
    let mut states = None;
    let mut worst = 0.0;
    let mut note = |error: f64| worst = largest(&[worst, error]);
    let batches = ids[..rows].chunks(batch).chain(ids[rows..].chunks(batch));
    for (k, ids) in batches.enumerate() {
        let (mut sequences, targets) = reference::Sequences::of_windows(&windows, ids)?;
        // The second call begins anew.
        sequences.states = states.take().filter(|_| carry && (k as u64) < taken);
        let mut step = reference::differentiate_with(&spec, &expected, &sequences, &targets, &queued.objective(k))?;
        clip.map(|clip| reference::clip_gradients(&clip, &mut step.parameters)).transpose()?;
        reference::optimizer_step(&optimizer, &mut expected, &step.parameters, &mut moments, k as u64 + 1)?;
        states = Some(step.outputs.states);
        let loss = losses.get(k).copied().unwrap_or(f32::NAN);
        note(relative(&[loss], &[step.loss], 1.0));
    }
    note(relative(&found, &expected, 1.0));
    Ok(worst)
}

/// The largest of some errors; NaN if there is one.
fn largest(errors: &[f64]) -> f64 {
    errors.iter().fold(0.0, |worst: f64, &error| if worst.is_nan() || error <= worst { worst } else { error })
}

/// The largest difference; NaN if there is one, or if the lengths differ.
fn absolute(found: &[f32], expected: &[f64]) -> f64 {
    if found.len() != expected.len() {
        return f64::NAN;
    }
    let differences = found.iter().zip(expected).map(|(&found, &expected)| (f64::from(found) - expected).abs());
    largest(&differences.collect::<Vec<_>>())
}

/// Gradients below this are compared as if they were this large: where an output meets its target, what is left of values of
/// order 1 is known to 1e-7 only.
const TINY: f64 = 1e-2;

/// The largest difference over the largest expected value, or over `least` where that is larger.
fn relative(found: &[f32], expected: &[f64], least: f64) -> f64 {
    let largest = expected.iter().fold(least, |largest: f64, value| largest.max(value.abs()));
    absolute(found, expected) / largest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nan_stays_wherever_it_stands() {
        for place in 0..3 {
            let mut errors = [1e-9, 1e-6, 1e-7];
            assert_eq!(largest(&errors), 1e-6);
            errors[place] = f64::NAN;
            assert!(largest(&errors).is_nan(), "{errors:?}");
            let mut found = [1.0, 2.0, 3.0];
            found[place] = f32::NAN;
            assert!(relative(&found, &[1.0, 2.0, 3.0], 1.0).is_nan(), "{found:?}");
        }
    }
}
