//! Holds an engine against the oracle over a table of shapes: what `refrain verify` prints, and what the tests assert.

use crate::data::{Center, Sequences, Targets, Windows};
use crate::engine::{Engine, Steps};
use crate::error::Result;
use crate::loss::{Loss, Objective, Quantiles};
use crate::model::{CellKind, Dropout, Head, Layout, Readout, Spec, Stream, initial_parameters, stream};
use crate::optim::{Clip, Optimizer};
use crate::reference;
use rand::RngExt;
use serde::Serialize;

/// A network and a batch to compare on.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The network.
    pub spec: Spec,
    /// Batch rows (B).
    pub rows: usize,
    /// Time steps (T).
    pub steps: usize,
    /// Whether initial states are given.
    pub states: bool,
    /// Whether rows have lengths of their own.
    pub lengths: bool,
    /// What is minimised, and what is dropped.
    pub objective: Objective,
    /// The optimiser of three steps; none are taken where initial states are given.
    pub optimizer: Optimizer,
    /// The largest norm of their gradients.
    pub clip: Option<Clip>,
    /// Where they are taken on windows that overlap in one series, and answered with what lies ahead: how both are centred, in
    /// the first two features.
    pub ahead: Option<Center>,
    /// Whether the second of them begins with the states that the first ended with.
    pub carry: bool,
    /// What the initial weights are multiplied by: above 1, pre-activations saturate.
    pub scale: f32,
    /// The seed of weights, inputs and targets.
    pub seed: u64,
}

/// Adam with a large eps, so that a gradient of almost zero moves a weight by almost nothing, in f32 as in f64.
const ADAM: Optimizer = Optimizer::Adam { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-3, weight_decay: 0.0 };

impl Case {
    /// The mean squared error and Adam from zero states, all rows of all steps, seed 0.
    pub fn new(spec: Spec, rows: usize, steps: usize) -> Self {
        let objective = Objective::default();
        Case {
            spec,
            rows,
            steps,
            states: false,
            lengths: false,
            objective,
            optimizer: ADAM,
            clip: None,
            ahead: None,
            carry: false,
            scale: 1.0,
            seed: 0,
        }
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Spec { cell, input, hidden, layers, bidirectional, head } = self.spec;
        let outputs = head.map_or("none".to_owned(), |head| head.outputs.to_string());
        write!(f, "{cell} B={} T={} I={input} H={hidden} O={outputs}", self.rows, self.steps)?;
        if layers > 1 {
            write!(f, " L={layers}")?;
        }
        let marks = [
            (bidirectional, " bidirectional"),
            (head.is_some_and(|head| head.readout == Readout::Every), " every step"),
            (self.states, " states"),
            (self.lengths, " lengths"),
            (self.clip.is_some(), " clipped"),
            (self.carry, " carried"),
            (self.scale != 1.0, " saturated"),
        ];
        marks.iter().filter(|(holds, _)| *holds).try_for_each(|(_, mark)| f.write_str(mark))?;
        if self.objective.loss != Loss::Mse {
            write!(f, " {:?}", self.objective.loss)?;
        }
        if self.objective.dropout.p > 0.0 {
            write!(f, " dropout={}", self.objective.dropout.p)?;
        }
        if let Some(center) = self.ahead {
            write!(f, " ahead, centre {center:?}")?;
        }
        if self.optimizer != ADAM {
            write!(f, " {:?}", self.optimizer)?;
        }
        write!(f, " seed={}", self.seed)
    }
}

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

/// The table: every cell over coprime and awkward sizes, then layers, directions, readouts, given states and saturation.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let plain = Case::new;
    for cell in CellKind::ALL {
        for hidden in [1, 5, 20, 33, 64, 130] {
            for input in [1, 10] {
                for steps in [1, 7, 50] {
                    for rows in [1, 3, 257] {
                        cases.push(plain(Spec::new(cell, input, hidden, 1), rows, steps));
                    }
                }
            }
        }
        for (layers, bidirectional) in [(1, true), (2, false), (3, false), (2, true)] {
            for readout in [Readout::Last, Readout::Every] {
                for hidden in [4, 7] {
                    let head = Some(Head { outputs: 3, readout });
                    let spec = Spec { cell, input: 2, hidden, layers, bidirectional, head };
                    cases.push(Case { states: true, ..plain(spec, 5, 6) });
                }
            }
        }
        let saturated = Spec::new(cell, 3, 9, 5);
        let scale = if cell == CellKind::RnnRelu { 1.5 } else { 40.0 };
        cases.push(Case { scale, ..plain(saturated, 6, 11) });
        cases.push(Case { states: true, ..plain(Spec::new(cell, 1, 20, 1), 32, 50) });
    }
    number(&mut cases);
    cases
}

/// What [`cases`] leaves at its defaults: lengths, losses, dropout, networks without a head, optimisers and clipping.
pub fn option_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let quantiles = |levels: &[f32]| Loss::Quantile(Quantiles::new(levels).expect("levels that rise between 0 and 1"));
    for cell in CellKind::ALL {
        let spec = |layers, bidirectional, head| Spec { layers, bidirectional, head, ..Spec::new(cell, 3, 6, 1) };
        let head = |outputs, readout| Some(Head { outputs, readout });
        for (layers, bidirectional) in [(1, false), (1, true), (3, false), (2, true)] {
            for head in [head(4, Readout::Last), head(4, Readout::Every), None] {
                let case = Case { lengths: true, ..Case::new(spec(layers, bidirectional, head), 5, 7) };
                cases.push(Case { states: true, ..case });
                let dropout = Dropout { p: 0.4, seed: 9, step: 3 };
                cases.push(Case { objective: Objective { dropout, ..case.objective }, ..case });
            }
        }
        // Lengths of many rows, also where a tile of rows has one that ends at once.
        cases.push(Case { lengths: true, ..Case::new(spec(1, true, head(1, Readout::Last)), 67, 20) });
        for loss in [
            Loss::Mae,
            Loss::Huber { delta: 0.5 },
            Loss::CrossEntropy,
            Loss::BinaryCrossEntropy,
            quantiles(&[0.1, 0.5, 0.9]),
        ] {
            for (readout, lengths) in [(Readout::Last, false), (Readout::Every, true)] {
                let objective = Objective { loss, dropout: Dropout::default() };
                let case = Case::new(spec(1, false, head(6, readout)), 19, 5);
                cases.push(Case { lengths, objective, ..case });
            }
        }
        for optimizer in [
            Optimizer::Sgd { lr: 0.1, momentum: 0.9, weight_decay: 0.01 },
            Optimizer::Adam { lr: 1e-3, beta1: 0.8, beta2: 0.99, eps: 1e-3, weight_decay: 0.1 },
            Optimizer::AdamW { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-3, weight_decay: 0.1 },
            Optimizer::RmsProp { lr: 1e-3, alpha: 0.9, eps: 1e-2, weight_decay: 0.0 },
        ] {
            for clip in [None, Some(Clip { max_norm: 0.05 })] {
                cases.push(Case { optimizer, clip, ..Case::new(spec(2, false, head(2, Readout::Last)), 9, 4) });
            }
        }
        for (center, lengths, loss) in [
            (Center::None, false, Loss::Mse),
            (Center::Last, true, Loss::Huber { delta: 0.5 }),
            (Center::Mean, true, quantiles(&[0.2, 0.4, 0.8])),
        ] {
            let objective = Objective { loss, dropout: Dropout::default() };
            let case = Case::new(spec(2, true, head(12, Readout::Last)), 21, 5);
            cases.push(Case { ahead: Some(center), lengths, objective, ..case });
        }
        for (layers, lengths) in [(1, false), (2, true)] {
            let case = Case::new(spec(layers, false, head(2, Readout::Every)), 10, 5);
            cases.push(Case { carry: true, lengths, ..case });
        }
    }
    // Outputs so far apart that their exponentials overflow.
    let objective = Objective { loss: Loss::CrossEntropy, dropout: Dropout::default() };
    let apart = Case::new(Spec::new(CellKind::RnnRelu, 3, 6, 6), 8, 3);
    cases.push(Case { scale: 8.0, objective, ..apart });
    number(&mut cases);
    cases
}

/// Gives each case a seed of its own.
fn number(cases: &mut [Case]) {
    for (seed, case) in cases.iter_mut().enumerate() {
        case.seed = seed as u64;
    }
}

/// Numbers for a case: parameters, sequences, targets.
pub fn numbers(case: &Case) -> (Vec<f32>, Sequences, Vec<f32>) {
    let Case { spec, rows, steps, ref objective, .. } = *case;
    let parameters = initial_parameters(&spec, case.seed).iter().map(|w| w * case.scale).collect();
    let mut rng = stream(case.seed, Stream::Data);
    let mut draw = |len: usize| (0..len).map(|_| 2.0 * rng.random::<f32>() - 1.0).collect::<Vec<f32>>();
    let mut x = draw(rows * steps * spec.input);
    let states = case.states.then(|| draw(spec.state_len() * rows));
    let mut targets = draw(rows * objective.loss.target_len(&spec, steps));
    match objective.loss {
        Loss::CrossEntropy => {
            let classes = spec.outputs() as f32;
            targets.iter_mut().for_each(|t| *t = ((*t + 1.0) / 2.0 * classes).floor().min(classes - 1.0));
        }
        Loss::BinaryCrossEntropy => targets.iter_mut().for_each(|t| *t = (*t + 1.0) / 2.0),
        _ => {}
    }
    let lengths: Option<Vec<u32>> =
        case.lengths.then(|| (0..rows).map(|_| rng.random_range(1..=steps as u32)).collect());
    if let (Some(lengths), None) = (&lengths, case.ahead) {
        spoil(&mut x, steps, lengths);
        if spec.readout() == Readout::Every {
            spoil(&mut targets, steps, lengths);
        }
    }
    (parameters, Sequences { rows, steps, x, states, lengths }, targets)
}

/// Puts NaN beyond the lengths of `values` [B, T, ..]: nobody is to look there.
fn spoil(values: &mut [f32], steps: usize, lengths: &[u32]) {
    let width = values.len() / (lengths.len() * steps);
    for (row, &length) in values.chunks_exact_mut(steps * width).zip(lengths) {
        row[length as usize * width..].fill(f32::NAN);
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
    let mut gradients = vec![
        relative(&[found.loss], &[expected.loss], TINY),
        relative(&found.x, &expected.x, TINY),
        relative(&found.states, &expected.states, TINY),
    ];
    for tensor in layout.tensors() {
        let range = tensor.range.clone();
        gradients.push(relative(&found.parameters[range.clone()], &expected.parameters[range], TINY));
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

/// Gradients below this are compared as if they were this large: f32 sums of values of order 1 end here.
const TINY: f64 = 1e-6;

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
