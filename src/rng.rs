//! Random numbers: one seed gives an independent generator for each purpose, the same on every machine.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;

/// What random numbers are for. The generators of one seed are independent, so that drawing more from one changes no
/// other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Initial weights.
    Weights = 1,
    /// The order of the training windows.
    Shuffle = 2,
    /// Generated data.
    Data = 3,
    /// Which rows are held out.
    Split = 4,
    /// Gradients that a way back begins with.
    Cotangents = 5,
}

/// The generator of `seed` for one purpose: ChaCha with 8 rounds, on a stream of its own.
pub fn generator(seed: u64, purpose: Purpose) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(purpose as u64);
    rng
}

/// Normally distributed numbers around 0, by Box and Muller (1958), who make two at a time.
pub(crate) struct Gaussian {
    deviation: f64,
    second: Option<f64>,
}

impl Gaussian {
    pub(crate) fn new(deviation: f64) -> Self {
        Gaussian { deviation, second: None }
    }

    pub(crate) fn draw(&mut self, rng: &mut impl Rng) -> f64 {
        let standard = self.second.take().unwrap_or_else(|| {
            let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt(); // 1 - [0, 1) keeps ln off 0
            let angle = TAU * rng.random::<f64>();
            self.second = Some(radius * angle.sin());
            radius * angle.cos()
        });
        self.deviation * standard
    }
}
