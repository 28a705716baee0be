//! Which columns of a table hold what.

use super::dialect::Dialect;
use super::names::Names;
use super::options::ReadOptions;
use super::place::Place;
use super::survey::Survey;
use super::times;
use crate::error::Result;
use crate::forecast::time::{Frequency, Style};
use std::collections::HashMap;

/// Which field of a row is what.
pub struct Fields {
    pub names: Vec<String>,
    pub time: Option<usize>,
    pub id: Option<usize>,
    /// Those of the values of a row.
    pub values: Vec<usize>,
    /// Those that hold one value a series.
    pub statics: Vec<usize>,
    /// How times are written.
    pub style: Style,
}

impl Fields {
    /// Finds the fields of a table.
    ///
    /// # Errors
    /// [`Error::Table`](crate::Error::Table) where a column is not there, or has two parts.
    pub fn of(
        names: Names<'_>,
        id: Option<usize>,
        survey: &Survey,
        dialect: Dialect,
        options: &ReadOptions,
        notes: &mut Vec<String>,
    ) -> Result<Self> {
        if let Some(time) = options.time.as_ref().filter(|time| *time != times::NONE) {
            names.find(time)?;
        }
        let places: HashMap<&String, usize> = names.names.iter().zip(0..).collect();
        let wanted = |name: &String| places.get(name).copied().map_or_else(|| names.find(name), Ok);
        let columns: Option<Vec<usize>> =
            options.columns.as_ref().map(|columns| columns.iter().map(wanted).collect()).transpose()?;
        let except: Vec<usize> = options.except.iter().map(wanted).collect::<Result<_>>()?;
        let statics: Vec<usize> = options.statics.iter().map(wanted).collect::<Result<_>>()?;
        let mut taken = vec![false; places.len()];
        columns.iter().flatten().chain(&except).chain(&statics).chain(&id).for_each(|&field| taken[field] = true);
        let Names { table, names, .. } = names;
        let (time, style) = survey.times(table, &names, &taken, dialect.header, options, notes)?;
        let values = columns.unwrap_or_else(|| {
            (0..names.len()).filter(|&field| Some(field) != time && !taken[field]).collect::<Vec<_>>()
        });
        let others = [("identifier", id.as_slice()), ("times", time.as_slice()), ("static values", &statics)];
        let other =
            |field: &usize| others.iter().find(|(_, fields)| fields.contains(field)).map(|(role, _)| (*field, role));
        if let Some((field, role)) = values.iter().find_map(other) {
            let message = format!("it holds the {role} of the table and cannot be a series as well");
            return Err(Place::of(table).column(&names[field]).refuse(message));
        }
        if values.is_empty() {
            return Err(Place::of(table).refuse("expected a column of values, found none"));
        }
        if style == Style::Row {
            let frequency = options.frequency.filter(|&frequency| frequency != Frequency::Step(1.0));
            let said = [
                ("`ReadOptions::frequency`", frequency.is_some()),
                ("`ReadOptions::time_format`", options.time_format.is_some()),
            ];
            if let Some((flag, _)) = said.into_iter().find(|(_, said)| *said) {
                let message =
                    format!("{flag} is for times, and rows are counted: `ReadOptions::time` names the column of times");
                return Err(Place::of(table).refuse(message));
            }
        }
        Ok(Fields { names, time, id, values, statics, style })
    }
}
