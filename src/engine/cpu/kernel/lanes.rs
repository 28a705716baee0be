//! The number type of the kernels: one f32 for each batch row of a tile, in one SIMD vector. It implements [`Real`], so
//! that the cells run here without change.

use super::functions;
use crate::model::cells::Real;
use bytemuck::Zeroable;
use pulp::{Scalar, Simd};
use std::ops::{Add, Mul, Neg, Sub};

/// A vector of f32, with the token that proves that the machine has the instructions for it; or, without a token, a
/// number that is the same in every lane, since [`Real::splat`] is given no token. The compiler knows which of the two
/// a value is, so that it costs nothing. (As an enum both would share their place in memory, and the compiler would
/// move vectors lane by lane.)
#[derive(Clone, Copy, Debug)]
pub(super) struct Lanes<S: Simd> {
    simd: Option<S>,
    /// The lanes, where there is a token.
    vector: S::f32s,
    /// Every lane, where there is none.
    constant: f32,
}

impl<S: Simd> Lanes<S> {
    #[inline(always)]
    pub fn new(simd: S, vector: S::f32s) -> Self {
        Lanes { simd: Some(simd), vector, constant: 0.0 }
    }

    #[inline(always)]
    fn constant(value: f32) -> Self {
        Lanes { simd: None, vector: S::f32s::zeroed(), constant: value }
    }

    /// The vector itself.
    #[inline(always)]
    pub fn vector(self, simd: S) -> S::f32s {
        if self.simd.is_some() { self.vector } else { simd.splat_f32s(self.constant) }
    }
}

/// A function of one vector, written once for every level; constants go through the scalar one.
macro_rules! unary {
    ($x:expr, $function:path) => {
        match $x.simd {
            Some(simd) => Lanes::new(simd, $function(simd, $x.vector)),
            None => Lanes::constant($function(Scalar, $x.constant)),
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
                match (self.simd, other.simd) {
                    (Some(simd), _) | (_, Some(simd)) => {
                        Lanes::new(simd, simd.$vectors(self.vector(simd), other.vector(simd)))
                    }
                    (None, None) => Lanes::constant(Scalar.$vectors(self.constant, other.constant)),
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
        Lanes::constant(value)
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
