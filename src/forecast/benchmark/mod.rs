//! Models beside baselines over many tables.

mod contest;
mod ranks;
mod table;
mod words;

pub use contest::Contest;
pub use ranks::{Friedman, Ranked, Ranks};
pub use table::{Measured, OfTable};

use super::sheet::{Sheet, Values};
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

/// A table that could not be forecast.
#[derive(Clone, Debug, Serialize)]
pub struct Failed {
    /// What it is called.
    pub name: String,
    /// Why.
    pub reason: String,
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
