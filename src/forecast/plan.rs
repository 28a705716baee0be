//! What is to be forecast, from what, with every number settled.

use super::normalize::{Center, Divide};
use super::statics::Static;
use super::table::ReadOptions;
use super::task::{Channels, Scaling, read_options};
use super::time::Calendar;
use crate::data;
use crate::error::{Error, Result};
use crate::loss::{Distribution, Loss, Quantiles};
use serde::{Deserialize, Serialize};

/// What is to be forecast, with every number settled: what a model must know of its task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Columns to forecast (C).
    pub targets: Vec<String>,
    /// Columns that are known up to the present.
    pub past: Vec<String>,
    /// Columns that are known for the time of the forecast too.
    pub future: Vec<String>,
    /// Columns that do not change in time.
    #[serde(default)]
    pub statics: Vec<Static>,
    /// What the network is told of the calendar.
    pub calendar: Vec<Calendar>,
    /// Rows that the network sees (T).
    pub window: usize,
    /// The fewest rows that it sees at the beginning of a series, where the window is padded; 0 stands for the window.
    #[serde(default)]
    pub least: usize,
    /// Rows that it forecasts at once (K).
    pub horizon: usize,
    /// Rows of the season that baselines and MASE go by.
    pub season: usize,
    /// The levels to forecast (Q of them).
    pub quantiles: Option<Quantiles>,
    /// The distribution that they are quantiles of, where the network gives its parameters in their place.
    #[serde(default)]
    pub distribution: Option<Distribution>,
    /// Whether targets are forecast together.
    pub channels: Channels,
    /// What is subtracted from the targets of each window.
    pub center: Center,
    /// What they are divided by then.
    #[serde(default)]
    pub divide: Divide,
    /// How columns are scaled.
    pub scaling: Scaling,
    /// Whether targets are forecast by their logarithms.
    pub log: bool,
}

impl Plan {
    /// Refuses normalisations that contradict one another.
    pub(super) fn check(&self) -> Result<()> {
        let Plan { window, season, .. } = self;
        if self.counts() && (self.center, self.divide, self.log) != (Center::None, Divide::Level, false) {
            let found = format!("{:?}, divide {:?} and log {}", self.center, self.divide, self.log);
            let expected = "none, level and false of the counts of a negative binomial";
            return Err(Error::config("center", found.to_lowercase(), expected));
        }
        if self.center == Center::Season && window < season {
            let expected = format!("at least {season}, the season, which `Task::center` takes from it");
            return Err(Error::config("window", window, expected));
        }
        if self.divide == Divide::Level && self.log {
            let expected = "deviation or none beside logarithms, which have no level";
            return Err(Error::config("divide", "level", expected));
        }
        Ok(())
    }

    /// `options` for a table that this plan's model is to forecast.
    pub fn read_options(&self, options: ReadOptions) -> ReadOptions {
        let statics = self.statics.iter().map(|column| column.name.clone()).collect();
        read_options(&self.targets, &self.past, &self.future, false, ReadOptions { statics, ..options })
    }

    /// Its columns: targets, then past, then future.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        self.targets.iter().chain(&self.past).chain(&self.future)
    }

    /// Targets that one window forecasts: all, or one.
    pub fn width(&self) -> usize {
        if self.channels == Channels::Joint { self.targets.len() } else { 1 }
    }

    /// The loss of what is forecast other than a point.
    pub fn loss(&self) -> Option<Loss> {
        self.distribution.map(Loss::Likelihood).or(self.quantiles.map(Loss::Quantile))
    }

    /// Whether targets are counts.
    pub fn counts(&self) -> bool {
        self.distribution == Some(Distribution::NegativeBinomial)
    }

    /// How its column at `place` is scaled: counts are not.
    pub fn scaling_of(&self, place: usize) -> Scaling {
        if self.counts() && place < self.targets.len() { Scaling::None } else { self.scaling }
    }

    /// Outputs of the network for a target at a step (Q): one, one a quantile, or the parameters of a distribution.
    pub fn outputs_of_target(&self) -> usize {
        self.loss().map_or(1, Loss::outputs_of_target)
    }

    /// The fewest rows of a window.
    pub fn least(&self) -> usize {
        if self.least == 0 { self.window } else { self.least }
    }

    /// How the engine centres windows that are views of the series; none where windows have to be copies.
    pub fn view(&self) -> Option<data::Center> {
        match (self.center, self.divide) {
            _ if self.least() < self.window => None,
            (Center::None, Divide::None) => Some(data::Center::None),
            (Center::Last, Divide::None) => Some(data::Center::Last),
            (Center::Mean, Divide::None) => Some(data::Center::Mean),
            _ => None,
        }
    }

    /// Features of a window's row (I): targets, past and future covariates, future covariates one horizon later,
    /// calendar.
    pub fn inputs(&self) -> usize {
        self.width() + self.past.len() + 2 * self.future.len() + 2 * self.calendar.len()
    }

    /// Outputs of the network (O), [K, C, Q].
    pub fn outputs(&self) -> usize {
        self.horizon * self.width() * self.outputs_of_target()
    }

    /// The place of the value among the levels that stands for the forecast: the level nearest the middle.
    pub fn middle(&self) -> usize {
        self.quantiles.map_or(0, |quantiles| quantiles.middle())
    }
}
