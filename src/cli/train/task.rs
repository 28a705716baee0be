//! The flags that say what is to be forecast.

use crate::cli::plot::svg_file;
use crate::cli::table::{self, rows};
use crate::cli::values::whole;
use clap::ValueEnum;
use refrain::forecast::time::Calendar;
use refrain::forecast::{Center, Channels, Divide, Part, Scaling, Task};
use refrain::loss::Quantiles;
use refrain::{Error, Result};
use std::path::PathBuf;

/// The parts of a table that validate and that are held out, where nothing is said.
const PART: f64 = 0.1;

/// Flags for tables. [`TaskFlags::val`] and [`TaskFlags::test`] are for arrays too.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Task")]
pub struct TaskFlags {
    /// The columns to forecast, or `all`. A name that has a comma stands in double quotes: '"a, b",c'.
    #[arg(long, value_name = "A,B", conflicts_with = "init")]
    pub target: Vec<String>,
    /// Columns that are known up to the present, or `all` that have no other part.
    #[arg(long, value_name = "C,D", conflicts_with = "init")]
    pub past: Vec<String>,
    /// Columns that are known for the time of the forecast too.
    #[arg(long, value_name = "E", conflicts_with = "init")]
    pub future: Vec<String>,
    /// Columns of a panel that hold one value a series, text or a number.
    #[arg(long = "static", value_name = "S,T", conflicts_with = "init")]
    pub statics: Vec<String>,
    /// Columns that `all` leaves out.
    #[arg(long, value_name = "F", conflicts_with = "init")]
    pub except: Vec<String>,
    /// What the network is told of the calendar: minute, hour, weekday, day, month, yearday.
    #[arg(long, value_name = "X,Y", value_delimiter = ',', value_parser = calendar, conflicts_with = "init")]
    pub calendar: Vec<Calendar>,
    /// Rows that the network sees; by default two seasons or more, and at least twice the horizon.
    #[arg(long, value_name = "N", value_parser = rows, conflicts_with = "init")]
    pub window: Option<usize>,
    /// Rows that it forecasts at once; by default a season, or 10 where the frequency has none.
    #[arg(long, value_name = "N", value_parser = rows, conflicts_with = "init")]
    pub horizon: Option<usize>,
    /// Rows of a season, for the seasonal naive forecast and MASE; by default the frequency's.
    #[arg(long, value_name = "N", value_parser = rows, conflicts_with = "init")]
    pub season: Option<usize>,
    /// Levels to forecast, under the quantile loss; by default of that loss 0.1, 0.5 and 0.9.
    #[arg(long, value_name = "Q,..", value_delimiter = ',', conflicts_with = "init")]
    pub quantiles: Vec<f32>,
    /// Rows that decide when training stops and how wide intervals are: a fraction, a count, or the first date; 0.1 of
    /// a table where nothing is said. Of arrays, rows by chance (with --no-shuffle those at the end), none by default.
    #[arg(long, value_name = "PART")]
    pub val: Option<Part>,
    /// Rows at the end that are held out: a fraction, a count, or the first date; 0.1 of a table where nothing is said.
    /// Of arrays, rows as for --val, none by default.
    #[arg(long, value_name = "PART")]
    pub test: Option<Part>,
    /// How columns are scaled, `standard` where nothing is said; fitted on the training rows.
    #[arg(long, value_enum, value_name = "HOW", conflicts_with = "init")]
    pub scale: Option<ScalingName>,
    /// What is subtracted from the targets of each window and from what follows it: the `last` value, the `mean`, the
    /// same time last `season`, or nothing; by default what the table calls for.
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "init")]
    pub center: Option<CenterName>,
    /// What they are divided by then: the window's `deviation`, its `level`, which is the mean size of its values, or
    /// nothing; by default what the table calls for.
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "init")]
    pub divide: Option<DivideName>,
    /// Forecast the logarithms of the targets: for values above 0 whose swings grow with them; by default where they do.
    #[arg(long, value_name = "YES", num_args = 0..=1, require_equals = true, default_missing_value = "true", conflicts_with = "init")]
    pub log: Option<bool>,
    /// Whether targets are forecast together (`joint`), or each on its own by one network (`independent`, where nothing
    /// is said).
    #[arg(long, value_enum, value_name = "HOW", conflicts_with = "init")]
    pub channels: Option<ChannelsName>,
    /// How long to search for what is not said of task and network, by short trainings that the validation rows judge:
    /// seconds of a nominal machine, so that a run comes out the same on any; 30 where nothing is said, 0 for no search.
    #[arg(long, value_name = "SECONDS", value_parser = seconds, conflicts_with = "init")]
    pub budget: Option<f64>,
    /// Networks to train, each from a seed of its own, one after another; forecast is the median of theirs.
    #[arg(long, value_name = "N", value_parser = members, help_heading = "Network", conflicts_with_all = ["init", "checkpoint", "resume"])]
    pub members: Option<usize>,
    /// A picture (SVG) of the losses over the epochs.
    #[arg(long, value_name = "F.svg", value_parser = svg_file, help_heading = "Output")]
    pub plot: Option<PathBuf>,
    #[command(flatten)]
    pub table: table::TableFlags,
}

/// A [`Scaling`] on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScalingName {
    Standard,
    Minmax,
    Robust,
    None,
}

/// A [`Center`] on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CenterName {
    Last,
    Mean,
    Season,
    None,
}

/// A [`Divide`] on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DivideName {
    Deviation,
    Level,
    None,
}

/// [`Channels`] on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ChannelsName {
    Joint,
    Independent,
}

impl TaskFlags {
    /// The task.
    pub fn task(&self) -> Result<Task> {
        let quantiles = (!self.quantiles.is_empty()).then(|| Quantiles::new(&self.quantiles)).transpose()?;
        Ok(Task {
            past: names(&self.past),
            future: names(&self.future),
            statics: names(&self.statics),
            except: names(&self.except),
            calendar: self.calendar.clone(),
            window: self.window,
            horizon: self.horizon,
            season: self.season,
            quantiles,
            channels: self.channels.map(|channels| match channels {
                ChannelsName::Joint => Channels::Joint,
                ChannelsName::Independent => Channels::Independent,
            }),
            center: self.center.map(|center| match center {
                CenterName::Last => Center::Last,
                CenterName::Mean => Center::Mean,
                CenterName::Season => Center::Season,
                CenterName::None => Center::None,
            }),
            divide: self.divide.map(|divide| match divide {
                DivideName::Deviation => Divide::Deviation,
                DivideName::Level => Divide::Level,
                DivideName::None => Divide::None,
            }),
            scaling: match self.scale.unwrap_or(ScalingName::Standard) {
                ScalingName::Standard => Scaling::Standard,
                ScalingName::Minmax => Scaling::Minmax,
                ScalingName::Robust => Scaling::Robust,
                ScalingName::None => Scaling::None,
            },
            log: self.log,
            val: part(self.val.as_ref()),
            test: part(self.test.as_ref()),
            ..Task::new(names(&self.target))
        })
    }

    /// Refuses these flags where there is no table.
    pub fn refuse_given(&self) -> Result<()> {
        let given = [
            ("--target", !self.target.is_empty()),
            ("--past", !self.past.is_empty()),
            ("--future", !self.future.is_empty()),
            ("--static", !self.statics.is_empty()),
            ("--except", !self.except.is_empty()),
            ("--calendar", !self.calendar.is_empty()),
            ("--window", self.window.is_some()),
            ("--horizon", self.horizon.is_some()),
            ("--season", self.season.is_some()),
            ("--quantiles", !self.quantiles.is_empty()),
            ("--scale", self.scale.is_some()),
            ("--center", self.center.is_some()),
            ("--channels", self.channels.is_some()),
            ("--divide", self.divide.is_some()),
            ("--log", self.log.is_some()),
            ("--budget", self.budget.is_some()),
            ("--members", self.members.is_some()),
            ("--plot", self.plot.is_some()),
        ];
        let given = given.into_iter().find(|(_, given)| *given).map(|(name, _)| name);
        match given.or_else(|| self.table.given()) {
            None => Ok(()),
            Some(name) => Err(Error::config(name, "given", "nothing: it is for tables")),
        }
    }
}

/// Reads a number of networks.
fn members(text: &str) -> std::result::Result<usize, String> {
    whole::<1, 1000>(text)
}

/// Reads seconds: `60s`, `2m` or a number.
pub fn seconds(text: &str) -> std::result::Result<f64, String> {
    let (number, unit) = match text.strip_suffix('m') {
        Some(minutes) => (minutes, 60.0),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let found = number.parse().ok().map(|number: f64| number * unit).filter(|found| found.is_finite() && *found >= 0.0);
    found.ok_or_else(|| "expected seconds such as 60s, minutes such as 2m, or 0".to_owned())
}

/// A part of a table.
fn part(given: Option<&Part>) -> Part {
    given.cloned().unwrap_or(Part::Fraction(PART))
}

/// The names of columns in flags that may be repeated: each a row of CSV.
pub fn names(flags: &[String]) -> Vec<String> {
    let row = |flag: &String| {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(flag.as_bytes());
        let row = reader.records().next().and_then(std::result::Result::ok);
        row.map(|row| row.iter().map(str::to_owned).collect::<Vec<_>>()).unwrap_or_default()
    };
    flags.iter().flat_map(row).filter(|name| !name.is_empty()).collect()
}

fn calendar(text: &str) -> std::result::Result<Calendar, String> {
    let found = Calendar::ALL.into_iter().find(|(name, _)| *name == text);
    found.map(|(_, cycle)| cycle).ok_or_else(|| {
        let names = Calendar::ALL.map(|(name, _)| name).join(", ");
        format!("expected some of {names}")
    })
}

#[cfg(test)]
mod tests {
    use super::{names, seconds};

    #[test]
    fn seconds_have_a_unit_or_none() {
        assert_eq!(["60s", "2m", "0", "1.5"].map(seconds), [60.0, 120.0, 0.0, 1.5].map(Ok));
        for bad in ["", "s", "-1", "inf", "1h", "nan"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_may_have_a_comma() {
        let of = |flags: &[&str]| names(&flags.iter().map(|&flag| flag.to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["a,b", "c"]), ["a", "b", "c"]);
        assert_eq!(of(&["\"Sales, EU\",c d"]), ["Sales, EU", "c d"]);
        assert_eq!(of(&["\"Sales, EU\"", "#x"]), ["Sales, EU", "#x"]);
        assert!(of(&[""]).is_empty());
    }
}
