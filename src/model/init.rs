//! Initial weights, and the seeded random streams that everything random draws from.

use super::{Layout, Spec};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a random stream is for. Streams of one seed are independent, so that drawing more of one changes no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Initial weights.
    Weights = 1,
    /// The order of the training windows.
    Shuffle = 2,
    /// Generated data.
    Data = 3,
}

/// The generator of `seed` for one purpose: ChaCha with 8 rounds, the same numbers on every machine.
pub fn stream(seed: u64, purpose: Stream) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(purpose as u64);
    rng
}

/// PyTorch's defaults: every recurrent tensor from U(-1/sqrt(H), 1/sqrt(H)), the head from U(-1/sqrt(D*H), 1/sqrt(D*H)).
/// The distribution is PyTorch's; the numbers are our generator's.
pub fn initial_parameters(spec: &Spec, seed: u64) -> Vec<f32> {
    let layout = Layout::new(spec);
    let mut rng = stream(seed, Stream::Weights);
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
