//! The optimiser.

use crate::engine::Adam;
use crate::error::{Error, Result};

/// One step of `torch.optim.Adam` without weight decay, in place; `t` counts the steps from 1, and the moments `m` and `v`
/// begin as zeros. All slices have the length of the parameter block.
///
/// ```text
/// m = b1 m + (1 - b1) g        v = b2 v + (1 - b2) g^2
/// w = w - lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps)
/// ```
///
/// Source: Kingma and Ba 2014, arXiv 1412.6980, algorithm 1; eps is added after the second moment's correction, as in
/// PyTorch.
pub fn adam_step(
    parameters: &mut [f64],
    gradients: &[f64],
    m: &mut [f64],
    v: &mut [f64],
    t: u64,
    adam: &Adam,
) -> Result<()> {
    let shape = [("parameters", parameters.len())];
    Error::check_len("gradients", &shape, gradients.len())?;
    Error::check_len("m", &shape, m.len())?;
    Error::check_len("v", &shape, v.len())?;
    if t == 0 {
        return Err(Error::config("t", t, "the step's number, counted from 1"));
    }
    let correction1 = 1.0 - adam.beta1.powf(t as f64);
    let correction2 = 1.0 - adam.beta2.powf(t as f64);
    for n in 0..parameters.len() {
        let g = gradients[n];
        m[n] = adam.beta1 * m[n] + (1.0 - adam.beta1) * g;
        v[n] = adam.beta2 * v[n] + (1.0 - adam.beta2) * g * g;
        parameters[n] -= adam.lr / correction1 * m[n] / (v[n].sqrt() / correction2.sqrt() + adam.eps);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_length_and_step_0_are_refused() {
        let refusal = |g: usize, m: usize, v: usize, t| {
            let (gradients, mut m, mut v) = (vec![1.0; g], vec![0.0; m], vec![0.0; v]);
            let step = adam_step(&mut [1.0; 2], &gradients, &mut m, &mut v, t, &Adam::default());
            step.expect_err("a mistake").to_string()
        };
        assert!(refusal(1, 2, 2, 1).starts_with("gradients: expected 2 values"));
        assert!(refusal(2, 3, 2, 1).starts_with("m: expected 2 values"));
        assert!(refusal(2, 2, 3, 1).starts_with("v: expected 2 values"));
        assert!(refusal(2, 2, 2, 0).starts_with("t is 0"));
    }
}
