//! The errors of models and baselines on one table.

use crate::error::Result;
use crate::forecast::backtest::Method;
use crate::forecast::card::Card;
use crate::forecast::metrics::Scores;
use crate::forecast::table::Table;
use crate::forecast::yardstick::part;
use serde::Serialize;

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
