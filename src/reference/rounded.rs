//! Numbers that know what f32 leaves of them.

use crate::model::cells::{Number, Real};
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// Half a unit in the last place of 1 in f32: what one operation rounds its result by, relative to it, at most.
const ROUNDING: f64 = 1.0 / (1 << 24) as f64;

/// A number, and how far an f32 computation of it is expected to be off. Every operation is taken to err by up to 2^-24
/// of its result, independently of all others: errors pass on to first order, and variances add up. So a sum that
/// cancels, and the slope 1 - h^2 of a saturated h, have the error that they have, and what is small throughout has a
/// small one. Source: Higham 2002, Accuracy and Stability of Numerical Algorithms, 3.3 (running error analysis), with
/// the model of independent roundings of 2.8.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rounded {
    value: f64,
    /// Of the error, in units of `ROUNDING`^2.
    variance: f64,
}

/// f32 may take smaller numbers for 0 that are a rounding of this one.
const SMALLEST: f64 = f32::MIN_POSITIVE as f64 / ROUNDING;

/// How many expected errors a number is known to, where a sign hangs on it.
const CERTAIN: f64 = 16.0;

impl Rounded {
    /// The expected error, absolute: a standard deviation, and 2e-31, below which f32 has fewer digits.
    pub fn error(self) -> f64 {
        self.variance.sqrt() * ROUNDING + SMALLEST
    }

    /// A result whose operands leave it so much variance, and which is itself rounded once.
    fn new(value: f64, variance: f64) -> Self {
        Rounded { value, variance: variance + value * value }
    }

    /// Whether f32 may have it on the other side of 0.
    fn may_change_sign(self) -> bool {
        self.value.abs() < CERTAIN * ROUNDING * self.variance.sqrt()
    }
}

impl Add for Rounded {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Rounded::new(self.value + other.value, self.variance + other.variance)
    }
}

impl Sub for Rounded {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Neg for Rounded {
    type Output = Self;

    fn neg(self) -> Self {
        Rounded { value: -self.value, ..self }
    }
}

impl Mul for Rounded {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let (a, b) = (self.value, other.value);
        // The product of both errors counts where a factor is all error, as a saturated slope is.
        let both = self.variance * other.variance * ROUNDING * ROUNDING;
        Rounded::new(a * b, b * b * self.variance + a * a * other.variance + both)
    }
}

impl Div for Rounded {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let quotient = self.value / other.value;
        let variance = self.variance + quotient * quotient * other.variance;
        Rounded::new(quotient, variance / (other.value * other.value))
    }
}

impl AddAssign for Rounded {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// exp(x) is computed as a power of 2, of x log2(e) rounded: an error of x roundings, as WGSL allows it. sigmoid and
/// tanh are made of it.
impl Real for Rounded {
    fn splat(value: f32) -> Self {
        Rounded::exact(value.into())
    }

    fn sigmoid(self) -> Self {
        let value = self.value.sigmoid();
        let slope = value * (1.0 - value);
        Rounded::new(value, slope * slope * (self.variance + self.value * self.value))
    }

    fn tanh(self) -> Self {
        let value = self.value.tanh();
        let slope = 1.0 - value * value;
        Rounded::new(value, slope * slope * (self.variance + self.value * self.value))
    }

    fn relu(self) -> Self {
        let passes = self.value >= 0.0 || self.may_change_sign();
        Rounded { value: self.value.relu(), variance: if passes { self.variance } else { 0.0 } }
    }

    fn is_positive(self) -> Self {
        // Where the sign is not known, the step of 1 is the error.
        let variance = if self.may_change_sign() { 1.0 / (ROUNDING * ROUNDING) } else { 0.0 };
        Rounded { value: Real::is_positive(self.value), variance }
    }
}

impl Number for Rounded {
    const ZERO: Self = Rounded { value: 0.0, variance: 0.0 };

    fn exact(value: f64) -> Self {
        Rounded { value, variance: 0.0 }
    }

    fn value(self) -> f64 {
        self.value
    }

    fn exp(self) -> Self {
        let value = self.value.exp();
        Rounded::new(value, value * value * (self.variance + self.value * self.value))
    }

    fn smooth(self, value: f64, slope: f64) -> Self {
        Rounded::new(value, slope * slope * self.variance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The root of the mean square of what f32 errs by over many draws, over what is expected.
    fn ratio<const N: usize>(in_f32: impl Fn([f32; N]) -> f32, expected: impl Fn([Rounded; N]) -> Rounded) -> f64 {
        let draws = 4000u32;
        let squares: f64 = (0..draws)
            .map(|n| {
                let x: [f32; N] = std::array::from_fn(|k| {
                    (f64::from(n * 7919 + k as u32 * 104_729) * 0.618_034).fract() as f32 * 2.0 - 1.0
                });
                let exact = expected(x.map(Rounded::splat));
                ((f64::from(in_f32(x)) - exact.value) / exact.error()).powi(2)
            })
            .sum();
        (squares / f64::from(draws)).sqrt()
    }

    /// A rounding is uniform between -1 and 1 of its bound, and that is on average two thirds of the value rounded: 0.4
    /// standard deviations remain of 1.
    #[test]
    fn f32_errs_by_what_is_expected() {
        let near = |name: &str, ratio: f64| assert!((0.15..0.6).contains(&ratio), "{name}: {ratio}");
        near("a sum", ratio(|x: [f32; 40]| x.iter().sum(), |x| x.into_iter().fold(Rounded::ZERO, Add::add)));
        near(
            "a product",
            ratio(|x: [f32; 4]| x.iter().product(), |x| x.into_iter().fold(Rounded::splat(1.0), Mul::mul)),
        );
        near("a quotient", ratio(|[a, b]: [f32; 2]| a / (b + 2.0), |[a, b]| a / (b + Rounded::splat(2.0))));
        // What is left of a sum that cancels is as rough as its largest part.
        let thirty = Rounded::splat(30.0);
        near("a cancelled sum", ratio(|[a, b]: [f32; 2]| a * b + 30.0 - 30.0, |[a, b]| a * b + thirty - thirty));
    }

    #[test]
    fn a_saturated_slope_has_the_error_of_1_and_a_small_value_a_small_one() {
        let h = Rounded::splat(30.0).tanh();
        let slope = Rounded::splat(1.0) - h * h;
        assert!(slope.value == 0.0 && (1e-8..3e-7).contains(&slope.error()), "{slope:?}");
        let small = Rounded::splat(1e-12) * Rounded::splat(0.3);
        assert!(small.error() < 1e-19, "{small:?}");
    }

    #[test]
    fn a_step_that_rounding_may_take_either_way_is_not_known() {
        let x = Rounded::splat(0.1) + Rounded::splat(0.2);
        assert_eq!((x - Rounded::splat(0.3)).is_positive().error().round(), 1.0);
        assert_eq!((x - Rounded::splat(0.29)).is_positive(), Rounded::splat(1.0));
        assert_eq!(Rounded::splat(-1.0).relu().is_positive(), Rounded::splat(0.0));
    }
}
