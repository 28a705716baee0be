//! Losses of windows that are held out.

use crate::data::Windows;
use crate::engine::Engine;
use crate::error::Result;
use crate::loss::Loss;
use crate::model::Spec;
use std::ops::ControlFlow;

/// Windows that are predicted at once, at most.
pub const CHUNK: usize = 4096;
/// The part of the median group's reference that a group's is at least.
const LEAST_REFERENCE: f64 = 0.01;

/// What is found of a window, summed over its positions that count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The loss, and that of outputs of 0: with centred windows, of a forecast that nothing changes.
    pub loss: f64,
    pub reference: f64,
    /// Terms that both are sums of.
    pub terms: f64,
    /// The absolute error, and the values it is a sum of; of none where targets are classes.
    pub absolute: f64,
    pub values: f64,
}

/// Measures the windows `ids` one by one, after predicting `chunk` at a time; the loss of outputs of 0 only where
/// `with_reference`, else it is 0. Between chunks `go_on` is asked; `None` where it breaks off.
///
/// # Errors
/// [`Error::Index`](crate::Error::Index) where an id is not a window; else as [`Engine::predict`].
pub async fn measure<E: Engine>(
    engine: &mut E,
    spec: &Spec,
    windows: &Windows,
    ids: &[u32],
    loss: Loss,
    with_reference: bool,
    (chunk, mut go_on): (usize, impl FnMut() -> ControlFlow<()>),
) -> Result<Option<Vec<Measured>>> {
    windows.check_ids(ids)?;
    let widen = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<f64>>();
    let zeros = vec![0.0; spec.outputs()];
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(chunk) {
        if !found.is_empty() && go_on().is_break() {
            return Ok(None);
        }
        let outputs = engine.predict(ids, chunk).await?;
        let per_window = spec.read_steps(windows.steps()) * spec.outputs();
        for (&id, outputs) in ids.iter().zip(outputs.chunks_exact(per_window)) {
            let (target, length) = (widen(&windows.target(id as usize)), windows.length(id as usize));
            let width = loss.target_width(spec.outputs());
            let positions = outputs.chunks_exact(spec.outputs()).zip(target.chunks_exact(width));
            let terms = loss.terms(spec, &[length]) as f64;
            let mut sums = Measured { loss: 0.0, reference: 0.0, terms, absolute: 0.0, values: 0.0 };
            for (y, target) in positions.take(spec.readout().positions(length)) {
                let y = widen(y);
                sums.loss += loss.value(&y, target);
                if with_reference {
                    sums.reference += loss.value(&zeros, target);
                }
                for (y, t) in points(loss, &y, target) {
                    sums.absolute += (y - t).abs();
                    sums.values += 1.0;
                }
            }
            found.push(sums);
        }
    }
    Ok(Some(found))
}

/// The outputs of a position that stand for values, and these: of quantiles those of the level nearest the middle, of a
/// distribution its median; of classes none.
fn points(loss: Loss, y: &[f64], target: &[f64]) -> Vec<(f64, f64)> {
    match loss {
        Loss::CrossEntropy | Loss::BinaryCrossEntropy => Vec::new(),
        Loss::Likelihood(distribution) => {
            let median = |(y, target): (&[f64], &[f64])| distribution.quantile(y, target[target.len() - 1], 0.5);
            distribution.groups(y, target).map(|group| (median(group), group.1[0])).collect()
        }
        Loss::Mse | Loss::Mae | Loss::Huber { .. } | Loss::Quantile(_) => {
            let middle = if let Loss::Quantile(quantiles) = loss { quantiles.middle() } else { 0 };
            y.iter().skip(middle).step_by(loss.outputs_of_target()).copied().zip(target.iter().copied()).collect()
        }
    }
}

/// The loss: the mean of its terms over all windows.
pub fn mean(found: &[Measured]) -> f64 {
    let sums = found.iter().fold((0.0, 0.0), |sums, window| (sums.0 + window.loss, sums.1 + window.terms));
    sums.0 / sums.1
}

/// The mean absolute error over all values; none where there are no values.
pub fn mean_mae(found: &[Measured]) -> Option<f64> {
    let sums = found.iter().fold((0.0, 0.0), |sums, window| (sums.0 + window.absolute, sums.1 + window.values));
    (sums.1 > 0.0).then(|| sums.0 / sums.1)
}

/// A mean of the losses of groups in which each weighs by the inverse of its reference, the loss of outputs of 0, so
/// that no group decides alone because its values change more. References count as at least a hundredth of their
/// median.
pub fn even_mean(found: &[Measured], groups: &[u32]) -> f64 {
    let count = groups.iter().max().map_or(0, |&last| last as usize + 1);
    let mut sums = vec![[0.0; 3]; count];
    for (window, &group) in found.iter().zip(groups) {
        let sums = &mut sums[group as usize];
        *sums = [sums[0] + window.loss, sums[1] + window.reference, sums[2] + window.terms];
    }
    sums.retain(|[_, _, terms]| *terms > 0.0);
    let mut references: Vec<f64> = sums.iter().map(|[_, reference, terms]| reference / terms).collect();
    references.sort_unstable_by(f64::total_cmp);
    let least = references.get(references.len().saturating_sub(1) / 2).map_or(0.0, |median| LEAST_REFERENCE * median);
    let weight = |reference: f64| if reference.max(least) > 0.0 { 1.0 / reference.max(least) } else { 1.0 };
    let weighted = sums.iter().map(|[loss, reference, terms]| (weight(reference / terms), loss / terms));
    let (sum, weights) = weighted.fold((0.0, 0.0), |sums, (weight, loss)| (sums.0 + weight * loss, sums.1 + weight));
    sum / weights
}

/// The loss of the windows `ids`: the mean of its terms over all their positions that count.
///
/// # Errors
/// [`Error::Index`](crate::Error::Index) where an id is not a window; else as [`Engine::predict`].
pub async fn mean_loss<E: Engine>(
    engine: &mut E,
    spec: &Spec,
    windows: &Windows,
    ids: &[u32],
    loss: Loss,
) -> Result<f64> {
    let found = measure(engine, spec, windows, ids, loss, false, (CHUNK, || ControlFlow::Continue(()))).await?;
    Ok(mean(&found.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::Quantiles;

    #[test]
    fn groups_weigh_evenly_however_long_they_are_and_however_much_they_change() {
        let window = |loss, reference| Measured { loss, reference, terms: 1.0, absolute: 0.0, values: 0.0 };
        // A group that changes a thousand times as much; improved by half, it counts as half of the other would.
        let before = [window(1.0, 1.0), window(1.0, 1.0), window(1000.0, 1000.0)];
        let large = [window(1.0, 1.0), window(1.0, 1.0), window(500.0, 1000.0)];
        let small = [window(0.5, 1.0), window(0.5, 1.0), window(1000.0, 1000.0)];
        let groups = [0, 0, 1];
        let [before, large, small] = [before, large, small].map(|found| even_mean(&found, &groups));
        assert!(
            (large / before - 0.75).abs() < 1e-9 && (small / before - 0.75).abs() < 1e-9,
            "{before} {large} {small}"
        );
        // A group that does not change at all does not divide by 0.
        assert_eq!(even_mean(&[window(0.5, 0.0), window(1.5, 0.0)], &[0, 1]), 1.0);
        assert!(even_mean(&[window(0.5, 0.0), window(1.5, 2.0), window(1.0, 2.0)], &[0, 1, 2]).is_finite());
    }

    #[test]
    fn points_are_the_values_that_outputs_stand_for() {
        let (y, targets) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [0.0; 6]);
        let points = |loss: Loss| points(loss, &y, &targets).into_iter().map(|(y, _)| y).collect::<Vec<_>>();
        assert_eq!(points(Loss::Mae), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(points(Loss::Quantile(Quantiles::new(&[0.1, 0.5, 0.9]).unwrap())), [2.0, 5.0]);
        assert_eq!(points(Loss::CrossEntropy), [0.0; 0]);
    }
}
