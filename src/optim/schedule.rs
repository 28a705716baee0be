//! How the learning rate changes over a run.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// The learning rate of a run as a factor of the optimiser's: a function of the optimiser steps taken, or of the epochs
/// that ended and their losses. Steps and epochs count from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// 1 throughout.
    #[default]
    Constant,
    /// factor^floor(epoch / every). Source: `torch.optim.lr_scheduler.StepLR`, stepped once an epoch.
    Step {
        /// Epochs between two changes.
        every: usize,
        /// What a change multiplies the rate by.
        factor: f64,
    },
    /// With s the step and w the warm-up: (s + 1) / (w + 1) while s < w; then floor + (1 - floor) (1 + cos(pi p)) / 2
    /// with p = (s - w) / (total - w); from `total` on, floor. Source: `torch.optim.lr_scheduler.SequentialLR` of
    /// `LinearLR` (start_factor 1 / (w + 1), total_iters w) and `CosineAnnealingLR` (T_max total - w, eta_min floor *
    /// lr), stepped after every optimiser step.
    Cosine {
        /// Optimiser steps over which the rate rises.
        warm_up: u64,
        /// Optimiser steps of the whole run, those of the warm-up included.
        total: u64,
        /// The factor at the end.
        floor: f64,
    },
    /// factor^n, with n the number of times that more than `patience` epochs in a row brought no better loss than the
    /// best before; better is below (1 - threshold) * best. Source: `torch.optim.lr_scheduler.ReduceLROnPlateau` with
    /// mode "min", threshold_mode "rel", cooldown 0 and min_lr 0; PyTorch also stops changing a rate by less than 1e-8.
    Plateau {
        /// What a change multiplies the rate by.
        factor: f64,
        /// Epochs without a better loss that are borne.
        patience: usize,
        /// By what part of itself the best loss must fall to be better.
        threshold: f64,
    },
}

impl Schedule {
    /// Checks the schedule's numbers.
    ///
    /// # Errors
    /// [`Error::Config`] where a period is 0, the warm-up takes all steps, or a factor or threshold is not from 0 to 1.
    pub fn check(&self) -> Result<()> {
        let part = |name, value: f64| {
            if (0.0..=1.0).contains(&value) { Ok(()) } else { Err(Error::config(name, value, "a number from 0 to 1")) }
        };
        match *self {
            Schedule::Constant => Ok(()),
            Schedule::Step { every: 0, .. } => Err(Error::config("every", 0, "at least 1")),
            Schedule::Step { factor, .. } => part("factor", factor),
            Schedule::Cosine { warm_up, total, .. } if warm_up >= total => {
                Err(Error::config("warm_up", warm_up, format!("less than {total}, the steps of the whole run")))
            }
            Schedule::Cosine { floor, .. } => part("floor", floor),
            Schedule::Plateau { factor, threshold, .. } => {
                part("factor", factor)?;
                part("threshold", threshold)
            }
        }
    }

    /// The factor for the optimiser step `step` in the epoch after those whose losses are `history`.
    pub fn factor(&self, step: u64, history: &[f64]) -> f64 {
        match *self {
            Schedule::Constant => 1.0,
            Schedule::Step { every, factor } => factor.powf((history.len() / every) as f64),
            Schedule::Cosine { warm_up, .. } if step < warm_up => (step + 1) as f64 / (warm_up + 1) as f64,
            Schedule::Cosine { total, floor, .. } if step >= total => floor,
            Schedule::Cosine { warm_up, total, floor } => {
                let part = (step - warm_up) as f64 / (total - warm_up) as f64;
                floor + (1.0 - floor) * (1.0 + (PI * part).cos()) / 2.0
            }
            Schedule::Plateau { factor, patience, threshold } => {
                let (mut best, mut bad, mut changes) = (f64::INFINITY, 0, 0);
                for &loss in history {
                    if loss < best * (1.0 - threshold) {
                        (best, bad) = (loss, 0);
                    } else {
                        bad += 1;
                    }
                    if bad > patience {
                        (bad, changes) = (0, changes + 1);
                    }
                }
                factor.powi(changes)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_make_no_schedule_are_refused() {
        let refusal = |schedule: Schedule| schedule.check().expect_err("no schedule").to_string();
        let plateau = Schedule::Plateau { factor: 0.5, patience: 0, threshold: 1e-4 };
        assert!(plateau.check().is_ok() && Schedule::Constant.check().is_ok());
        assert_eq!(refusal(Schedule::Step { every: 0, factor: 0.5 }), "every is 0, expected at least 1");
        assert!(refusal(Schedule::Step { every: 1, factor: f64::NAN }).starts_with("factor is NaN"));
        assert!(refusal(Schedule::Cosine { warm_up: 5, total: 5, floor: 0.0 }).starts_with("warm_up is 5"));
        assert!(refusal(Schedule::Cosine { warm_up: 0, total: 5, floor: -0.1 }).starts_with("floor is -0.1"));
        assert!(refusal(Schedule::Plateau { factor: 1.5, patience: 0, threshold: 0.0 }).starts_with("factor is 1.5"));
        assert!(refusal(Schedule::Plateau { factor: 0.5, patience: 0, threshold: 2.0 }).starts_with("threshold is 2"));
    }

    #[test]
    fn a_cosine_stays_at_its_floor_after_its_end() {
        let cosine = Schedule::Cosine { warm_up: 2, total: 6, floor: 0.125 };
        assert_eq!([6, 7, 100].map(|step| cosine.factor(step, &[])), [0.125; 3]);
        assert_eq!(cosine.factor(2, &[]), 1.0);
    }
}
