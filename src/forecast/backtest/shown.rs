//! Which forecasts of a backtest are shown, and which are kept.

use super::rolling::Rolling;
use super::sample::Sample;
use std::collections::HashMap;

/// Panels of a picture, and forecasts in each.
const PANELS: usize = 6;
const SHOWN: usize = 3;

/// Which forecasts of a target are shown: the last, and those before it that are a horizon or more apart.
pub struct Shown {
    /// The last origin of the first targets.
    last: HashMap<(usize, usize), usize>,
    gap: usize,
}

impl Shown {
    pub fn of(rolling: &Rolling<'_>) -> Self {
        let plan = &rolling.card.plan;
        let mut last = HashMap::new();
        for case in &rolling.cases {
            for target in case.target..case.target + plan.width() {
                if case.series * plan.targets.len() + target < PANELS {
                    last.extend(case.origins.last().map(|&origin| ((case.series, target), origin)));
                }
            }
        }
        Shown { last, gap: plan.horizon.div_ceil(rolling.stride) * rolling.stride }
    }

    pub fn has(&self, sample: &Sample) -> bool {
        self.last.get(&(sample.series, sample.target)).is_some_and(|last| {
            let back = last - sample.origin;
            back.is_multiple_of(self.gap) && back / self.gap < SHOWN
        })
    }
}

/// The forecasts of a backtest that stay.
#[derive(Debug, Default)]
pub struct Found {
    pub samples: Vec<Sample>,
    pub forecasts: Vec<Sample>,
}

impl Found {
    /// Keeps a forecast where it is shown, or all are kept.
    pub fn keep(&mut self, sample: Sample, shown: &Shown, all: bool) {
        if shown.has(&sample) {
            self.samples.push(sample.clone());
        }
        if all {
            self.forecasts.push(sample);
        }
    }
}
