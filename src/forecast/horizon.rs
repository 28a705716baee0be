//! Forecasts of the horizon after a table's end.

use super::card::Card;
use super::number::{Level, column_name, listed};
use super::plan::Plan;
use super::predict::{Reading, predict};
use super::scale::Scale;
use super::sheet::{Sheet, Values};
use super::stack::Stack;
use super::table::{NONE, Series, Table};
use super::time::{Stamp, Style};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::memory;

/// What a network expects after the end of each series of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// The targets (C).
    pub targets: Vec<String>,
    /// What is given of each (V): the point, or quantiles by their levels.
    pub levels: Vec<Level>,
    /// The place of the point among the levels.
    pub middle: usize,
    /// The series, as in the table, but for those that are too short.
    pub series: Vec<SeriesForecast>,
    /// Plain sentences: which series are left out, and which static values are unknown.
    pub notes: Vec<String>,
    /// The name of the column of times.
    time: String,
    /// The name of the column of identifiers.
    id: Option<String>,
    /// How times are written.
    style: Style,
}

/// The forecast of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesForecast {
    /// What the identifier's column calls it.
    pub id: Option<String>,
    /// The times, continued at the series' frequency.
    pub times: Vec<String>,
    /// [steps, C, V].
    pub values: Vec<f64>,
    /// The times on the wall, and their offsets from UTC in minutes.
    walls: Vec<(Stamp, i16)>,
}

impl SeriesForecast {
    /// The values of target `target` of `targets` at a step, `[V]`.
    pub fn at(&self, step: usize, target: usize, targets: usize) -> &[f64] {
        let levels = self.values.len() / self.times.len() / targets;
        &self.values[(step * targets + target) * levels..][..levels]
    }
}

/// Forecasts `steps` rows after the last whose targets are known, by the network that `engine` holds: a horizon at
/// once, and beyond it from its own forecasts. A network of points is given with intervals of `coverage`, where that is
/// asked for. Series that are shorter than the shortest window are left out, as long as others are not.
///
/// # Errors
/// [`Error::Table`] where the table does not fit the model, every series is too short, or a covariate of the future ends
/// too soon; [`Error::Limit`] where memory does not suffice; [`Error::Config`] where the model has no intervals of that
/// coverage, or `steps` are more than
/// its past covariates allow.
pub async fn forecast<E: Engine>(
    engine: &mut E,
    card: &Card,
    table: &Table,
    steps: usize,
    coverage: Option<f64>,
) -> Result<Forecast> {
    let (plan, all) = (&card.plan, table.series.len());
    let mut notes: Vec<String> = plan.unknown_statics(table)?.into_iter().collect();
    let (short, long): (Vec<&Series>, Vec<&Series>) =
        table.series.iter().partition(|series| series.known < plan.least());
    if short.is_empty() || short.len() == all {
        let found = forecast_all(engine, card, table, steps, coverage).await?;
        return Ok(Forecast { notes, ..found });
    }
    let rest = table.with_series(long.into_iter().cloned().collect(), table.filled);
    let found = forecast_all(engine, card, &rest, steps, coverage).await?;
    notes.push(format!(
        "{} of {all} series have fewer rows than the model's shortest window, {}, and are not forecast: {}",
        short.len(),
        plan.least(),
        listed(short.iter().map(|series| series.id.clone().unwrap_or_default())),
    ));
    Ok(Forecast { notes, ..found })
}

async fn forecast_all<E: Engine>(
    engine: &mut E,
    card: &Card,
    table: &Table,
    steps: usize,
    coverage: Option<f64>,
) -> Result<Forecast> {
    let plan = &card.plan;
    card.check_table(table)?;
    let places = card.places(table);
    let reading = Reading::of(card, &places, coverage)?;
    let blocks = steps.div_ceil(plan.horizon);
    check(card, table, steps, blocks.saturating_mul(plan.horizon))?;
    let known: Vec<usize> = table.series.iter().map(|series| series.known).collect();
    let scales = card.scales(table, &places, &known)?;

    let mut work = tail(table, plan, plan.window)?;
    let mut values: Vec<Vec<f64>> = vec![Vec::new(); table.series.len()];
    for block in 0..blocks {
        let before = block * plan.horizon;
        for (series, block) in next_block(engine, card, &work, &scales, &reading, before).await?.into_iter().enumerate()
        {
            if let Some(value) = block.iter().find(|value| !value.is_finite()) {
                return Err(table.refuse(
                    &table.series[series],
                    format!("the network's forecast is {value}: its inputs are far from what it has learned"),
                ));
            }
            values[series].extend(block);
        }
        if block + 1 < blocks {
            extend(&mut work, card, &reading, &values, before)?;
            work = tail(&work, plan, plan.window)?;
        }
    }
    let width = plan.targets.len() * reading.levels.len();
    let series = table.series.iter().zip(values).map(|(series, mut values)| {
        values.truncate(steps * width);
        let walls = (0..steps).map(|step| table.wall(series, series.known + step)).collect::<Result<Vec<_>>>()?;
        let times = walls.iter().map(|&(local, offset)| table.style.print(local, offset)).collect();
        Ok(SeriesForecast { id: series.id.clone(), times, values, walls })
    });
    Ok(Forecast {
        targets: plan.targets.clone(),
        levels: reading.levels.clone(),
        middle: reading.middle,
        series: series.collect::<Result<_>>()?,
        notes: Vec::new(),
        time: card.time.clone().filter(|time| time != NONE).unwrap_or_else(|| "time".to_owned()),
        id: card.id.clone(),
        style: table.style.clone(),
    })
}

/// Refuses series that are too short, and steps beyond what is known of their covariates.
fn check(card: &Card, table: &Table, steps: usize, needed: usize) -> Result<()> {
    let plan = &card.plan;
    if steps == 0 {
        return Err(Error::config("steps", steps, "at least 1"));
    }
    let values =
        table.series.iter().map(|series| table.rows(series).saturating_add(needed)).fold(0, usize::saturating_add);
    let bytes = values.saturating_mul(table.columns.len()).saturating_mul(size_of::<f64>());
    memory::check("a forecast of so many steps", bytes, "take fewer steps")?;
    if steps > plan.horizon && !plan.past.is_empty() {
        let expected =
            format!("at most {}, the horizon: beyond it the covariates of the past are not known", plan.horizon);
        return Err(Error::config("steps", steps, expected));
    }
    for series in &table.series {
        if series.known < plan.least() {
            let what = if plan.least() < plan.window { "the model's shortest window" } else { "the model's window" };
            let message = format!("{} rows, expected at least {}, {what}", series.known, plan.least());
            return Err(table.refuse(series, message));
        }
        let rows = table.rows(series);
        if !plan.future.is_empty() && rows < series.known + needed {
            let names = plan.future.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let [last, expected] = [rows - 1, series.known + needed - 1].map(|row| table.time(series, row));
            let message = format!(
                "{names} known up to {}, expected up to {}: {needed} rows after the last with targets, which they \
                 leave empty",
                last?, expected?
            );
            return Err(table.refuse(series, message));
        }
    }
    Ok(())
}

/// The forecast of the next horizon for each series, [K, C, V].
async fn next_block<E: Engine>(
    engine: &mut E,
    card: &Card,
    table: &Table,
    scales: &[Vec<Scale>],
    reading: &Reading<'_>,
    before: usize,
) -> Result<Vec<Vec<f64>>> {
    let (plan, levels) = (&card.plan, reading.levels.len());
    let stack = Stack::new(table, plan, scales, &vec![0; scales.len()])?;
    let mut ends = Vec::new();
    for segment in &stack.segments {
        ends.extend(segment.ends(plan, segment.rows..segment.rows, 0, 1)?);
    }
    let ids: Vec<u32> = (0..ends.len() as u32).collect();
    let (windows, origins) = stack.windows(plan, scales, ends, false)?;
    engine.load_data(&windows)?;
    let row = plan.targets.len() * levels;
    let mut blocks = vec![vec![0.0; plan.horizon * row]; table.series.len()];
    predict(engine, card, &windows, &ids, |id, outputs| {
        let segment = origins.segment(id);
        let targets = segment.target..segment.target + plan.width();
        let values = reading.restore((&windows, &origins), id, scales, outputs, before);
        for (step, values) in values.chunks_exact(targets.len() * levels).enumerate() {
            blocks[segment.series][step * row..][targets.start * levels..targets.end * levels].copy_from_slice(values);
        }
        Ok(())
    })
    .await?;
    Ok(blocks)
}

/// The last `rows` rows of each series whose targets are known, or as many as there are, and all after them. Where targets and covariates of the
/// past were filled in, it has what was known there.
fn tail(table: &Table, plan: &Plan, rows: usize) -> Result<Table> {
    let columns = table.columns.len();
    let past = table.places(plan.targets.iter().chain(&plan.past))?;
    let cut = |series: &Series| {
        let gone = series.known.saturating_sub(rows);
        let (first, mut values) = (table.stamp(series, gone)?, series.values[gone * columns..].to_vec());
        for &column in past.iter().filter(|_| !series.filled.is_empty()) {
            let known = series.as_known(columns, column);
            values.iter_mut().skip(column).step_by(columns).zip(&known[gone..]).for_each(|(to, value)| *to = *value);
        }
        Ok(Series {
            id: series.id.clone(),
            statics: series.statics.clone(),
            first,
            clock: series.clock.clone(),
            values,
            filled: Vec::new(),
            known: series.known - gone,
        })
    };
    Ok(table.with_series(table.series.iter().map(cut).collect::<Result<_>>()?, table.filled))
}

/// Takes the forecasts of a block, which follows `before` steps, for known.
fn extend(table: &mut Table, card: &Card, reading: &Reading<'_>, values: &[Vec<f64>], before: usize) -> Result<()> {
    let (plan, columns, levels) = (&card.plan, table.columns.len(), reading.levels.len());
    let places = table.places(&plan.targets)?;
    for (series, values) in table.series.iter_mut().zip(values) {
        let rows = series.known + plan.horizon;
        let len = series.values.len().max(rows * columns);
        series.values.resize(len, f64::NAN);
        for step in 0..plan.horizon {
            for (target, place) in places.iter().enumerate() {
                let value = values[((before + step) * places.len() + target) * levels + reading.middle];
                series.values[(series.known + step) * columns + place] = value;
            }
        }
        series.known = rows;
    }
    Ok(())
}

impl Forecast {
    /// A table: time, identifier where there is one, and a column for each target and level.
    pub fn sheet(&self) -> Sheet {
        let walls = self.series.iter().flat_map(|series| series.walls.iter().copied()).collect();
        let time = (self.time.clone(), Values::Times(self.style.clone(), walls));
        let ids = |series: &SeriesForecast| vec![series.id.clone().unwrap_or_default(); series.walls.len()];
        let id = self.id.clone().map(|name| (name, Values::Text(self.series.iter().flat_map(ids).collect())));
        let names = self.targets.iter().flat_map(|target| self.levels.iter().map(|&level| column_name(target, level)));
        let width = self.targets.len() * self.levels.len();
        let values = names.enumerate().map(|(place, name)| {
            let column = |series: &SeriesForecast| series.values.iter().skip(place).step_by(width).copied().collect();
            (name, Values::Numbers(self.series.iter().flat_map::<Vec<f64>, _>(column).collect()))
        });
        Sheet::of([time].into_iter().chain(id).chain(values))
    }

    /// [`Forecast::sheet`] in CSV.
    pub fn to_csv(&self) -> String {
        self.sheet().to_csv()
    }
}
