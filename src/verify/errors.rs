//! The errors of a case, and what is allowed.

use crate::engine::Precision;
use serde::Serialize;

/// The worst differences between an engine and the oracle on a case. NaN anywhere makes them NaN.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Errors {
    /// Outputs and final states, value by value: the largest difference in multiples of the error that the value is
    /// expected to have in f32 ([`error`](crate::reference::Rounded::error)).
    pub forward: f64,
    /// Every gradient, value by value, likewise.
    pub gradients: f64,
    /// Losses, and parameters after three steps of the optimiser: the largest difference, absolute up to values of 1
    /// and relative beyond.
    pub update: f64,
}

/// What an engine may be off by.
///
/// Measured over the tables of `refrain verify`: on the processor (AVX2, 20 seeds) 4.9, 64 and 5e-7 at worst, on
/// lavapipe (3 seeds) 2.7, 39 and 2e-6. Only gradients that come through 50 steps are off by more than 18: the model
/// lets the errors of the steps average out, where one direction of the states passes on all of them. A value whose sum
/// does not cancel is expected to be off by 1e-7 of itself, so that a gradient is allowed to be off by some 2e-5 of
/// itself, however small it is.
pub const TOLERANCE: Errors = Errors { forward: 16.0, gradients: 256.0, update: 1e-5 };

/// The same in 16 bits. The weights of the cases lie on numbers of 16 bits, so that outputs are as exact. Tape and
/// deltas are known to 2^-12 of themselves: gradients are in multiples of such roundings (measured 0.9). So are the
/// weights after the first step, where a unit of relu may then be on the other side of 0 (9e-4 over ten seeds).
pub const HALF_TOLERANCE: Errors = Errors { forward: 16.0, gradients: 8.0, update: 4e-3 };

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
        write!(f, "forward {forward:.1}, gradients {gradients:.1} expected roundings, updates {update:.1e}")
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

/// The largest of some errors; NaN if there is one.
pub(super) fn largest(errors: &[f64]) -> f64 {
    errors.iter().fold(0.0, |worst: f64, &error| if worst.is_nan() || error <= worst { worst } else { error })
}
