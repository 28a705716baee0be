//! Initial weights.

use super::{Layout, Spec};
use crate::rng::{Purpose, generator};
use rand::RngExt;

/// PyTorch's defaults: every recurrent tensor from U(-1/sqrt(H), 1/sqrt(H)), the head from U(-1/sqrt(D*H),
/// 1/sqrt(D*H)), the embeddings of segments and of static features likewise by the values of a segment and the number of
/// features. Positions have mean 0 and variance 1. The distribution is PyTorch's; the numbers are our generator's.
pub fn initial_parameters(spec: &Spec, seed: u64) -> Vec<f32> {
    let layout = Layout::new(spec);
    let mut rng = generator(seed, Purpose::Weights);
    let bound = |fan: usize| 1.0 / (fan as f32).sqrt();
    let mut bounds = vec![bound(spec.hidden); layout.head_weight().start];
    bounds.resize(layout.len(), bound(spec.top()));
    if let (Some(ranges), Some(segments)) = (layout.segments(), spec.segments) {
        bounds[..ranges.positions.start].fill(bound(segments.steps * spec.input));
        bounds[ranges.positions.clone()].fill(3f32.sqrt());
        bounds[ranges.statics.clone()].fill(bound(segments.statics));
    }
    bounds.into_iter().map(|bound| bound * (2.0 * rng.random::<f32>() - 1.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CellKind;

    #[test]
    fn weights_fill_their_interval_and_follow_the_seed() {
        let spec = Spec::new(CellKind::Lstm, 1, 64, 1);
        let weights = initial_parameters(&spec, 7);
        let (min, max) = weights.iter().fold((0f32, 0f32), |(min, max), &w| (min.min(w), max.max(w)));
        assert!((-0.125..-0.124).contains(&min) && (0.124..=0.125).contains(&max), "{min} {max}");
        assert_eq!(weights, initial_parameters(&spec, 7));
        assert_ne!(weights, initial_parameters(&spec, 8));
    }
}
