//! How parameters move along their gradients: optimisers, clipping and schedules of the learning rate, as PyTorch
//! defines them. These are pure definitions, without a loop over parameters.

mod schedule;
mod schedule_shape;

pub use schedule::Schedule;
pub use schedule_shape::ScheduleShape;

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// The momentum of [`Optimizer::named`] where nothing is said.
const MOMENTUM: f64 = 0.9;

/// An optimiser, for the gradient g of a parameter w at step t, counted from 1. Its moments m and v begin as zeros.
///
/// In all but [`Optimizer::AdamW`], `weight_decay` adds weight_decay * w to g first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Optimizer {
    /// m = momentum m + g; w -= lr m. Source: `torch.optim.SGD` without dampening and Nesterov's variant.
    Sgd {
        /// Learning rate.
        lr: f64,
        /// Decay of m; 0 for none.
        momentum: f64,
        /// L2 penalty.
        weight_decay: f64,
    },
    /// m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; w -= lr / (1-b1^t) * m / (sqrt(v) / sqrt(1-b2^t) + eps). Source:
    /// `torch.optim.Adam`.
    Adam {
        /// Learning rate.
        lr: f64,
        /// Decay of m (b1).
        beta1: f64,
        /// Decay of v (b2).
        beta2: f64,
        /// Added to the root of v.
        eps: f64,
        /// L2 penalty.
        weight_decay: f64,
    },
    /// w -= lr * weight_decay * w, then Adam's step without a penalty. Source: `torch.optim.AdamW`.
    AdamW {
        /// Learning rate.
        lr: f64,
        /// Decay of m (b1).
        beta1: f64,
        /// Decay of v (b2).
        beta2: f64,
        /// Added to the root of v.
        eps: f64,
        /// Decay of the weights themselves.
        weight_decay: f64,
    },
    /// v = alpha v + (1-alpha) g^2; w -= lr g / (sqrt(v) + eps). Source: `torch.optim.RMSprop`, not centered, without
    /// momentum.
    RmsProp {
        /// Learning rate.
        lr: f64,
        /// Decay of v.
        alpha: f64,
        /// Added to the root of v.
        eps: f64,
        /// L2 penalty.
        weight_decay: f64,
    },
}

impl Default for Optimizer {
    fn default() -> Self {
        Optimizer::adam(1e-3)
    }
}

impl Optimizer {
    /// Stochastic gradient descent, PyTorch's defaults beyond `lr` and `momentum`.
    pub fn sgd(lr: f64, momentum: f64) -> Self {
        Optimizer::Sgd { lr, momentum, weight_decay: 0.0 }
    }

    /// Adam, PyTorch's defaults beyond `lr`.
    pub fn adam(lr: f64) -> Self {
        Optimizer::Adam { lr, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 }
    }

    /// AdamW, PyTorch's defaults beyond `lr`.
    pub fn adam_w(lr: f64) -> Self {
        Optimizer::AdamW { lr, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 1e-2 }
    }

    /// RMSprop, PyTorch's defaults beyond `lr`.
    pub fn rms_prop(lr: f64) -> Self {
        Optimizer::RmsProp { lr, alpha: 0.99, eps: 1e-8, weight_decay: 0.0 }
    }

    /// The optimiser that is called adam, adamw, sgd or rmsprop. What is `None` is PyTorch's default, but sgd's momentum
    /// 0.9.
    ///
    /// # Errors
    /// [`Error::Config`] where it is called otherwise, or has a momentum and is not sgd.
    pub fn named(name: &str, lr: f64, momentum: Option<f64>, weight_decay: Option<f64>) -> Result<Self> {
        let mut optimizer = match name {
            "adam" => Optimizer::adam(lr),
            "adamw" => Optimizer::adam_w(lr),
            "sgd" => Optimizer::sgd(lr, momentum.unwrap_or(MOMENTUM)),
            "rmsprop" => Optimizer::rms_prop(lr),
            other => return Err(Error::config("optimizer", format!("{other:?}"), "adam, adamw, sgd or rmsprop")),
        };
        if let (Some(momentum), false) = (momentum, matches!(optimizer, Optimizer::Sgd { .. })) {
            return Err(Error::config("momentum", momentum, "none, or the optimizer sgd beside it"));
        }
        if let Some(decay) = weight_decay {
            match &mut optimizer {
                Optimizer::Sgd { weight_decay, .. }
                | Optimizer::Adam { weight_decay, .. }
                | Optimizer::AdamW { weight_decay, .. }
                | Optimizer::RmsProp { weight_decay, .. } => *weight_decay = decay,
            }
        }
        Ok(optimizer)
    }

    /// The learning rate.
    pub fn lr(&self) -> f64 {
        match *self {
            Optimizer::Sgd { lr, .. }
            | Optimizer::Adam { lr, .. }
            | Optimizer::AdamW { lr, .. }
            | Optimizer::RmsProp { lr, .. } => lr,
        }
    }

    /// The same with the learning rate times `factor`, which a [`Schedule`] gives.
    pub fn scaled(mut self, factor: f64) -> Self {
        match &mut self {
            Optimizer::Sgd { lr, .. }
            | Optimizer::Adam { lr, .. }
            | Optimizer::AdamW { lr, .. }
            | Optimizer::RmsProp { lr, .. } => *lr *= factor,
        }
        self
    }

    /// Checks the optimiser's numbers.
    ///
    /// # Errors
    /// [`Error::Config`] where a number is negative or not finite, or a decay is 1 or above.
    pub fn check(&self) -> Result<()> {
        let (decays, others) = match *self {
            Optimizer::Sgd { lr, momentum, weight_decay } => {
                (vec![("momentum", momentum)], vec![("lr", lr), ("weight_decay", weight_decay)])
            }
            Optimizer::Adam { lr, beta1, beta2, eps, weight_decay }
            | Optimizer::AdamW { lr, beta1, beta2, eps, weight_decay } => (
                vec![("beta1", beta1), ("beta2", beta2)],
                vec![("lr", lr), ("eps", eps), ("weight_decay", weight_decay)],
            ),
            Optimizer::RmsProp { lr, alpha, eps, weight_decay } => {
                (vec![("alpha", alpha)], vec![("lr", lr), ("eps", eps), ("weight_decay", weight_decay)])
            }
        };
        if let Some(&(name, value)) = decays.iter().find(|(_, value)| !(0.0..1.0).contains(value)) {
            return Err(Error::config(name, value, "a number from 0 to below 1"));
        }
        if let Some(&(name, value)) = others.iter().find(|(_, value)| !(*value >= 0.0 && value.is_finite())) {
            return Err(Error::config(name, value, "a finite number, 0 or above"));
        }
        Ok(())
    }

    /// The constants of step `t`, counted from 1: one formula that serves every optimiser.
    pub fn at(&self, t: u64) -> Update {
        // Of what an optimiser does not have, the term is 0 and the factor 1: a v that stays 0 leaves eps = 1 below m.
        let plain = Update {
            decay: 1.0,
            penalty: 0.0,
            keep_m: 0.0,
            add_m: 1.0,
            keep_v: 0.0,
            add_v: 0.0,
            step_size: self.lr() as f32,
            inverse_root: 1.0,
            eps: 1.0,
        };
        match *self {
            Optimizer::Sgd { momentum, weight_decay, .. } => {
                Update { penalty: weight_decay as f32, keep_m: momentum as f32, ..plain }
            }
            Optimizer::Adam { lr, beta1, beta2, eps, weight_decay } => {
                let decoupled = Optimizer::AdamW { lr, beta1, beta2, eps, weight_decay: 0.0 };
                Update { penalty: weight_decay as f32, ..decoupled.at(t) }
            }
            Optimizer::AdamW { lr, beta1, beta2, eps, weight_decay } => Update {
                decay: (1.0 - lr * weight_decay) as f32,
                keep_m: beta1 as f32,
                add_m: (1.0 - beta1) as f32,
                keep_v: beta2 as f32,
                add_v: (1.0 - beta2) as f32,
                step_size: (lr / (1.0 - beta1.powf(t as f64))) as f32,
                inverse_root: (1.0 - beta2.powf(t as f64)).sqrt().recip() as f32,
                eps: eps as f32,
                ..plain
            },
            Optimizer::RmsProp { alpha, eps, weight_decay, .. } => Update {
                penalty: weight_decay as f32,
                keep_v: alpha as f32,
                add_v: (1.0 - alpha) as f32,
                eps: eps as f32,
                ..plain
            },
        }
    }
}

/// What a device needs to know of one step of an [`Optimizer`], rounded once from f64 for all devices. With g the
/// gradient after clipping:
///
/// ```text
/// g = g + penalty w            w = decay w
/// m = keep_m m + add_m g       v = keep_v v + add_v g^2
/// w = w - step_size m / (sqrt(v) inverse_root + eps)
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    /// Factor of the parameter itself.
    pub decay: f32,
    /// What of the parameter (before its decay) is added to its gradient.
    pub penalty: f32,
    /// What stays of m.
    pub keep_m: f32,
    /// What of the gradient goes into m.
    pub add_m: f32,
    /// What stays of v.
    pub keep_v: f32,
    /// What of the gradient's square goes into v.
    pub add_v: f32,
    /// The learning rate, corrected for m's beginning at zero.
    pub step_size: f32,
    /// Correction for v's beginning at zero.
    pub inverse_root: f32,
    /// Added to the root of v.
    pub eps: f32,
}

impl Update {
    /// Takes the step for one parameter `w` with the gradient `g` and the moments `m` and `v`.
    #[inline(always)]
    pub fn apply(&self, g: f32, w: &mut f32, m: &mut f32, v: &mut f32) {
        let g = g + self.penalty * *w;
        *m = self.keep_m * *m + self.add_m * g;
        *v = self.keep_v * *v + self.add_v * g * g;
        *w = self.decay * *w - self.step_size * *m / (v.sqrt() * self.inverse_root + self.eps);
    }

    /// [`Update::apply`] for each parameter of a block.
    pub fn apply_all(&self, gradients: &[f32], parameters: &mut [f32], m: &mut [f32], v: &mut [f32]) {
        for (((w, m), v), &g) in parameters.iter_mut().zip(m).zip(v).zip(gradients) {
            self.apply(g, w, m, v);
        }
    }
}

/// Clipping by the global norm: gradients g of the whole block become g * min(1, max_norm / (|g| + 1e-6)), before the
/// optimiser. Source: `torch.nn.utils.clip_grad_norm_`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clip {
    /// The largest norm that passes unchanged.
    pub max_norm: f64,
}

impl Clip {
    /// Checks the norm.
    ///
    /// # Errors
    /// [`Error::Config`] where it is not a finite number above 0.
    pub fn check(&self) -> Result<()> {
        if self.max_norm > 0.0 && self.max_norm.is_finite() {
            return Ok(());
        }
        Err(Error::config("max_norm", self.max_norm, "a finite number above 0"))
    }

    /// Clips the gradients of the whole block, in an own training loop, and returns their norm before.
    ///
    /// # Errors
    /// As [`Clip::check`].
    pub fn apply(&self, gradients: &mut [f32]) -> Result<f64> {
        self.check()?;
        let norm = gradients.iter().map(|&g| f64::from(g).powi(2)).sum::<f64>().sqrt();
        let factor = self.factor(norm);
        if factor != 1.0 {
            gradients.iter_mut().for_each(|g| *g = (f64::from(*g) * factor) as f32);
        }
        Ok(norm)
    }

    /// The factor of gradients whose Euclidean norm over the whole block is `norm`; NaN of NaN.
    pub fn factor(&self, norm: f64) -> f64 {
        let factor = self.max_norm / (norm + 1e-6);
        if factor > 1.0 { 1.0 } else { factor }
    }
}
