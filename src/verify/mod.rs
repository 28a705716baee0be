//! Compares an engine with the oracle over a table of shapes: what `refrain verify` prints, and what the tests assert.

mod cases;
mod errors;
mod rows;

pub use cases::{Case, cases, d_outputs, half_cases, numbers, option_cases, segment_cases};
pub use errors::{Errors, HALF_TOLERANCE, TOLERANCE, tolerance};
pub use rows::{Row, groups};

use crate::data::{Sequences, Targets, Windows};
use crate::engine::{Differentiated, Engine, Gradients, Outputs, Precision, Steps};
use crate::error::Result;
use crate::model::cells::Number;
use crate::model::{Layout, Spec};
use crate::reference::{self, Rounded};
use errors::largest;

/// A rounding to 16 bits over one to 32.
const HALF_ROUNDING: f64 = (1 << 12) as f64;

/// Runs a case on the engine that `make` gives for it and on the oracle, and returns the worst differences.
///
/// # Errors
/// What the engine refuses. A case itself is sound.
pub async fn measure<E: Engine>(case: &Case, make: impl FnOnce(Spec, &[f32]) -> Result<E>) -> Result<Errors> {
    let (parameters, sequences, targets) = numbers(case);
    let mut engine = make(case.spec, &parameters)?;
    let found = engine.differentiate(&sequences, &targets, &case.objective).await?;
    let inference = engine.forward(&sequences).await?;

    let wide = reference::widen(&parameters);
    let wide_targets = reference::widen(&targets);
    let expected =
        reference::differentiate_rounded(&case.spec, &wide, &(&sequences).into(), &wide_targets, &case.objective)?;

    // Inference drops nothing.
    let whole = match case.objective.dropout.p > 0.0 {
        true => &reference::forward_rounded(&case.spec, &wide, &(&sequences).into())?,
        false => &expected.outputs,
    };
    let inference = Errors { forward: compare_outputs(&inference, whole), ..Errors::default() };
    let recorded = recorded_error(case, &mut engine, &sequences, &expected.outputs).await?;
    let mut errors = compare(&case.spec, case.precision, &found, &expected).worst(inference).worst(recorded);
    if !case.states {
        let update = update_error(case, &mut engine, &sequences, &targets).await?;
        errors = errors.worst(Errors { update, ..Errors::default() });
    }
    Ok(errors)
}

/// A recorded pass, and the way back from gradients that are given.
async fn recorded_error<E: Engine>(
    case: &Case,
    engine: &mut E,
    sequences: &Sequences<'_>,
    expected: &reference::Outputs<Rounded>,
) -> Result<Errors> {
    let Case { spec, rows, steps, precision, .. } = *case;
    let dropout = &case.objective.dropout;
    let (outputs, tape) = engine.record(sequences, dropout).await?;
    let d_outputs = d_outputs(case, sequences.lengths.as_deref());
    let found = engine.backward(tape, (&d_outputs).into(), true).await?;
    let or_zeros = |values: &[f32], len: usize| match values {
        [] => vec![0.0; len],
        _ => reference::widen(values),
    };
    let d_outputs = reference::Outputs {
        y: or_zeros(&d_outputs.y, rows * spec.read_steps(steps) * spec.outputs()),
        states: or_zeros(&d_outputs.states, spec.state_len() * rows),
    };
    let parameters = reference::widen(&numbers(case).0);
    let gradients = reference::backward_rounded(&spec, &parameters, &sequences.into(), dropout, &d_outputs)?;
    Ok(Errors {
        forward: compare_outputs(&outputs, expected),
        gradients: compare_gradients(&spec, precision, &found, &gradients),
        update: 0.0,
    })
}

/// The errors of one pass; `update` is that of its loss.
pub fn compare(
    spec: &Spec,
    precision: Precision,
    found: &Differentiated,
    expected: &reference::Differentiated<Rounded>,
) -> Errors {
    Errors {
        forward: compare_outputs(&found.outputs, &expected.outputs),
        gradients: compare_gradients(spec, precision, &found.gradients, &expected.gradients),
        update: relative(&[found.loss], &[expected.loss]),
    }
}

fn compare_gradients(
    spec: &Spec,
    precision: Precision,
    found: &Gradients,
    expected: &reference::Gradients<Rounded>,
) -> f64 {
    let errors = |found: Vec<f32>, expected: Vec<Rounded>| match precision {
        Precision::F32 => roundings(&found, &expected),
        // The smallest numbers of 16 bits are coarse: each value is known as well as the one beside it that is known
        // worst.
        Precision::F16 => {
            let most = expected.iter().map(|value| value.error()).fold(0.0, f64::max);
            difference(&found, &expected, |_| most * HALF_ROUNDING)
        }
    };
    let inputs = [&expected.x[..], &expected.states].concat();
    let mut gradients = vec![errors([&found.x[..], &found.states].concat(), inputs)];
    for tensor in Layout::new(spec).tensors() {
        let range = tensor.range.clone();
        gradients.push(errors(found.parameters[range.clone()].to_vec(), expected.parameters[range].to_vec()));
    }
    largest(&gradients)
}

fn compare_outputs(found: &Outputs, expected: &reference::Outputs<Rounded>) -> f64 {
    largest(&[roundings(&found.y, &expected.y), roundings(&found.states, &expected.states)])
}

/// Three steps of the optimiser on two batches of the case's sequences, and what is predicted of these after.
async fn update_error<E: Engine>(case: &Case, engine: &mut E, from: &Sequences<'_>, targets: &[f32]) -> Result<f64> {
    let Case { spec, rows, steps, .. } = *case;
    let target_len = targets.len() / rows;
    let mut windows = match case.horizon {
        None => Windows::from_sequences(from.x.to_vec(), spec.input, steps, targets.to_vec(), target_len)?,
        Some(center) => {
            let horizon = Targets::Horizon { steps: target_len / 2, features: 2 };
            let starts = (0..rows as u32).collect();
            Windows::new(from.x.to_vec(), spec.input, steps, starts, horizon)?.centered(center, 2)?
        }
    };
    if let Some(lengths) = &from.lengths {
        windows = windows.with_lengths(lengths.clone())?;
    }
    if spec.statics() > 0 {
        windows = windows.with_statics(from.statics.to_vec(), spec.statics(), (0..rows as u32).collect())?;
    }
    let batch = rows.div_ceil(2);
    let ids: Vec<u32> = (0..rows as u32).rev().chain(0..batch as u32).collect();
    engine.load_data(&windows)?;
    let Case { objective, optimizer, clip, carry, .. } = *case;
    let queued = Steps { objective, optimizer, clip, carry, ..Steps::new(&ids[..rows], batch) };
    engine.train(&queued)?;
    let taken = rows.div_ceil(batch) as u64;
    engine.train(&Steps { ids: &ids[rows..], taken, ..queued })?;
    let losses = engine.losses().await?;
    let found = engine.parameters().await?;
    let predicted = engine.predict(&ids[..rows], batch).await?;
    let (sequences, _) = reference::Sequences::of_windows(&windows, &ids[..rows])?;
    let outputs = reference::forward(&spec, &reference::widen(&found), &sequences)?;

    let mut expected = reference::widen(&numbers(case).0);
    let mut moments = reference::Moments::zeros(expected.len());
    let mut states = None;
    let mut worst = 0.0;
    let mut note = |error: f64| worst = largest(&[worst, error]);
    let batches = ids[..rows].chunks(batch).chain(ids[rows..].chunks(batch));
    for (k, ids) in batches.enumerate() {
        let (mut sequences, targets) = reference::Sequences::of_windows(&windows, ids)?;
        // The second call to `train` begins from zeros.
        sequences.states = states.take().filter(|_| carry && (k as u64) < taken);
        let mut step = reference::differentiate_with(&spec, &expected, &sequences, &targets, &queued.objective(k))?;
        clip.map(|clip| reference::clip_gradients(&clip, &mut step.gradients.parameters)).transpose()?;
        reference::optimizer_step(&optimizer, &mut expected, &step.gradients.parameters, &mut moments, k as u64 + 1)?;
        states = Some(step.outputs.states);
        let loss = losses.get(k).copied().unwrap_or(f32::NAN);
        note(relative(&[loss], &[step.loss]));
    }
    note(relative(&found, &expected));
    note(relative(&predicted, &outputs.y));
    Ok(worst)
}

/// The largest of the differences, each over what `scale` gives for its place; NaN if there is one, or if the lengths
/// differ.
fn difference<T: Number>(found: &[f32], expected: &[T], scale: impl Fn(T) -> f64) -> f64 {
    if found.len() != expected.len() {
        return f64::NAN;
    }
    let pairs = found.iter().zip(expected);
    let differences = pairs.map(|(&found, &expected)| (f64::from(found) - expected.value()).abs() / scale(expected));
    largest(&differences.collect::<Vec<_>>())
}

/// The largest difference in multiples of the expected error of its place.
fn roundings(found: &[f32], expected: &[Rounded]) -> f64 {
    difference(found, expected, Rounded::error)
}

/// The largest difference over the largest expected value, or over 1 where that is larger.
fn relative(found: &[f32], expected: &[f64]) -> f64 {
    let largest = expected.iter().fold(1.0, |largest: f64, value| largest.max(value.abs()));
    difference(found, expected, |_| largest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::cells::Real;

    #[test]
    fn a_nan_stays_wherever_it_stands() {
        for place in 0..3 {
            let mut errors = [1e-9, 1e-6, 1e-7];
            assert_eq!(largest(&errors), 1e-6);
            errors[place] = f64::NAN;
            assert!(largest(&errors).is_nan(), "{errors:?}");
            let mut found = [1.0, 2.0, 3.0];
            found[place] = f32::NAN;
            assert!(relative(&found, &[1.0, 2.0, 3.0]).is_nan(), "{found:?}");
            assert!(roundings(&found, &[1.0, 2.0, 3.0].map(Rounded::splat)).is_nan(), "{found:?}");
        }
    }
}
