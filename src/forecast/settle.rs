//! Settles a task on a table: what nobody has said follows from the training rows.

use super::look::Look;
use super::normalize::{Center, Divide};
use super::number::exact;
use super::plan::Plan;
use super::split::{rows_to_train, shortest_window, training_rows};
use super::statics::Static;
use super::table::{Series, Table, nearest};
use super::task::{ALL, Channels, Task};
use crate::error::{Error, Result};
use crate::loss::{Distribution, Quantiles};

impl Plan {
    /// Settles a task on a table.
    ///
    /// # Errors
    /// [`Error::Table`] where columns are not there or have two parts, or the calendar is asked for without dates;
    /// [`Error::Config`] where numbers make no sense.
    pub fn of(task: &Task, table: &Table) -> Result<Self> {
        let [targets, past, future] = roles(task, table)?;
        if !table.style.is_civil() && !task.calendar.is_empty() {
            let message = "the calendar needs a column of dates; `ReadOptions::time` names it";
            return Err(Error::Table { place: table.name.clone(), message: message.into() });
        }
        let statics = task.statics.iter().map(|name| Static::of(table, name)).collect::<Result<_>>()?;
        let columns = table.places(&targets)?;
        // What the data decide is decided by rows that are trained on whatever the horizon will be.
        let cut = |series: &Series| {
            let horizon = task.horizon.unwrap_or_else(|| (series.known / 8).max(1));
            training_rows(table, series, [&task.val, &task.test], horizon)
        };
        let look = Look::at(table, &columns, &table.series.iter().map(cut).collect::<Vec<_>>());
        let season = task.season.unwrap_or_else(|| match table.frequency.season() {
            1 if !table.style.is_civil() => look.season(),
            season => season,
        });
        let shortest = table.series.iter().map(|series| series.known).min().unwrap_or(0);
        let horizon = task.horizon.unwrap_or_else(|| suggested_horizon(season, shortest));
        let window = task.window.unwrap_or_else(|| suggested_window(season, horizon, usual_rows(table)));
        for (name, count) in [("window", window), ("horizon", horizon), ("season", season)] {
            if count == 0 {
                return Err(Error::config(name, 0, "at least 1"));
            }
        }
        if window < horizon && !future.is_empty() {
            let expected = format!(
                "at least the horizon, {horizon}: the window's last {horizon} rows show the future's covariates"
            );
            return Err(Error::config("window", window, expected));
        }
        let trained = rows_to_train(table, [&task.val, &task.test], window, horizon);
        let least = least_window(&trained, window, horizon);
        let least = if future.is_empty() { least } else { least.max(horizon).min(window) };
        let Task { calendar, distribution, scaling, .. } = task.clone();
        let quantiles = task.quantiles.or(distribution.map(|_| Quantiles::default()));
        let several = targets.len() > 1;
        let channels = task.channels.unwrap_or(if several { Channels::Independent } else { Channels::Joint });
        let counts = distribution == Some(Distribution::NegativeBinomial);
        if counts {
            check_counts(table, &columns)?;
        }
        let log = task.log.unwrap_or_else(|| !counts && is_positive(table, &columns) && look.grows(season));
        let (center, divide) = if counts { (Center::None, Divide::Level) } else { Default::default() };
        let (center, divide) = (task.center.unwrap_or(center), task.divide.unwrap_or(divide));
        let plan = Plan {
            targets,
            past,
            future,
            statics,
            calendar,
            window,
            least,
            horizon,
            season,
            quantiles,
            distribution,
            channels,
            center,
            divide,
            scaling,
            log,
        };
        plan.check()?;
        Ok(plan)
    }
}

impl Task {
    /// Takes over what a plan of this task has settled of columns and normalisation. The rest follows from the table
    /// again.
    pub fn settle(&mut self, plan: &Plan) {
        let Plan { targets, past, future, channels, center, divide, log, .. } = plan.clone();
        (self.targets, self.past, self.future) = (targets, past, future);
        self.except.clear();
        (self.channels, self.center, self.divide, self.log) = (Some(channels), Some(center), Some(divide), Some(log));
    }
}

/// Whether every target that is known is above 0.
pub fn is_positive(table: &Table, columns: &[usize]) -> bool {
    table.series.iter().all(|series| {
        let rows = series.values.chunks_exact(table.columns.len()).take(series.known);
        rows.flat_map(|row| columns.iter().map(|&column| row[column])).all(|value| value > 0.0)
    })
}

/// Refuses targets that are no counts.
fn check_counts(table: &Table, columns: &[usize]) -> Result<()> {
    for series in &table.series {
        for (row, values) in series.values.chunks_exact(table.columns.len()).take(series.known).enumerate() {
            // What was filled in is no target.
            let is_filled = |column: usize| series.is_filled(row * table.columns.len() + column);
            let is_count = |value: f64| value >= 0.0 && value.fract() == 0.0;
            let is_none = |&&column: &&usize| !is_count(values[column]) && !is_filled(column);
            if let Some(&column) = columns.iter().find(is_none) {
                let message = format!(
                    "column `{}` is {} at {}, expected counts, whole numbers of at least 0, for a negative binomial",
                    table.columns[column],
                    exact(values[column]),
                    table.time(series, row)?
                );
                return Err(table.refuse(series, message));
            }
        }
    }
    Ok(())
}

/// Rows of the series in the middle of all by their length.
pub fn usual_rows(table: &Table) -> usize {
    let mut rows: Vec<usize> = table.series.iter().map(|series| series.known).collect();
    rows.sort_unstable();
    rows.get(rows.len() / 2).copied().unwrap_or(0)
}

/// The fewest rows of a window in a panel, of whose series so many `rows` are trained on: what the shortest can show that
/// is long enough to be trained on at all, where it is too short for a whole window and others are not.
fn least_window(rows: &[usize], window: usize, horizon: usize) -> usize {
    let longest = rows.iter().max().copied().unwrap_or(0);
    let shortest = rows.iter().filter_map(|rows| rows.checked_sub(horizon));
    let shortest = shortest.filter(|&rows| rows >= shortest_window(window, horizon)).min();
    if longest < window + horizon { window } else { shortest.map_or(window, |rows| rows.clamp(1, window)) }
}

/// A season, or a few rows where there is none; no more than the table can be tested on.
fn suggested_horizon(season: usize, rows: usize) -> usize {
    let wanted = if season > 1 { season } else { 10 };
    wanted.min(rows / 8).max(1)
}

/// Two seasons, or a week of hours where the table is long enough; at least twice the horizon, and six times where there is
/// no season.
fn suggested_window(season: usize, horizon: usize, rows: usize) -> usize {
    let long = if season == 24 { 168 } else { 4 * season };
    let wanted = if rows >= 20 * long { long } else { 2 * season };
    let horizons = if season > 1 { 2 } else { 6 };
    wanted.max(horizons * horizon).min((rows / 3).max(horizon)).max(1)
}

/// The columns of targets, past and future, with [`ALL`] spelled out.
fn roles(task: &Task, table: &Table) -> Result<[Vec<String>; 3]> {
    let asked = [&task.targets, &task.past, &task.future];
    let is_all = |name: &String| name == ALL && !table.columns.contains(name);
    let named: Vec<&String> = asked.iter().flat_map(|names| names.iter()).filter(|name| !is_all(name)).collect();
    for (place, name) in named.iter().enumerate() {
        table.column(name)?;
        if named[..place].contains(name) {
            let message =
                format!("column `{name}` is named twice: a column is a target, or known of the past, or of the future");
            return Err(Error::Table { place: table.name.clone(), message });
        }
    }
    let rest: Vec<String> = table.columns.iter().filter(|name| !named.contains(name)).cloned().collect();
    if asked.iter().flat_map(|names| names.iter()).filter(|name| is_all(name)).count() > 1 {
        let message = format!("`{ALL}` stands for every column that has no other part, and can be said once");
        return Err(Error::Table { place: table.name.clone(), message });
    }
    if !task.except.is_empty() && !asked.iter().any(|names| names.iter().any(is_all)) {
        let expected = format!("none, or {ALL} among the columns that are named, which it cuts");
        return Err(Error::config("except", task.except.join(","), expected));
    }
    let roles = asked.map(|names| {
        let spelled = names.iter().flat_map(|name| if is_all(name) { rest.clone() } else { vec![name.clone()] });
        spelled.collect::<Vec<_>>()
    });
    if roles[0].is_empty() {
        let message = format!("expected a column to forecast, found none{}", nearest("y", table.columns.iter()));
        return Err(Error::Table { place: table.name.clone(), message });
    }
    Ok(roles)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::table::ReadOptions;
    use crate::forecast::time::Calendar;

    fn table(text: &str) -> Table {
        Table::read("t", text.as_bytes(), &ReadOptions::default()).unwrap()
    }

    #[test]
    fn all_stands_for_what_has_no_other_part() {
        let table = table("a,b,c,d\n1,2,3,4\n5,6,7,8\n");
        let mut task = Task::new(["c"]);
        (task.past, task.future) = (vec![ALL.into()], vec!["a".into()]);
        (task.window, task.horizon) = (Some(2), Some(2));
        let plan = Plan::of(&task, &table).unwrap();
        assert_eq!((plan.past.join(" "), plan.inputs(), plan.outputs()), ("b d".to_owned(), 1 + 2 + 2, 2));
        assert_eq!(task.read_options(ReadOptions::default()).columns, None);
        task.past.push("c".into());
        let refused = Plan::of(&task, &table).unwrap_err().to_string();
        assert!(refused.contains("column `c` is named twice"), "{refused}");
        task.past = vec!["e".into()];
        assert!(Plan::of(&task, &table).unwrap_err().to_string().starts_with("t, column `e`: there is no such column"));
        let everything = Plan::of(&Task::new([ALL]), &table).unwrap();
        assert_eq!(everything.targets, table.columns);
    }

    #[test]
    fn windows_and_horizons_follow_the_season_and_the_rows() {
        let suggest = |season, rows| {
            let horizon = suggested_horizon(season, rows);
            (suggested_window(season, horizon, rows), horizon)
        };
        assert_eq!(suggest(24, 17_420), (168, 24));
        assert_eq!(suggest(24, 1000), (48, 24));
        assert_eq!(suggest(12, 144), (24, 12));
        assert_eq!(suggest(7, 3650), (28, 7));
        assert_eq!(suggest(1, 200), (60, 10));
        assert_eq!(suggest(24, 40), (13, 5));
        assert_eq!(suggest(12, 2), (1, 1));
    }

    #[test]
    fn a_window_must_show_the_future_that_is_known() {
        let table = table("a,b\n1,2\n5,6\n");
        let mut task = Task::new(["a"]);
        (task.future, task.window, task.horizon) = (vec!["b".into()], Some(2), Some(3));
        let refused = Plan::of(&task, &table).unwrap_err().to_string();
        assert!(refused.starts_with("window is 2, expected at least the horizon, 3"), "{refused}");
        (task.window, task.calendar) = (Some(3), vec![Calendar::Hour]);
        assert!(Plan::of(&task, &table).unwrap_err().to_string().contains("the calendar needs a column of dates"));
    }
}
