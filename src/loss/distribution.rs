//! Probability distributions that a network forecasts by their parameters, and the negative logarithm of the likelihood
//! that they give a target.

use crate::model::cells::{Number, Real};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, DiscreteCDF};
use statrs::function::gamma::{digamma, ln_gamma};
use std::f64::consts::PI;
use std::fmt;

/// A distribution, by the outputs of a network that stand for its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// Student's t with location, scale and degrees of freedom: of values whose errors have heavy tails. Outputs (m, s, d)
    /// are the location m, the scale softplus(s) + 1e-4 and 2 + softplus(d) degrees of freedom, so that there is a
    /// variance. Its target is the value. Source: `torch.distributions.StudentT`.
    StudentT,
    /// The negative binomial with mean and overdispersion a, whose variance is mean + a mean^2: of counts. Outputs (m, a)
    /// are the mean in units of a size, softplus(m) + 1e-6, and the overdispersion softplus(a) + 1e-3. Its target are two
    /// numbers: the count in units of the size, and the size. Source: Salinas et al. 2020 (DeepAR),
    /// doi 10.1016/j.ijforecast.2019.07.001; `torch.distributions.NegativeBinomial` with total_count 1/a and probs
    /// a mean / (1 + a mean).
    NegativeBinomial,
}

/// The least that a scale, a mean and an overdispersion are.
const LEAST_SCALE: f64 = 1e-4;
const LEAST_MEAN: f64 = 1e-6;
const LEAST_DISPERSION: f64 = 1e-3;
/// From here on Student's t is as good as normal.
const MOST_FREEDOM: f64 = 1e4;
/// Beyond it a mean is none of counts.
const MOST_MEAN: f64 = 1e15;

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Distribution::StudentT => "Student's t",
            Distribution::NegativeBinomial => "the negative binomial",
        })
    }
}

impl Distribution {
    /// Outputs of the network for a target.
    pub fn parameters(self) -> usize {
        match self {
            Distribution::StudentT => 3,
            Distribution::NegativeBinomial => 2,
        }
    }

    /// Numbers that a target has.
    pub fn target_width(self) -> usize {
        match self {
            Distribution::StudentT => 1,
            Distribution::NegativeBinomial => 2,
        }
    }

    /// The outputs for each target of a position, with the target.
    pub fn groups<'a, N>(self, y: &'a [N], target: &'a [f64]) -> impl Iterator<Item = (&'a [N], &'a [f64])> {
        y.chunks_exact(self.parameters()).zip(target.chunks_exact(self.target_width()))
    }

    /// -ln of the likelihood of a target, from its outputs.
    pub fn value(self, outputs: &[f64], target: &[f64]) -> f64 {
        match self {
            Distribution::StudentT => {
                let [location, scale, freedom] = student_t(outputs);
                let z = (target[0] - location) / scale;
                ln_gamma(freedom / 2.0) - ln_gamma((freedom + 1.0) / 2.0)
                    + 0.5 * (freedom * PI).ln()
                    + scale.ln()
                    + (freedom + 1.0) / 2.0 * (z * z / freedom).ln_1p()
            }
            Distribution::NegativeBinomial => {
                let (count, [mean, a]) = (target[0] * target[1], negative_binomial(outputs, target[1]));
                let r = a.recip();
                ln_gamma(r) - ln_gamma(count + r) + ln_gamma(count + 1.0) + (r + count) * (a * mean).ln_1p()
                    - count * (a * mean).ln()
            }
        }
    }

    /// The gradient of [`Distribution::value`] with respect to the outputs.
    pub fn gradient<N: Number>(self, outputs: &[N], target: &[f64]) -> Vec<N> {
        let one = N::exact(1.0);
        match self {
            Distribution::StudentT => {
                let [location, scale, freedom] = student_t(outputs);
                let z = (N::exact(target[0]) - location) / scale;
                let (squared, more) = (z * z, freedom + one);
                let sum = freedom + squared;
                let d_location = -(more * z) / (scale * sum);
                let d_scale = freedom * (one - squared) / (scale * sum);
                let half = N::exact(0.5);
                let d_freedom = half
                    * (psi(freedom * half) - psi(more * half) + one / freedom + ln(sum / freedom)
                        - more * squared / (freedom * sum));
                vec![d_location, d_scale * outputs[1].sigmoid(), d_freedom * outputs[2].sigmoid()]
            }
            Distribution::NegativeBinomial => {
                let (count, [mean, a]) = (N::exact(target[0] * target[1]), negative_binomial(outputs, target[1]));
                let (r, grown) = (one / a, one + a * mean);
                let d_mean = (mean - count) / (mean * grown);
                let d_a = r * r * (psi(count + r) - psi(r) - ln(grown)) + (r + count) * mean / grown - count * r;
                vec![d_mean * N::exact(target[1]) * outputs[0].sigmoid(), d_a * outputs[1].sigmoid()]
            }
        }
    }

    /// The quantile of a level between 0 and 1, in the unit of the target, whose size is `size` where it has one; NaN
    /// where the outputs are far from those of any distribution.
    pub fn quantile(self, outputs: &[f64], size: f64, level: f64) -> f64 {
        match self {
            Distribution::StudentT => {
                let [location, scale, freedom] = student_t(outputs);
                if ![location, scale, freedom].iter().all(|parameter| parameter.is_finite()) {
                    return f64::NAN;
                }
                let of = statrs::distribution::StudentsT::new(location, scale, freedom.min(MOST_FREEDOM));
                of.map_or(f64::NAN, |of| of.inverse_cdf(level))
            }
            Distribution::NegativeBinomial => {
                let [mean, a] = negative_binomial(outputs, size);
                if mean.is_nan() || mean >= MOST_MEAN {
                    return f64::NAN;
                }
                let of = statrs::distribution::NegativeBinomial::new(a.recip(), (1.0 + a * mean).recip());
                of.map_or(f64::NAN, |of| of.inverse_cdf(level) as f64 / size)
            }
        }
    }
}

/// Location, scale and degrees of freedom.
fn student_t<N: Number>(outputs: &[N]) -> [N; 3] {
    [outputs[0], softplus(outputs[1]) + N::exact(LEAST_SCALE), softplus(outputs[2]) + N::exact(2.0)]
}

/// Mean and overdispersion.
fn negative_binomial<N: Number>(outputs: &[N], size: f64) -> [N; 2] {
    let mean = softplus(outputs[0]) + N::exact(LEAST_MEAN);
    [mean * N::exact(size), softplus(outputs[1]) + N::exact(LEAST_DISPERSION)]
}

/// ln(1 + exp(x)).
fn softplus<N: Number>(x: N) -> N {
    let value = x.value();
    x.smooth(value.max(0.0) + (-value.abs()).exp().ln_1p(), value.sigmoid())
}

fn ln<N: Number>(x: N) -> N {
    x.smooth(x.value().ln(), x.value().recip())
}

/// The derivative of the logarithm of the gamma function.
fn psi<N: Number>(x: N) -> N {
    let value = x.value();
    let step = 1e-4 * value;
    x.smooth(digamma(value), (digamma(value + step) - digamma(value - step)) / (2.0 * step))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The share of a distribution below a value, by the mean of what its density gives over a grid.
    fn below(
        distribution: Distribution,
        outputs: &[f64],
        target: impl Fn(f64) -> Vec<f64>,
        grid: (f64, f64, f64),
    ) -> f64 {
        let (low, high, step) = grid;
        let points = ((high - low) / step).round() as usize;
        let density = |n: usize| (-distribution.value(outputs, &target(low + (n as f64 + 0.5) * step))).exp() * step;
        (0..points).map(density).sum()
    }

    #[test]
    fn so_much_lies_below_a_quantile() {
        let outputs = [0.5, -1.0, 0.3];
        for level in [0.05, 0.5, 0.9] {
            let quantile = Distribution::StudentT.quantile(&outputs, 1.0, level);
            let found = below(Distribution::StudentT, &outputs, |t| vec![t], (quantile - 200.0, quantile, 1e-3));
            assert!((found - level).abs() < 1e-4, "{level}: {found}");
        }
        assert_eq!(Distribution::StudentT.quantile(&outputs, 1.0, 0.5), 0.5);
    }

    #[test]
    fn a_quantile_of_counts_is_the_least_that_holds_its_level() {
        let (outputs, size) = ([0.8, -0.5], 5.0);
        let mass = |count: f64| (-Distribution::NegativeBinomial.value(&outputs, &[count / size, size])).exp();
        let up_to = |count: f64| (0..=count as usize).map(|count| mass(count as f64)).sum::<f64>();
        for level in [0.01, 0.3, 0.5, 0.9, 0.999] {
            let count = Distribution::NegativeBinomial.quantile(&outputs, size, level) * size;
            assert!((count - count.round()).abs() < 1e-9, "{count}");
            let count = count.round();
            assert!(up_to(count) >= level && (count == 0.0 || up_to(count - 1.0) < level), "{level}: {count}");
        }
        assert!((up_to(2000.0) - 1.0).abs() < 1e-9);
        let mean: f64 = (0..2000).map(|count| f64::from(count) * mass(count.into())).sum();
        assert!((mean - size * 0.8f64.exp().ln_1p()).abs() < 1e-4, "{mean}");
    }

    #[test]
    fn outputs_that_are_far_off_have_no_quantiles() {
        for outputs in [[f64::NAN, 0.0], [1e300, 0.0], [0.0, f64::NAN]] {
            assert!(Distribution::NegativeBinomial.quantile(&outputs, 1.0, 0.9).is_nan(), "{outputs:?}");
        }
        for outputs in [[f64::NAN, 0.0, 0.0], [0.0, f64::NAN, 0.0], [0.0, 0.0, f64::INFINITY]] {
            assert!(Distribution::StudentT.quantile(&outputs, 1.0, 0.9).is_nan(), "{outputs:?}");
        }
        // With many degrees of freedom it is normal.
        let normal = Distribution::StudentT.quantile(&[0.0, 0.5, 1e12], 1.0, 0.975);
        let scale = 0.5f64.exp().ln_1p() + LEAST_SCALE;
        assert!((normal / scale - 1.96).abs() < 1e-3, "{normal}");
    }
}
