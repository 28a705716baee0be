//! Elementary functions on vectors of f32. NaN gives NaN; every other argument, infinities too, gives a finite value.

use pulp::Simd;

/// 1.5 * 2^23, which a sum with a small number rounds to an integer in the lowest bits of its mantissa, and the bias of
/// the exponent, so that these bits are the exponent of a power of two as it stands in an f32.
const ROUND: f32 = 12_582_912.0 + 127.0;
/// ln 2 in two parts; the first has 9 bits, so that its product with a whole number below 2^15 is exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// q in expm1(r) = r + r^2 q(r) for |r| <= ln(2)/2: minimax, relative error 1.4e-8.
const EXPM1: [f32; 5] = [0.5, 0.166_665_43, 0.041_666_28, 0.008_366_611, 0.001_394_649_7];

/// s = 2^n and expm1(r) with exp(x) = s + s expm1(r), for |x| <= 87.
#[inline(always)]
fn exp_parts<S: Simd>(simd: S, x: S::f32s) -> (S::f32s, S::f32s) {
    let splat = |value| simd.splat_f32s(value);
    let rounded = simd.mul_add_e_f32s(x, splat(std::f32::consts::LOG2_E), splat(ROUND));
    let scale = simd.transmute_f32s_u32s(
        simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(rounded), simd.splat_u32s(f32::MANTISSA_DIGITS - 1)),
    );
    let n = simd.sub_f32s(rounded, splat(ROUND));
    let r = simd.mul_add_e_f32s(n, splat(-LN_2[0]), x);
    let r = simd.mul_add_e_f32s(n, splat(-LN_2[1]), r);
    let mut q = splat(EXPM1[4]);
    for coefficient in [EXPM1[3], EXPM1[2], EXPM1[1], EXPM1[0]] {
        q = simd.mul_add_e_f32s(q, r, splat(coefficient));
    }
    (scale, simd.mul_add_e_f32s(simd.mul_f32s(r, r), q, r))
}

/// x where it lies within -bound .. bound, else the nearer end.
#[inline(always)]
fn clamp<S: Simd>(simd: S, x: S::f32s, bound: f32) -> S::f32s {
    // The maximum and the minimum give their second operand, or NaN, where x is NaN; but not the scalar ones.
    if S::IS_SCALAR {
        let above = simd.less_than_f32s(x, simd.splat_f32s(-bound));
        let x = simd.select_f32s(above, simd.splat_f32s(-bound), x);
        let below = simd.greater_than_f32s(x, simd.splat_f32s(bound));
        return simd.select_f32s(below, simd.splat_f32s(bound), x);
    }
    simd.min_f32s(simd.splat_f32s(bound), simd.max_f32s(simd.splat_f32s(-bound), x))
}

/// 1 / (1 + exp(-x)): absolute error below 1e-7, relative error below 2e-7 down to x = -80, where it stays at 1.8e-35.
#[inline(always)]
pub(super) fn sigmoid<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let (scale, expm1) = exp_parts(simd, simd.neg_f32s(clamp(simd, x, 80.0)));
    let one = simd.splat_f32s(1.0);
    simd.div_f32s(one, simd.add_f32s(one, simd.mul_add_e_f32s(scale, expm1, scale)))
}

/// tanh x = expm1(2x) / (expm1(2x) + 2): absolute error below 1.6e-7 and relative error below 2e-7, near 0 too. Beyond
/// 10 it is 1 in f32.
#[inline(always)]
pub(super) fn tanh<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let x = clamp(simd, x, 10.0);
    let (scale, expm1) = exp_parts(simd, simd.add_f32s(x, x));
    let expm1 = simd.mul_add_e_f32s(scale, expm1, simd.sub_f32s(scale, simd.splat_f32s(1.0)));
    simd.div_f32s(expm1, simd.add_f32s(expm1, simd.splat_f32s(2.0)))
}

/// max(x, 0).
#[inline(always)]
pub(super) fn relu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    simd.select_f32s(simd.less_than_f32s(x, zero), zero, x)
}

/// 1 where x > 0, else 0.
#[inline(always)]
pub(super) fn is_positive<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    simd.select_f32s(simd.greater_than_f32s(x, zero), simd.splat_f32s(1.0), zero)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::cpu::Level;
    use crate::model::cells::Real;
    use pulp::WithSimd;

    /// One function over a slice whose length is a multiple of 16.
    struct Map<'a>(Function, &'a [f32]);

    #[derive(Clone, Copy)]
    enum Function {
        Sigmoid,
        Tanh,
        Relu,
        IsPositive,
    }

    impl Function {
        fn exact(self, x: f64) -> f64 {
            match self {
                Function::Sigmoid => Real::sigmoid(x),
                Function::Tanh => Real::tanh(x),
                Function::Relu => Real::relu(x),
                Function::IsPositive => Real::is_positive(x),
            }
        }
    }

    impl WithSimd for Map<'_> {
        type Output = Vec<f32>;

        fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
            let (vectors, rest) = S::as_simd_f32s(self.1);
            assert!(rest.is_empty());
            let y: Vec<S::f32s> = vectors
                .iter()
                .map(|&x| match self.0 {
                    Function::Sigmoid => sigmoid(simd, x),
                    Function::Tanh => tanh(simd, x),
                    Function::Relu => relu(simd, x),
                    Function::IsPositive => is_positive(simd, x),
                })
                .collect();
            bytemuck::cast_slice(&y).to_vec()
        }
    }

    /// Every 3001st f32 between -limit and limit, both signs, so that all magnitudes have their share.
    fn grid(limit: f32) -> Vec<f32> {
        let mut x: Vec<f32> = (0..limit.to_bits()).step_by(3001).map(f32::from_bits).flat_map(|x| [x, -x]).collect();
        x.extend([0.0, -0.0, limit, -limit]);
        x.resize(x.len().next_multiple_of(16), 0.0);
        x
    }

    /// The largest absolute and relative errors of a function.
    fn errors(level: Level, function: Function, x: &[f32]) -> (f64, f64) {
        let y = level.dispatch(Map(function, x));
        let mut worst = (0.0f64, 0.0f64);
        for (&x, &y) in x.iter().zip(&y) {
            assert!(y.is_finite(), "{x} gives {y}");
            let exact = function.exact(x.into());
            let error = (f64::from(y) - exact).abs();
            worst.0 = worst.0.max(error);
            if exact.abs() > 1e-34 {
                worst.1 = worst.1.max(error / exact.abs());
            }
        }
        worst
    }

    #[test]
    fn every_level_is_near_the_exact_functions() {
        for level in Level::available() {
            // Measured: sigmoid 8.9e-8 and 1.5e-7, tanh 1.5e-7 and 1.7e-7; without fused multiply-add 2e-7. The bound of 2e-7
            // is what the tolerances of the engine's tests are built on.
            let (absolute, relative) = errors(level, Function::Sigmoid, &grid(79.0));
            assert!(absolute <= 1.2e-7 && relative <= 2.5e-7, "{}: sigmoid {absolute:e} {relative:e}", level.name());
            let (absolute, _) = errors(level, Function::Sigmoid, &grid(f32::MAX));
            assert!(absolute <= 1.2e-7, "{}: sigmoid {absolute:e}", level.name());
            let (absolute, relative) = errors(level, Function::Tanh, &grid(f32::MAX));
            assert!(absolute <= 2e-7 && relative <= 2.5e-7, "{}: tanh {absolute:e} {relative:e}", level.name());
            assert_eq!(errors(level, Function::Relu, &grid(f32::MAX)), (0.0, 0.0), "{}: relu", level.name());
            assert_eq!(errors(level, Function::IsPositive, &grid(f32::MAX)), (0.0, 0.0), "{}", level.name());
        }
    }

    #[test]
    fn infinities_saturate_and_nan_stays() {
        let mut x = [0.0; 16];
        x[..3].copy_from_slice(&[f32::INFINITY, f32::NEG_INFINITY, f32::NAN]);
        for level in Level::available() {
            let tanh = level.dispatch(Map(Function::Tanh, &x));
            assert!(tanh[0] == 1.0 && tanh[1] == -1.0 && tanh[2].is_nan(), "{}: {tanh:?}", level.name());
            let sigmoid = level.dispatch(Map(Function::Sigmoid, &x));
            assert!(sigmoid[0] == 1.0 && sigmoid[1] < 1e-34 && sigmoid[2].is_nan(), "{}: {sigmoid:?}", level.name());
            assert!(level.dispatch(Map(Function::Relu, &x))[2].is_nan(), "{}: relu", level.name());
        }
    }
}
