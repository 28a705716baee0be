//! The loss of a batch and its gradient.

use crate::loss::Loss;
use crate::model::Spec;
use crate::model::cells::Number;

/// The mean of the loss's terms over the positions that count, and its gradient with respect to the outputs `y`, which
/// is zero at those that do not. The caller has checked the targets.
pub(super) fn mean_loss<R: Number>(
    loss: Loss,
    spec: &Spec,
    lengths: &[usize],
    y: &[R],
    targets: &[f64],
) -> (f64, Vec<R>) {
    let outputs = spec.outputs();
    let width = loss.target_width(outputs);
    let read = y.len() / (lengths.len() * outputs);
    let count = loss.terms(spec, lengths) as f64;
    let mut sum = 0.0;
    let mut d_y = vec![R::ZERO; y.len()];
    for (b, &length) in lengths.iter().enumerate() {
        for r in 0..spec.readout().positions(length) {
            let at = b * read + r;
            let (y, target) = (&y[at * outputs..][..outputs], &targets[at * width..][..width]);
            sum += loss.value(&y.iter().map(|y| y.value()).collect::<Vec<_>>(), target);
            for (o, d) in loss.gradient(y, target).into_iter().enumerate() {
                d_y[at * outputs + o] = d / R::exact(count);
            }
        }
    }
    (sum / count, d_y)
}
