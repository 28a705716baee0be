//! The loss of a batch and its gradient.

use super::losses::Loss;
use crate::model::Spec;
use crate::model::cells::Number;

impl Loss {
    /// The mean of the loss's terms over the positions that count of rows of these `lengths`, and its gradient with
    /// respect to the outputs `y` [B, T or 1, O], which is zero at those that do not.
    ///
    /// # Panics
    /// Where the targets are not those that [`Loss::check_targets`] lets pass, or `y` has fewer values.
    pub fn mean<N: Number>(self, spec: &Spec, lengths: &[usize], y: &[N], targets: &[f64]) -> (f64, Vec<N>) {
        let outputs = spec.outputs();
        let width = self.target_width(outputs);
        let read = y.len() / (lengths.len() * outputs);
        let count = self.terms(spec, lengths) as f64;
        let mut sum = 0.0;
        let mut d_y = vec![N::ZERO; y.len()];
        for (b, &length) in lengths.iter().enumerate() {
            for r in 0..spec.readout().positions(length) {
                let at = b * read + r;
                let (y, target) = (&y[at * outputs..][..outputs], &targets[at * width..][..width]);
                sum += self.value(&y.iter().map(|y| y.value()).collect::<Vec<_>>(), target);
                for (o, d) in self.gradient(y, target).into_iter().enumerate() {
                    d_y[at * outputs + o] = d / N::exact(count);
                }
            }
        }
        (sum / count, d_y)
    }

    /// [`Loss::mean`] of values in f32, in whose place it computes in f64.
    pub fn mean_of(self, spec: &Spec, lengths: &[usize], y: &[f32], targets: &[f32]) -> (f64, Vec<f32>) {
        let widen = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<f64>>();
        let (mean, d_y) = self.mean(spec, lengths, &widen(y), &widen(targets));
        (mean, d_y.into_iter().map(|d| d as f32).collect())
    }
}
