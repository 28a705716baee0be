//! What a model file says beside the weights: all that a forecast needs to know but the data.

use super::conformal::Intervals;
use super::panel::{spreads, widened};
use super::plan::Plan;
use super::scale::{Scale, fit_series};
use super::statics::Static;
use super::table::{Known, ReadOptions, Series, Table};
use super::time::{Frequency, Stamp, Style};
use super::tried::Tried;
use super::yardstick::Validation;
use crate::error::{Error, Result};
use crate::model::Model;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Where a model file's provenance holds the card.
const KEY: &str = "forecast";
/// Most rows and columns that a file may speak of.
const MOST: usize = 1_000_000_000;
/// Most networks of an ensemble.
pub const MOST_MEMBERS: usize = 1000;

/// Coverage of the intervals of a model of points, where nothing is said.
pub const COVERAGE: f64 = 0.9;

/// What a network forecasts, from what, and on which scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The task.
    pub plan: Plan,
    /// How the times of its table are written.
    pub style: Style,
    /// How far apart they stand.
    pub frequency: Frequency,
    /// How the table was written.
    #[serde(default)]
    pub known: Known,
    /// The column of times, where it was named; or `none`, where rows were to be counted.
    pub time: Option<String>,
    /// The column that tells series apart.
    pub id: Option<String>,
    /// What it was trained on.
    pub series: Vec<Trained>,
    /// How wide intervals are; none where nothing was held out to measure it on.
    pub intervals: Option<Intervals>,
    /// What it is worth on the rows that validated it; none where there were none.
    #[serde(default)]
    pub validation: Option<Validation>,
    /// The candidates that it was chosen from.
    #[serde(default)]
    pub search: Vec<Tried>,
    /// The weights of the networks of an ensemble, the median of whose forecasts counts; empty where there is one
    /// network. They are tensors of the model file, of which this has the number.
    #[serde(default, with = "members", skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Vec<f32>>,
}

/// An ensemble's weights in JSON: how many members there are.
mod members {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(members: &[Vec<f32>], serializer: S) -> Result<S::Ok, S::Error> {
        members.len().serialize(serializer)
    }

    /// As many empty blocks, to be filled from the tensors.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<f32>>, D::Error> {
        let count = usize::deserialize(deserializer)?;
        if count > super::MOST_MEMBERS {
            let message = format!("{count} members, expected at most {}", super::MOST_MEMBERS);
            return Err(serde::de::Error::custom(message));
        }
        Ok(vec![Vec::new(); count])
    }
}

/// A series that a network was trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// What the identifier's column calls it.
    pub id: Option<String>,
    /// The scale of each of the plan's columns.
    pub scales: Vec<Scale>,
    /// The first time that was not trained on.
    pub val_from: Stamp,
    /// The first time that was held out.
    pub test_from: Stamp,
}

impl Card {
    /// The coverage of intervals: where `asked` says nothing [`COVERAGE`], if the model has measured that; none where it
    /// is 0.
    pub fn coverage(&self, asked: Option<f64>) -> Option<f64> {
        match asked {
            Some(0.0) => None,
            Some(coverage) => Some(coverage),
            None => Some(COVERAGE).filter(|&coverage| {
                self.intervals.as_ref().is_some_and(|intervals| intervals.half_widths(coverage, None).is_ok())
            }),
        }
    }

    /// What to say where the model was no better than a naive forecast on the rows that validated it.
    pub fn worthless(&self) -> Option<String> {
        let Validation { model, naive, of_naive } = self.validation.filter(|validation| validation.ratio() >= 1.0)?;
        Some(format!(
            "On the rows that validated it the model is no better than `{}`: MAE {:.4} against {:.4}, RMSE {:.4} against \
             {:.4}, in deviations of each series. Do not use it.",
            naive.name(self.plan.season),
            model.mae,
            of_naive.mae,
            model.rmse,
            of_naive.rmse
        ))
    }

    /// The card of a model file.
    ///
    /// # Errors
    /// [`Error::File`] where the model has none, or one that no training has made.
    pub fn of(name: &str, model: &Model) -> Result<Self> {
        let refuse = |message: String| Error::File { path: name.to_owned(), message };
        let card = model.provenance.get(KEY).ok_or_else(|| {
            refuse(
                "it says nothing of a forecast: expected a model that `refrain train` has made of a table".to_owned(),
            )
        })?;
        let card: Card =
            serde_json::from_value(card.clone()).map_err(|error| refuse(format!("its forecast: {error}")))?;
        card.check(model).map_err(refuse)?;
        Ok(card)
    }

    /// Puts the card into a model file's provenance.
    pub fn put(&self, model: &mut Model) {
        let card = serde_json::to_value(self).expect("a card has string keys only");
        model.provenance.insert(KEY.to_owned(), card);
    }

    /// Refuses what a file may claim and no training has made.
    fn check(&self, model: &Model) -> std::result::Result<(), String> {
        let (plan, spec) = (&self.plan, &model.spec);
        let sizes = [plan.window, plan.horizon, plan.season, plan.targets.len(), self.series.len()];
        if let Some(size) = sizes.iter().find(|&&size| size == 0 || size > MOST) {
            return Err(format!("its forecast has a size of {size}, expected 1 to {MOST}"));
        }
        let counts =
            plan.horizon.checked_mul(plan.targets.len()).and_then(|count| count.checked_mul(plan.outputs_of_target()));
        if counts.is_none() || (plan.inputs(), plan.outputs()) != (spec.input, spec.outputs()) {
            return Err(format!(
                "its forecast has {} features and {counts:?} outputs, expected {} and {}, the network's",
                plan.inputs(),
                spec.input,
                spec.outputs()
            ));
        }
        if plan.distribution.is_some() && (plan.quantiles.is_none() || spec.segments.is_none()) {
            return Err("its forecast is a distribution, expected levels of it and a network over segments".to_owned());
        }
        if plan.static_features() != spec.statics() || !plan.statics.iter().all(Static::is_sound) {
            return Err(format!(
                "its forecast has {} static features, expected {}, the network's, of sound columns",
                plan.static_features(),
                spec.statics()
            ));
        }
        if plan.least > plan.window {
            return Err(format!(
                "its forecast's shortest window has {} rows, expected at most {}",
                plan.least, plan.window
            ));
        }
        let columns = plan.columns().count();
        let sound = |trained: &Trained| trained.scales.len() == columns && trained.scales.iter().all(Scale::is_sound);
        if !self.series.iter().all(sound) {
            return Err(format!("its forecast's scales: expected {columns} finite ones above 0 for each series"));
        }
        match &self.intervals {
            Some(intervals) if !intervals.fit(plan, self.series.len()) => {
                Err("its forecast's intervals do not fit its outputs".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// `options` for a table that is to be forecast; what they leave open is as in training, as far as the table does
    /// not contradict that.
    pub fn read_options(&self, options: ReadOptions) -> ReadOptions {
        let named = |said: &Option<String>, known: &Option<String>| said.clone().or_else(|| known.clone());
        let (time, id) = (named(&options.time, &self.time), named(&options.id, &self.id));
        let (style, frequency) = (Some(self.style.clone()), Some(self.frequency));
        let known = Known { style, frequency, ..self.known.clone() };
        self.plan.read_options(ReadOptions { time, id, known, ..options })
    }

    /// Checks that a table's times are those that the model was trained with.
    ///
    /// # Errors
    /// [`Error::Table`] where the frequency differs, or only one of the two has dates.
    pub fn check_table(&self, table: &Table) -> Result<()> {
        let refuse = |message: String| Err(Error::Table { place: table.name.clone(), message });
        if self.style.is_civil() != table.style.is_civil() {
            let dates = |style: &Style| if style.is_civil() { "dates" } else { "no dates" };
            return refuse(format!(
                "expected {} as the model was trained with, found {}; `ReadOptions::time` names the column of times",
                dates(&self.style),
                dates(&table.style)
            ));
        }
        if !self.frequency.agrees(table.frequency) {
            return refuse(format!(
                "its frequency is {}, expected {}, the model's: train a model on such tables, or bring this one to that \
                 frequency",
                table.frequency, self.frequency
            ));
        }
        Ok(())
    }

    /// The place of each series of a table among those of training: by its name, or as the only one.
    pub fn places(&self, table: &Table) -> Vec<Option<usize>> {
        let mut places: HashMap<Option<&str>, usize> = HashMap::new();
        for (place, trained) in self.series.iter().enumerate() {
            places.entry(trained.id.as_deref()).or_insert(place);
        }
        table.series.iter().map(|series| places.get(&series.id.as_deref()).copied()).collect()
    }

    /// Why the forecasts of a model of points have no intervals of a coverage, and what gives them; none where they
    /// have, or the model forecasts quantiles.
    pub fn without_intervals(&self, coverage: f64) -> Option<String> {
        let plan = &self.plan;
        let of = format!("forecasts have no intervals of {:.0} %", 100.0 * coverage);
        match &self.intervals {
            _ if plan.quantiles.is_some() => None,
            Some(intervals) if intervals.half_widths(coverage, None).is_ok() => None,
            None => Some(format!(
                "{of}: no rows validated the model, so that nobody knows how far it may be off; hold some out with \
                 `Task::val` in training"
            )),
            Some(intervals) => {
                let (least, found) = (Intervals::least_windows(coverage), intervals.windows());
                let rows = least + plan.horizon - 1;
                Some(format!(
                    "{of}: they are measured on at least {least} validation windows, and there is room for {found}; \
                     train with `Task::val` {rows} or more, or with `Task::quantiles`"
                ))
            }
        }
    }

    /// The scales of every series of a table, [series][column of the plan]: those of training, or, for a series that
    /// was not trained on, those of its first `rows[series]` rows. `places` are those of [`Card::places`].
    ///
    /// # Errors
    /// [`Error::Table`] where a column is not there, or a target that is to become its logarithm has a value of 0 or
    /// below.
    pub fn scales(&self, table: &Table, places: &[Option<usize>], rows: &[usize]) -> Result<Vec<Vec<Scale>>> {
        let all_trained = places.iter().all(Option::is_some);
        let known = |column: usize| self.series.iter().map(move |trained| trained.scales[column]);
        let spreads = if all_trained { Vec::new() } else { spreads(&self.plan, known) };
        let columns = table.places(self.plan.columns())?;
        let of = |((series, place), &rows): ((&Series, &Option<usize>), &usize)| match place {
            Some(place) => Ok(self.series[*place].scales.clone()),
            None => Ok(widened(&fit_series(table, &self.plan, &columns, series, rows)?, &spreads)),
        };
        table.series.iter().zip(places).zip(rows).map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::{Problem, Task, sample};
    use serde_json::{Value, json};

    fn model() -> Model {
        let task = Task { window: Some(6), horizon: Some(2), ..Task::new(["demand"]) };
        let options = task.read_options(ReadOptions::default());
        let table = Table::read("t", sample::demand(0, 100, 0).as_bytes(), &options).unwrap();
        let problem = Problem::new(&table, &task, &options, None).unwrap();
        let spec = problem.spec(crate::model::CellKind::Gru, 3, 1);
        let mut model = Model::new(spec, crate::model::initial_parameters(&spec, 0));
        let intervals = Some(Intervals::calibrate(&[0.5; 40], 2, &[0; 20]));
        Card { intervals, ..problem.card }.put(&mut model);
        model
    }

    #[test]
    fn a_card_comes_back_from_its_file() {
        let model = model();
        let read = Model::from_bytes("m", &model.to_bytes().unwrap()).unwrap();
        let card = Card::of("m", &read).unwrap();
        assert_eq!(card, Card::of("m", &model).unwrap());
        assert_eq!((card.plan.window, card.frequency.to_string().as_str(), card.series.len()), (6, "h", 1));
    }

    #[test]
    fn a_card_that_no_training_has_made_is_refused() {
        let with = |place: &str, value: Value| {
            let mut model = model();
            let card = model.provenance.get_mut(KEY).unwrap();
            *card.pointer_mut(place).unwrap_or_else(|| panic!("{place} is there")) = value;
            Card::of("m", &model).unwrap_err().to_string()
        };
        assert!(with("/plan/window", json!(0)).contains("a size of 0"));
        assert!(with("/plan/window", json!(u64::MAX)).contains("a size of"));
        assert!(with("/plan/least", json!(7)).contains("shortest window has 7 rows, expected at most 6"));
        assert!(with("/plan/horizon", json!(3)).contains("expected 1 and 2, the network's"));
        assert!(with("/plan/past", json!(["x"])).contains("has 2 features"));
        assert!(with("/frequency", json!("-1h")).contains("freq is -1h"));
        assert!(with("/series/0/scales/0/factor", json!(0.0)).contains("scales: expected 1 finite ones"));
        assert!(with("/series/0/scales", json!([])).contains("scales: expected 1"));
        assert!(with("/intervals/half_widths/0", json!([1.0])).contains("intervals do not fit"));
        assert!(with("/intervals/half_widths", json!([])).contains("intervals do not fit"));
        let none = Model::new(model().spec, model().parameters);
        assert!(Card::of("m", &none).unwrap_err().to_string().starts_with("m: it says nothing of a forecast"));
    }
}
