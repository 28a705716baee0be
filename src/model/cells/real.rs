//! The number type that a cell is generic over.

use std::ops::{Add, Mul, Neg, Sub};

/// A real number or a vector of them: f64 in the oracle, SIMD lanes of f32 in the CPU engine.
pub trait Real: Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Neg<Output = Self> {
    /// The constant `value` in every lane.
    fn splat(value: f32) -> Self;
    /// 1 / (1 + exp(-x)).
    fn sigmoid(self) -> Self;
    /// The hyperbolic tangent, finite for every finite argument.
    fn tanh(self) -> Self;
    /// max(x, 0); NaN stays NaN.
    fn relu(self) -> Self;
    /// 1 where x > 0, else 0: the derivative of [`Real::relu`] as PyTorch has it (0 at 0).
    fn is_positive(self) -> Self;
}

impl Real for f64 {
    fn splat(value: f32) -> Self {
        value.into()
    }

    fn sigmoid(self) -> Self {
        1.0 / (1.0 + (-self).exp())
    }

    fn tanh(self) -> Self {
        f64::tanh(self)
    }

    fn relu(self) -> Self {
        // NaN passes, as in PyTorch: f64::max would hide it.
        if self < 0.0 { 0.0 } else { self }
    }

    fn is_positive(self) -> Self {
        f64::from(self > 0.0)
    }
}
