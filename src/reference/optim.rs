//! The optimisers and clipping.

use crate::error::{Error, Result};
use crate::optim::{Clip, Optimizer};

/// What an optimiser remembers between steps; zeros before the first. An optimiser leaves alone what it does not use.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// The first moment, or SGD's momentum.
    pub m: Vec<f64>,
    /// The second moment.
    pub v: Vec<f64>,
}

impl Moments {
    /// Zeros for a block of `len` parameters.
    pub fn zeros(len: usize) -> Self {
        Moments { m: vec![0.0; len], v: vec![0.0; len] }
    }
}

/// Step `t` (counted from 1) of an optimiser, in place, by the formulas at [`Optimizer`].
///
/// # Errors
/// [`Error::Length`] where the gradients or moments do not have the parameters' length; [`Error::Config`] where `t` is
/// 0 or the optimiser's numbers make no sense.
pub fn optimizer_step(
    optimizer: &Optimizer,
    parameters: &mut [f64],
    gradients: &[f64],
    moments: &mut Moments,
    t: u64,
) -> Result<()> {
    optimizer.check()?;
    let shape = [("parameters", parameters.len())];
    Error::check_len("gradients", &shape, gradients.len())?;
    Error::check_len("m", &shape, moments.m.len())?;
    Error::check_len("v", &shape, moments.v.len())?;
    if t == 0 {
        return Err(Error::config("t", t, "the step's number, counted from 1"));
    }
    let Moments { m, v } = moments;
    match *optimizer {
        Optimizer::Sgd { lr, momentum, weight_decay } => {
            let gradients = penalised(gradients, parameters, weight_decay);
            for n in 0..parameters.len() {
                m[n] = momentum * m[n] + gradients[n];
                parameters[n] -= lr * m[n];
            }
        }
        Optimizer::Adam { lr, beta1, beta2, eps, weight_decay } => {
            let gradients = penalised(gradients, parameters, weight_decay);
            adam_step(parameters, &gradients, [m, v], t, [lr, beta1, beta2, eps]);
        }
        Optimizer::AdamW { lr, beta1, beta2, eps, weight_decay } => {
            for w in &mut *parameters {
                *w -= lr * weight_decay * *w;
            }
            adam_step(parameters, gradients, [m, v], t, [lr, beta1, beta2, eps]);
        }
        Optimizer::RmsProp { lr, alpha, eps, weight_decay } => {
            let gradients = penalised(gradients, parameters, weight_decay);
            for n in 0..parameters.len() {
                v[n] = alpha * v[n] + (1.0 - alpha) * gradients[n] * gradients[n];
                parameters[n] -= lr * gradients[n] / (v[n].sqrt() + eps);
            }
        }
    }
    Ok(())
}

/// Adam's step without a penalty, by algorithm 1 of Kingma and Ba 2014, arXiv 1412.6980; eps is added after the second
/// moment's correction, as in PyTorch.
fn adam_step(
    parameters: &mut [f64],
    gradients: &[f64],
    [m, v]: [&mut [f64]; 2],
    t: u64,
    [lr, beta1, beta2, eps]: [f64; 4],
) {
    let correction1 = 1.0 - beta1.powf(t as f64);
    let correction2 = 1.0 - beta2.powf(t as f64);
    for n in 0..parameters.len() {
        let g = gradients[n];
        m[n] = beta1 * m[n] + (1.0 - beta1) * g;
        v[n] = beta2 * v[n] + (1.0 - beta2) * g * g;
        parameters[n] -= lr / correction1 * m[n] / (v[n].sqrt() / correction2.sqrt() + eps);
    }
}

/// g + weight_decay * w.
fn penalised(gradients: &[f64], parameters: &[f64], weight_decay: f64) -> Vec<f64> {
    gradients.iter().zip(parameters).map(|(g, w)| g + weight_decay * w).collect()
}

/// Clips gradients in place, and returns the norm that they had.
///
/// # Errors
/// [`Error::Config`] where the largest norm is not above 0.
pub fn clip_gradients(clip: &Clip, gradients: &mut [f64]) -> Result<f64> {
    clip.check()?;
    let norm = gradients.iter().map(|g| g * g).sum::<f64>().sqrt();
    for g in gradients {
        *g *= clip.factor(norm);
    }
    Ok(norm)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> [Optimizer; 4] {
        [
            Optimizer::Sgd { lr: 0.1, momentum: 0.8, weight_decay: 0.3 },
            Optimizer::Adam { lr: 0.1, beta1: 0.7, beta2: 0.95, eps: 1e-2, weight_decay: 0.3 },
            Optimizer::AdamW { lr: 0.1, beta1: 0.7, beta2: 0.95, eps: 1e-2, weight_decay: 0.3 },
            Optimizer::RmsProp { lr: 0.1, alpha: 0.9, eps: 1e-2, weight_decay: 0.3 },
        ]
    }

    #[test]
    fn the_one_formula_of_the_devices_is_each_optimisers() {
        for optimizer in all() {
            let (mut expected, mut moments) = ([0.5, -2.0, 1.0], Moments::zeros(3));
            let (mut w, mut m, mut v) = (expected, [0.0; 3], [0.0; 3]);
            for t in 1..=10 {
                let gradients = [0.3, -0.01, 2.0].map(|g| g * (t as f64).cos());
                optimizer_step(&optimizer, &mut expected, &gradients, &mut moments, t).expect("sound");
                let u = optimizer.at(t);
                for n in 0..3 {
                    let g = gradients[n] + f64::from(u.penalty) * w[n];
                    w[n] *= f64::from(u.decay);
                    m[n] = f64::from(u.keep_m) * m[n] + f64::from(u.add_m) * g;
                    v[n] = f64::from(u.keep_v) * v[n] + f64::from(u.add_v) * g * g;
                    w[n] -=
                        f64::from(u.step_size) * m[n] / (v[n].sqrt() * f64::from(u.inverse_root) + f64::from(u.eps));
                    // The constants are rounded to f32: 2^-24 of themselves, over ten steps.
                    assert!((w[n] - expected[n]).abs() <= 1e-6, "{optimizer:?}, step {t}: {} {}", w[n], expected[n]);
                }
            }
        }
    }

    #[test]
    fn numbers_that_make_no_optimiser_are_refused() {
        let refusal = |optimizer: Optimizer| optimizer.check().expect_err("no optimiser").to_string();
        assert!(all().iter().all(|optimizer| optimizer.check().is_ok()));
        assert_eq!(refusal(Optimizer::sgd(-1.0, 0.0)), "lr is -1, expected a finite number, 0 or above");
        assert_eq!(refusal(Optimizer::sgd(0.1, 1.0)), "momentum is 1, expected a number from 0 to below 1");
        assert!(refusal(Optimizer::adam(f64::NAN)).starts_with("lr is NaN"));
        assert!(refusal(Optimizer::rms_prop(f64::INFINITY)).starts_with("lr is inf"));
        for max_norm in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(clip_gradients(&Clip { max_norm }, &mut [1.0]).is_err(), "{max_norm}");
        }
    }

    #[test]
    fn wrong_lengths_and_step_0_are_refused() {
        for optimizer in all() {
            let refusal = |gradients: &[f64], mut moments: Moments, t| {
                let step = optimizer_step(&optimizer, &mut [1.0; 2], gradients, &mut moments, t);
                step.expect_err("a mistake").to_string()
            };
            assert!(refusal(&[1.0], Moments::zeros(2), 1).starts_with("gradients: expected 2 values"));
            assert!(refusal(&[1.0; 2], Moments::zeros(3), 1).starts_with("m: expected 2 values"));
            assert!(refusal(&[1.0; 2], Moments::zeros(2), 0).starts_with("t is 0"));
        }
    }

    #[test]
    fn a_gradient_that_is_not_a_number_stays_visible() {
        let mut gradients = [1.0, f64::NAN];
        assert!(clip_gradients(&Clip { max_norm: 1.0 }, &mut gradients).expect("sound").is_nan());
        assert!(gradients.iter().all(|g| g.is_nan()), "{gradients:?}");
    }
}
