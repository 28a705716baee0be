//! A schedule as it is asked for.

use super::Schedule;
use serde::Serialize;
use std::str::FromStr;

/// By what part of itself the best loss must fall for `plateau`: PyTorch's default.
const THRESHOLD: f64 = 1e-4;

/// A [`Schedule`] before the number of steps is known; in text `constant`, `cosine[:WARM_UP_STEPS[:FLOOR]]`,
/// `step:EPOCHS:FACTOR` or `plateau:FACTOR:EPOCHS`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleShape {
    /// The same rate throughout.
    Constant,
    /// A warm-up, then half a cosine.
    Cosine {
        /// Optimiser steps over which the rate rises.
        warm_up: u64,
        /// The factor at the end.
        floor: f64,
    },
    /// Lower every so many epochs.
    Step {
        /// Epochs between two changes.
        every: usize,
        /// What a change multiplies the rate by.
        factor: f64,
    },
    /// Lower where the loss no longer falls.
    Plateau {
        /// What a change multiplies the rate by.
        factor: f64,
        /// Epochs without a better loss that are borne.
        patience: usize,
    },
}

impl ScheduleShape {
    /// The shape that a schedule has over a run of any length.
    pub fn of(schedule: Schedule) -> Self {
        match schedule {
            Schedule::Constant => ScheduleShape::Constant,
            Schedule::Cosine { warm_up, floor, .. } => ScheduleShape::Cosine { warm_up, floor },
            Schedule::Step { every, factor } => ScheduleShape::Step { every, factor },
            Schedule::Plateau { factor, patience, .. } => ScheduleShape::Plateau { factor, patience },
        }
    }

    /// The schedule of a run of `total` optimiser steps.
    pub fn over(self, total: u64) -> Schedule {
        match self {
            ScheduleShape::Constant => Schedule::Constant,
            ScheduleShape::Cosine { warm_up, floor } => Schedule::Cosine { warm_up, total, floor },
            ScheduleShape::Step { every, factor } => Schedule::Step { every, factor },
            ScheduleShape::Plateau { factor, patience } => Schedule::Plateau { factor, patience, threshold: THRESHOLD },
        }
    }
}

impl FromStr for ScheduleShape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        fn part<T: FromStr>(text: &str) -> Result<T, String> {
            text.parse().map_err(|_| format!("`{text}` is not a number that belongs there"))
        }
        let parts: Vec<&str> = text.split(':').collect();
        match parts[..] {
            ["constant"] => Ok(ScheduleShape::Constant),
            ["cosine"] => Ok(ScheduleShape::Cosine { warm_up: 0, floor: 0.0 }),
            ["cosine", warm_up] => Ok(ScheduleShape::Cosine { warm_up: part(warm_up)?, floor: 0.0 }),
            ["cosine", warm_up, floor] => Ok(ScheduleShape::Cosine { warm_up: part(warm_up)?, floor: part(floor)? }),
            ["step", every, factor] => Ok(ScheduleShape::Step { every: part(every)?, factor: part(factor)? }),
            ["plateau", factor, patience] => {
                Ok(ScheduleShape::Plateau { factor: part(factor)?, patience: part(patience)? })
            }
            _ => Err("expected constant, cosine[:WARM_UP_STEPS[:FLOOR]], step:EPOCHS:FACTOR or plateau:FACTOR:EPOCHS"
                .to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read_as_they_are_written() {
        let read = |text: &str| text.parse::<ScheduleShape>();
        assert_eq!(read("constant"), Ok(ScheduleShape::Constant));
        assert_eq!(read("cosine"), Ok(ScheduleShape::Cosine { warm_up: 0, floor: 0.0 }));
        assert_eq!(read("cosine:50:0.1"), Ok(ScheduleShape::Cosine { warm_up: 50, floor: 0.1 }));
        assert_eq!(read("step:3:0.5"), Ok(ScheduleShape::Step { every: 3, factor: 0.5 }));
        assert_eq!(read("plateau:0.5:4"), Ok(ScheduleShape::Plateau { factor: 0.5, patience: 4 }));
        for bad in ["", "cosin", "cosine:x", "step:3", "step:-1:0.5", "plateau:0.5:4:1"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
