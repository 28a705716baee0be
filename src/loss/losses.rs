//! The losses: their terms, derivatives, targets and counts.

use super::distribution::Distribution;
use super::quantiles::Quantiles;
use crate::error::{Error, Result};
use crate::model::Spec;
use crate::model::cells::{Number, Real};
use serde::{Deserialize, Serialize};

/// A loss, by its term for the output y and the target t; with the mean over all terms, PyTorch's `reduction="mean"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// (y - t)^2. Source: `torch.nn.MSELoss`.
    #[default]
    Mse,
    /// |y - t|; its derivative at 0 is 0. Source: `torch.nn.L1Loss`.
    Mae,
    /// (y - t)^2 / 2 where |y - t| <= delta, else delta (|y - t| - delta / 2). Source: `torch.nn.HuberLoss`.
    Huber {
        /// Where the parabola ends, above 0. In f32, so that it is the same number on every device and in the oracle.
        delta: f32,
    },
    /// `-ln softmax(y)[t]` for the O outputs y of a position and its class t, a whole number from 0 to O-1. Source:
    /// `torch.nn.CrossEntropyLoss` with class indices.
    CrossEntropy,
    /// -t ln sigmoid(y) - (1-t) ln(1 - sigmoid(y)), computed as max(y, 0) - y t + ln(1 + exp(-|y|)). Source:
    /// `torch.nn.BCEWithLogitsLoss`.
    BinaryCrossEntropy,
    /// q (t - y) where y <= t, else (1 - q) (y - t), for each level q: the O outputs of a position are O/Q groups of Q,
    /// one output a level, and each group has one target. Its derivative is -q where y <= t. Source: Koenker and
    /// Bassett 1978, doi 10.2307/1913643.
    Quantile(Quantiles),
    /// -ln of the likelihood of each target: the O outputs of a position are groups of the parameters of a distribution.
    /// For networks over segments ([`Segments`](crate::model::Segments)) alone.
    Likelihood(Distribution),
}

impl Loss {
    /// Checks the loss's own numbers.
    ///
    /// # Errors
    /// [`Error::Config`] where the delta of [`Loss::Huber`] is not a finite number above 0.
    pub fn check(self) -> Result<()> {
        match self {
            Loss::Huber { delta } if !(delta > 0.0 && delta.is_finite()) => {
                Err(Error::config("delta", delta, "a finite number above 0"))
            }
            _ => Ok(()),
        }
    }

    /// Outputs that belong to a target: one a level of quantiles, the parameters of a distribution, else one.
    pub fn outputs_of_target(self) -> usize {
        match self {
            Loss::Quantile(quantiles) => quantiles.count,
            Loss::Likelihood(distribution) => distribution.parameters(),
            _ => 1,
        }
    }

    /// Target values at a position with `outputs` outputs (O): 1, the class, for cross-entropy, O/Q for quantiles, those
    /// of a [`Distribution`] for each group of its parameters, else O.
    pub fn target_width(self, outputs: usize) -> usize {
        match self {
            Loss::CrossEntropy => 1,
            Loss::Likelihood(distribution) => outputs / distribution.parameters() * distribution.target_width(),
            _ => outputs / self.outputs_of_target(),
        }
    }

    /// Which target of a position output `o` is compared with.
    pub fn target_of(self, o: usize) -> usize {
        match self {
            Loss::CrossEntropy => 0,
            _ => o / self.outputs_of_target(),
        }
    }

    /// Target values of one row of `steps` steps: of its last step, or of every step.
    pub fn target_len(self, spec: &Spec, steps: usize) -> usize {
        spec.read_steps(steps) * self.target_width(spec.outputs())
    }

    /// Terms of a position: one for cross-entropy, one for each group of a distribution's parameters, else O.
    pub fn terms_of_position(self, outputs: usize) -> usize {
        match self {
            Loss::CrossEntropy => 1,
            Loss::Likelihood(distribution) => outputs / distribution.parameters(),
            _ => outputs,
        }
    }

    /// The number of terms that the mean is over, for rows of these lengths: positions that count, times
    /// [`Loss::terms_of_position`].
    pub fn terms(self, spec: &Spec, lengths: &[usize]) -> usize {
        let positions: usize = lengths.iter().map(|&length| spec.readout().positions(length)).sum();
        positions * self.terms_of_position(spec.outputs())
    }

    /// Checks targets `[B, target_len]` for rows of these `lengths` in `steps` steps. Targets beyond a row's length are
    /// not looked at.
    ///
    /// # Errors
    /// [`Error::Length`] where their number is not what the rows call for; [`Error::Config`] where the class of a
    /// position is not a whole number below O.
    pub fn check_targets<T>(self, spec: &Spec, steps: usize, lengths: &[usize], targets: &[T]) -> Result<()>
    where
        T: Copy + Into<f64>,
    {
        let width = self.target_width(spec.outputs());
        let read = spec.read_steps(steps);
        let shape = [("B", lengths.len()), ("read steps", read), (if width == 1 { "1" } else { "O" }, width)];
        Error::check_len("targets", &shape, targets.len())?;
        if !self.restricts_targets() {
            return Ok(());
        }
        for (b, &length) in lengths.iter().enumerate() {
            for r in 0..spec.readout().positions(length) {
                let target = targets[(b * read + r) * width..][..width].iter().map(|&value| value.into());
                if let Some((found, expected)) = self.refused(spec, &target.collect::<Vec<f64>>()) {
                    return Err(Error::config("a target", format!("{found} (row {b}, position {r})"), expected));
                }
            }
        }
        Ok(())
    }

    /// Whether there are numbers that are no targets of it.
    pub fn restricts_targets(self) -> bool {
        matches!(self, Loss::CrossEntropy | Loss::Likelihood(Distribution::NegativeBinomial))
    }

    /// What in the target of a position is none, and what it should be.
    fn refused(self, spec: &Spec, target: &[f64]) -> Option<(f64, String)> {
        if self == Loss::CrossEntropy {
            let is_class = |class: f64| class.fract() == 0.0 && (0.0..spec.outputs() as f64).contains(&class);
            let expected = || format!("a class: a whole number from 0 to {}", spec.outputs() - 1);
            return target.iter().find(|&&class| !is_class(class)).map(|&class| (class, expected()));
        }
        let is_count = |count: f64| count >= 0.0 && count.is_finite();
        let found = target.iter().find(|&&number| !is_count(number));
        found.map(|&number| (number, "a count and its size: finite numbers of at least 0".to_owned()))
    }

    /// The sum of the terms of one position, from its outputs `y` `[O]` and its target.
    pub fn value(self, y: &[f64], target: &[f64]) -> f64 {
        if self == Loss::CrossEntropy {
            return log_sum_exp(y) - y[target[0] as usize];
        }
        if let Loss::Likelihood(distribution) = self {
            return distribution.groups(y, target).map(|(y, target)| distribution.value(y, target)).sum();
        }
        y.iter().enumerate().map(|(o, &y)| self.term(o, y, target[self.target_of(o)])).sum()
    }

    /// The gradient of [`Loss::value`] with respect to the outputs, `[O]`.
    pub fn gradient<N: Number>(self, y: &[N], target: &[f64]) -> Vec<N> {
        if self == Loss::CrossEntropy {
            let is_class = |o| f64::from(u8::from(o == target[0] as usize));
            let probabilities = softmax(y).into_iter().enumerate();
            return probabilities.map(|(o, p)| self.derivative(o, p, N::exact(is_class(o)))).collect();
        }
        if let Loss::Likelihood(distribution) = self {
            return distribution.groups(y, target).flat_map(|(y, target)| distribution.gradient(y, target)).collect();
        }
        y.iter().enumerate().map(|(o, &y)| self.derivative(o, y, N::exact(target[self.target_of(o)]))).collect()
    }

    /// The term of output `o`. Losses whose outputs depend on one another have none.
    fn term(self, o: usize, y: f64, t: f64) -> f64 {
        let distance = (y - t).abs();
        match self {
            Loss::Mse => distance * distance,
            Loss::Mae => distance,
            Loss::Huber { delta } => {
                let delta = f64::from(delta);
                if distance <= delta { distance * distance / 2.0 } else { delta * (distance - delta / 2.0) }
            }
            Loss::BinaryCrossEntropy => y.relu() - y * t + (-y.abs()).exp().ln_1p(),
            Loss::Quantile(quantiles) => {
                let q = f64::from(quantiles.level(o));
                if y <= t { q * (t - y) } else { (1.0 - q) * (y - t) }
            }
            Loss::CrossEntropy | Loss::Likelihood(_) => unreachable!("a term of several outputs"),
        }
    }

    /// The derivative of the term of output `o`, for any number type. Of cross-entropy, whose outputs depend on one
    /// another, `y` is the probability `softmax(y)[o]`, and `t` is 1 for the position's class and 0 for every other.
    ///
    /// ```text
    /// mse  2 (y - t)        mae  sign(y - t)        huber  clamp(y - t, -delta, delta)
    /// binary cross-entropy  sigmoid(y) - t          cross-entropy  softmax(y)[o] - (1 if o is the class, else 0)
    /// quantile  (1 if y > t, else 0) - q
    /// ```
    ///
    /// # Panics
    /// Of a likelihood, whose outputs depend on one another.
    #[inline(always)]
    pub fn derivative<R: Real>(self, o: usize, y: R, t: R) -> R {
        let difference = y - t;
        match self {
            Loss::Mse => difference + difference,
            Loss::Mae => difference.is_positive() - (-difference).is_positive(),
            Loss::Huber { delta } => {
                let delta = R::splat(delta);
                difference - (difference - delta).relu() + (-difference - delta).relu()
            }
            Loss::BinaryCrossEntropy => y.sigmoid() - t,
            Loss::CrossEntropy => difference,
            Loss::Quantile(quantiles) => difference.is_positive() - R::splat(quantiles.level(o)),
            Loss::Likelihood(_) => unreachable!("a term of several outputs"),
        }
    }
}

/// ln sum_o exp(y[o]), finite for every finite y.
fn log_sum_exp(y: &[f64]) -> f64 {
    let largest = largest(y);
    largest + y.iter().map(|y| (y - largest).exp()).sum::<f64>().ln()
}

/// exp(y[o]) / sum_k exp(y[k]), without overflow.
fn softmax<N: Number>(y: &[N]) -> Vec<N> {
    let largest = N::exact(largest(y));
    let exponentials: Vec<N> = y.iter().map(|&y| (y - largest).exp()).collect();
    let sum = exponentials.iter().fold(N::ZERO, |sum, &e| sum + e);
    exponentials.into_iter().map(|e| e / sum).collect()
}

fn largest<N: Number>(y: &[N]) -> f64 {
    y.iter().map(|y| y.value()).fold(f64::NEG_INFINITY, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::Objective;
    use crate::model::{CellKind, Head, Readout};

    fn spec(outputs: usize, readout: Readout) -> Spec {
        Spec { head: Some(Head { outputs, readout }), ..Spec::new(CellKind::Gru, 1, 2, outputs) }
    }

    #[test]
    fn a_class_that_is_none_is_refused_by_its_place_where_it_counts() {
        let check = |readout, lengths: &[usize], targets: &[f32]| {
            let checked = Loss::CrossEntropy.check_targets(&spec(3, readout), 2, lengths, targets);
            checked.map_err(|error| error.to_string())
        };
        assert_eq!(check(Readout::Every, &[2, 1], &[0.0, 2.0, 1.0, f32::NAN]), Ok(()));
        assert_eq!(check(Readout::Last, &[2, 1], &[0.0, 2.0]), Ok(()));
        for class in [3.0, -1.0, 0.5, f32::NAN, f32::INFINITY] {
            let expected =
                format!("a target is {class} (row 1, position 0), expected a class: a whole number from 0 to 2");
            assert_eq!(check(Readout::Every, &[2, 1], &[0.0, 0.0, class, 0.0]), Err(expected.clone()));
            assert_eq!(check(Readout::Last, &[2, 1], &[0.0, class]), Err(expected));
        }
        let short = check(Readout::Every, &[2, 1], &[0.0; 3]).expect_err("three values");
        assert_eq!(short, "targets: expected 4 values (B=2 x read steps=2 x 1=1), found 3");
        let short = Loss::Mae.check_targets(&spec(3, Readout::Last), 2, &[2, 1], &[0.0; 2]).expect_err("two values");
        assert_eq!(short.to_string(), "targets: expected 6 values (B=2 x read steps=1 x O=3), found 2");
    }

    #[test]
    fn what_lies_beyond_a_length_is_not_counted() {
        assert_eq!(Loss::Mse.terms(&spec(3, Readout::Every), &[4, 1, 2]), 21);
        assert_eq!(Loss::Mse.terms(&spec(3, Readout::Last), &[4, 1, 2]), 9);
        assert_eq!(Loss::CrossEntropy.terms(&spec(3, Readout::Every), &[4, 1, 2]), 7);
        assert_eq!(Loss::CrossEntropy.target_len(&spec(3, Readout::Every), 4), 4);
        assert_eq!(Loss::Huber { delta: 1.0 }.target_len(&spec(3, Readout::Every), 4), 12);
    }

    #[test]
    fn a_delta_that_is_no_distance_is_refused() {
        for delta in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            let error = Loss::Huber { delta }.check().expect_err("no distance").to_string();
            assert!(error.starts_with(&format!("delta is {delta}")), "{error}");
        }
        assert!(Loss::Huber { delta: 0.5 }.check().is_ok());
    }

    #[test]
    fn quantiles_share_the_target_of_their_group() {
        let loss = Loss::Quantile(Quantiles::new(&[0.25, 0.5]).unwrap());
        assert_eq!((loss.target_width(4), loss.terms(&spec(4, Readout::Every), &[3, 1])), (2, 16));
        // Below the target by 1 and 2, then above it by 4 and on it.
        let (y, target) = ([1.0, 0.0, 9.0, 5.0], [2.0, 5.0]);
        assert_eq!(loss.value(&y, &target), 0.25 + 0.5 * 2.0 + 0.75 * 4.0);
        assert_eq!(loss.gradient(&y, &target), [-0.25, -0.5, 0.75, -0.5]);
        let objective = Objective { loss, ..Objective::default() };
        assert!(objective.check(&spec(4, Readout::Last)).is_ok());
        let refused = objective.check(&spec(3, Readout::Last)).expect_err("three outputs for two levels").to_string();
        assert_eq!(refused, "outputs is 3, expected a multiple of 2, the number of quantiles");
    }

    #[test]
    fn large_outputs_stay_finite_and_right() {
        let close =
            |found: f64, expected: f64| assert!((found - expected).abs() <= 1e-12 * expected, "{found} {expected}");
        close(Loss::BinaryCrossEntropy.value(&[1000.0], &[0.0]), 1000.0);
        close(Loss::BinaryCrossEntropy.value(&[-1000.0], &[1.0]), 1000.0);
        assert_eq!(Loss::BinaryCrossEntropy.value(&[1000.0], &[1.0]), 0.0);
        close(Loss::CrossEntropy.value(&[1000.0, -1000.0], &[1.0]), 2000.0);
        assert_eq!(Loss::CrossEntropy.gradient(&[1000.0, -1000.0], &[1.0]), [1.0, -1.0]);
        assert!(Loss::CrossEntropy.value(&[f64::NAN, 0.0], &[1.0]).is_nan());
    }

    #[test]
    fn at_the_corners_the_derivative_is_pytorchs() {
        assert_eq!(Loss::Mae.derivative(0, 1.5, 1.5), 0.0);
        let huber = Loss::Huber { delta: 0.5 };
        assert_eq!([-9.0, -0.5, 0.25, 0.5, 9.0].map(|y| huber.derivative(0, y, 0.0)), [-0.5, -0.5, 0.25, 0.5, 0.5]);
    }
}
