//! The number type of the kernels: one f32 for each batch row of a tile, in one SIMD vector. [`Real`] for it is what lets
//! the cells run here as they stand.

use super::functions;
use crate::model::cells::Real;
use pulp::{Scalar, Simd};
use std::ops::{Add, Mul, Neg, Sub};

/// A vector of f32, with the token that proves that the machine has the instructions for it; or a number that every lane
/// holds, which [`Real::splat`] must be able to make without a token. Which of the two a value is, is known when the
/// kernels are compiled, so that it costs nothing.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lanes<S: Simd> {
    Constant(f32),
    Vector(S, S::f32s),
}

impl<S: Simd> Lanes<S> {
    /// The vector itself.
    #[inline(always)]
    pub fn vector(self, simd: S) -> S::f32s {
        match self {
            Lanes::Constant(value) => simd.splat_f32s(value),
            Lanes::Vector(_, vector) => vector,
        }
    }
}

/// A function of one vector, written once for every level; constants go through the scalar one.
macro_rules! unary {
    ($x:expr, $function:path) => {
        match $x {
            Lanes::Constant(x) => Lanes::Constant($function(Scalar, x)),
            Lanes::Vector(simd, x) => Lanes::Vector(simd, $function(simd, x)),
        }
    };
}

/// The same for an operator.
macro_rules! operator {
    ($trait:ident, $method:ident, $vectors:ident) => {
        impl<S: Simd> $trait for Lanes<S> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                match (self, other) {
                    (Lanes::Constant(a), Lanes::Constant(b)) => Lanes::Constant(Scalar.$vectors(a, b)),
                    (Lanes::Vector(simd, a), b) => Lanes::Vector(simd, simd.$vectors(a, b.vector(simd))),
                    (a, Lanes::Vector(simd, b)) => Lanes::Vector(simd, simd.$vectors(a.vector(simd), b)),
                }
            }
        }
    };
}

operator!(Add, add, add_f32s);
operator!(Sub, sub, sub_f32s);
operator!(Mul, mul, mul_f32s);

impl<S: Simd> Neg for Lanes<S> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        unary!(self, Simd::neg_f32s)
    }
}

impl<S: Simd> Real for Lanes<S> {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        Lanes::Constant(value)
    }

    #[inline(always)]
    fn sigmoid(self) -> Self {
        unary!(self, functions::sigmoid)
    }

    #[inline(always)]
    fn tanh(self) -> Self {
        unary!(self, functions::tanh)
    }

    #[inline(always)]
    fn relu(self) -> Self {
        unary!(self, functions::relu)
    }

    #[inline(always)]
    fn is_positive(self) -> Self {
        unary!(self, functions::is_positive)
    }
}
