//! Initial weights.

use super::{Layout, Spec};
use crate::rng::{Purpose, generator};
use rand::RngExt;

/// PyTorch's defaults: every recurrent tensor from U(-1/sqrt(H), 1/sqrt(H)), the head from U(-1/sqrt(D*H),
/// 1/sqrt(D*H)). The distribution is PyTorch's; the numbers are our generator's.
pub fn initial_parameters(spec: &Spec, seed: u64) -> Vec<f32> {
    let layout = Layout::new(spec);
    let mut rng = generator(seed, Purpose::Weights);
    let head = layout.head_weight().start;
    (0..layout.len())
        .map(|index| {
            let fan = if index < head { spec.hidden } else { spec.top() };
            let bound = 1.0 / (fan as f32).sqrt();
            bound * (2.0 * rng.random::<f32>() - 1.0)
        })
        .collect()
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
