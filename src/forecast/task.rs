//! What is to be forecast, from what, as it is asked for.

use super::normalize::{Center, Divide};
use super::split::Part;
use super::table::ReadOptions;
use super::time::Calendar;
use crate::loss::{Distribution, Quantiles};
use serde::{Deserialize, Serialize};

/// Stands for every column that has no other part.
pub const ALL: &str = "all";

/// What is to be forecast, as it is asked for. What is `None` follows from the table.
#[derive(Clone, Debug)]
pub struct Task {
    /// Columns to forecast.
    pub targets: Vec<String>,
    /// Columns that are known up to the present.
    pub past: Vec<String>,
    /// Columns that are known for the time of the forecast too.
    pub future: Vec<String>,
    /// Columns that do not change in time, of a panel: text or numbers. Networks over segments take them.
    pub statics: Vec<String>,
    /// Columns that [`ALL`] does not stand for.
    pub except: Vec<String>,
    /// What the network is told of the calendar.
    pub calendar: Vec<Calendar>,
    /// Rows that the network sees (T).
    pub window: Option<usize>,
    /// Rows that it forecasts at once (K).
    pub horizon: Option<usize>,
    /// Rows of the season that baselines and MASE go by.
    pub season: Option<usize>,
    /// The levels to forecast; without them the network gives one value a target.
    pub quantiles: Option<Quantiles>,
    /// The distribution whose parameters the network gives, in place of the levels themselves, by networks over segments:
    /// of a negative binomial targets are counts, which are not scaled, and windows are divided by their level.
    pub distribution: Option<Distribution>,
    /// Whether targets are forecast together.
    pub channels: Option<Channels>,
    /// What is subtracted from the targets of each window.
    pub center: Option<Center>,
    /// What they are divided by then.
    pub divide: Option<Divide>,
    /// How columns are scaled.
    pub scaling: Scaling,
    /// Whether targets are forecast by their logarithms.
    pub log: Option<bool>,
    /// The rows that decide when training stops, and how wide intervals are.
    pub val: Part,
    /// The rows at the end that training never sees.
    pub test: Part,
}

/// Whether several targets are forecast together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channels {
    /// All in, all out.
    #[default]
    Joint,
    /// Each on its own, by one network.
    Independent,
}

/// How the values of a column are brought to a common scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// Mean 0 and standard deviation 1.
    #[default]
    Standard,
    /// From 0 to 1.
    Minmax,
    /// Median 0 and distance between the quartiles 1.
    Robust,
    /// As they are.
    None,
}

impl Task {
    /// Forecasts of these columns, and everything else by default.
    pub fn new<S: Into<String>>(targets: impl IntoIterator<Item = S>) -> Self {
        Task {
            targets: targets.into_iter().map(Into::into).collect(),
            past: Vec::new(),
            future: Vec::new(),
            statics: Vec::new(),
            except: Vec::new(),
            calendar: Vec::new(),
            window: None,
            horizon: None,
            season: None,
            quantiles: None,
            distribution: None,
            channels: None,
            center: None,
            divide: None,
            scaling: Scaling::Standard,
            log: None,
            val: Part::Fraction(0.1),
            test: Part::Fraction(0.1),
        }
    }

    /// `options` for a table with the columns of this task, the targets of which may end before what is known of the
    /// future.
    pub fn read_options(&self, options: ReadOptions) -> ReadOptions {
        let all =
            [&self.targets, &self.past, &self.future].iter().any(|columns| columns.iter().any(|name| name == ALL));
        let options = ReadOptions { except: self.except.clone(), statics: self.statics.clone(), ..options };
        read_options(&self.targets, &self.past, &self.future, all, options)
    }
}

/// `options` for a table with these columns, or with all, the targets of which may end before what is known of the future.
pub(super) fn read_options(
    targets: &[String],
    past: &[String],
    future: &[String],
    all: bool,
    options: ReadOptions,
) -> ReadOptions {
    let columns = (!all).then(|| [targets, past, future].concat());
    let open_end = targets.iter().chain(past).filter(|&name| name != ALL).cloned().collect();
    ReadOptions { columns, open_end, ..options }
}
