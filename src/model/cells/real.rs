//! The number types that a cell, and the oracle around it, are generic over.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

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
    /// 1 where x > 0, else 0: the derivative of [`Real::relu`] as PyTorch has it (0 at 0); NaN stays NaN.
    fn is_positive(self) -> Self;
}

/// One real number, not a vector of them: what the oracle computes with.
pub trait Number: Real + AddAssign + Div<Output = Self> {
    /// 0.
    const ZERO: Self;
    /// A number that f32 holds exactly, or that a caller takes for such.
    fn exact(value: f64) -> Self;
    /// The number.
    fn value(self) -> f64;
    /// exp(x).
    fn exp(self) -> Self;
    /// f(x) of a smooth f, by its value and its slope at x.
    fn smooth(self, value: f64, slope: f64) -> Self;
}

impl Number for f64 {
    const ZERO: f64 = 0.0;

    fn exact(value: f64) -> Self {
        value
    }

    fn value(self) -> f64 {
        self
    }

    fn exp(self) -> Self {
        f64::exp(self)
    }

    fn smooth(self, value: f64, _: f64) -> Self {
        value
    }
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
        if self.is_nan() { self } else { f64::from(self > 0.0) }
    }
}
