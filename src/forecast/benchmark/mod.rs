//! Models beside baselines over many tables.

mod contest;
mod ranks;
mod words;

pub use contest::Contest;
pub use ranks::{Friedman, Ranked, Ranks};

use super::backtest::Method;
use super::card::Card;
use super::metrics::Scores;
use super::sheet::{Sheet, Values};
use super::table::Table;
use super::yardstick::part;
use crate::error::Result;
use serde::Serialize;

/// What came out over many tables.
#[derive(Clone, Debug, Serialize)]
pub struct Benchmark {
    /// The tables that were forecast.
    pub tables: Vec<OfTable>,
    /// Those that could not be, and why.
    pub failed: Vec<Failed>,
    /// How the methods rank over the tables by their errors relative to those of the seasonal naive forecast; none where
    /// no table was forecast.
    pub ranks: Option<Ranks>,
}

/// What came out of one table.
#[derive(Clone, Debug, Serialize)]
pub struct OfTable {
    /// What it is called.
    pub name: String,
    /// Its series.
    pub series: usize,
    /// Targets of each.
    pub targets: usize,
    /// Rows of a season.
    pub season: usize,
    /// Rows forecast at once.
    pub horizon: usize,
    /// Windows forecast.
    pub windows: usize,
    /// The methods, in the order of all tables.
    pub methods: Vec<Measured>,
}

/// The errors of a method on a table.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// What it is called.
    pub name: String,
    /// Over all forecasts.
    pub smape: f64,
    /// The mean over targets and series; none where all repeat their season exactly.
    pub mase: Option<f64>,
    /// The mean of sMAPE and MASE as parts of those of the seasonal naive forecast, as the M4 competition's OWA has them
    /// of a naive one; that of MASE alone where targets are below 0, about which sMAPE says nothing.
    pub relative: f64,
    /// How long training and forecasts took.
    pub seconds: f64,
}

/// A table that could not be forecast.
#[derive(Clone, Debug, Serialize)]
pub struct Failed {
    /// What it is called.
    pub name: String,
    /// Why.
    pub reason: String,
}

impl OfTable {
    /// The errors of methods, each with its seconds, on a table that a model with this card has forecast in so many
    /// windows; `reference` has those of the seasonal naive forecast.
    ///
    /// # Errors
    /// [`Error::Table`](crate::Error::Table) where a target is not there.
    pub fn new(
        (name, table): (&str, &Table),
        card: &Card,
        windows: usize,
        methods: &[(Method, f64)],
        reference: &Scores,
    ) -> Result<Self> {
        let places = table.places(&card.plan.targets)?;
        let rows = table.series.iter().flat_map(|series| series.values.chunks_exact(table.columns.len()));
        let below = rows.flat_map(|row| places.iter().map(|&place| row[place])).any(|value| value < 0.0);
        let measured = |(method, seconds): &(Method, f64)| {
            let Scores { smape, mase, .. } = method.scores;
            let smape_part = part(smape, reference.smape);
            let mase_part = mase.zip(reference.mase).map(|(ours, theirs)| part(ours, theirs));
            let relative = match mase_part {
                Some(mase_part) if below => mase_part,
                Some(mase_part) => (smape_part + mase_part) / 2.0,
                None => smape_part,
            };
            Measured { name: method.name.clone(), smape, mase, relative, seconds: *seconds }
        };
        Ok(OfTable {
            name: name.to_owned(),
            series: card.series.len(),
            targets: card.plan.targets.len(),
            season: card.plan.season,
            horizon: card.plan.horizon,
            windows,
            methods: methods.iter().map(measured).collect(),
        })
    }

    /// The method with the least relative error.
    pub fn best(&self) -> Option<&Measured> {
        self.methods.iter().min_by(|a, b| a.relative.total_cmp(&b.relative))
    }
}

impl Benchmark {
    /// Of tables, which all have the same methods, and of those that failed.
    pub fn of(tables: Vec<OfTable>, failed: Vec<Failed>) -> Self {
        let names = tables
            .first()
            .map_or_else(Vec::new, |table| table.methods.iter().map(|method| method.name.as_str()).collect::<Vec<_>>());
        let errors = |table: &OfTable| table.methods.iter().map(|method| method.relative).collect::<Vec<_>>();
        let ranks = Ranks::of(&names, &tables.iter().map(errors).collect::<Vec<_>>());
        Benchmark { tables, failed, ranks }
    }

    /// A row for each method of each table.
    pub fn sheet(&self) -> Sheet {
        let rows = || self.tables.iter().flat_map(|table| table.methods.iter().map(move |method| (table, method)));
        let numbers = |of: fn(&Measured) -> f64| Values::Numbers(rows().map(|(_, method)| of(method)).collect());
        let columns = [
            ("table", Values::Text(rows().map(|(table, _)| table.name.clone()).collect())),
            ("method", Values::Text(rows().map(|(_, method)| method.name.clone()).collect())),
            ("smape", numbers(|method| method.smape)),
            ("mase", numbers(|method| method.mase.unwrap_or(f64::NAN))),
            ("relative", numbers(|method| method.relative)),
            ("seconds", numbers(|method| method.seconds)),
        ];
        Sheet::of(columns.map(|(name, values)| (name.to_owned(), values)))
    }
}
