//! The scaled series of a table under one another, as features of a network: what windows are views of.

use super::normalize::{Basis, Center, last_season};
use super::number::exact;
use super::origins::{Origins, Segment};
use super::plan::Plan;
use super::scale::Scale;
use super::statics;
use super::table::Table;
use super::task::Channels;
use crate::data::{Targets, Windows};
use crate::error::Result;
use std::ops::Range;

/// Series under one another, [rows, I]; a row has the features that [`Plan::inputs`] lists.
#[derive(Clone, Debug)]
pub struct Stack {
    values: Vec<f32>,
    /// Features of each segment that do not change in time, [segments, C].
    statics: Vec<f32>,
    /// Where each series lies; with independent channels, each target of each series.
    pub segments: Vec<Segment>,
}

impl Stack {
    /// Stacks the rows of `table` whose targets are known, from row `from[series]` on, by `scales` [series][column of
    /// the plan].
    ///
    /// # Errors
    /// [`Error::Table`] where a column is not there, or a time is beyond the calendar.
    pub fn new(table: &Table, plan: &Plan, scales: &[Vec<Scale>], from: &[usize]) -> Result<Self> {
        let groups = if plan.channels == Channels::Joint { 1 } else { plan.targets.len() };
        let rows = table.series.iter().zip(from).map(|(series, from)| series.known - from).sum::<usize>() * groups;
        let (values, segments) = (Vec::with_capacity(rows * plan.inputs()), Vec::new());
        let mut stack = Stack { values, statics: Vec::new(), segments };
        let (columns, static_places) = (table.places(plan.columns())?, statics::places(&plan.statics, table)?);
        for (series, (scales, &skipped)) in scales.iter().zip(from).enumerate() {
            let known = as_known(table, plan, series, &columns);
            for group in 0..groups {
                let (first, rows) = (stack.values.len() / plan.inputs(), table.series[series].known);
                stack.segments.push(Segment { series, target: group * plan.width(), first, skipped, rows });
                let rows = Rows { table, plan, series, scales, columns: &columns, known: &known };
                rows.push(skipped, group * plan.width()..(group + 1) * plan.width(), &mut stack.values)?;
                stack.statics.append(&mut statics::features(&plan.statics, &static_places, &table.series[series]));
                if plan.told_channels {
                    stack.statics.extend((0..groups).map(|channel| f32::from(u8::from(channel == group))));
                }
            }
        }
        Ok(stack)
    }

    /// The windows before the rows `ends`, normalised, each with the horizon after it as its target where `with_targets`;
    /// and the way back. `scales` are those of all series. Windows are views of the stack where the engine can do what
    /// the plan asks for, and copies where it cannot.
    ///
    /// # Errors
    /// As [`Windows::new`].
    pub fn windows(
        self,
        plan: &Plan,
        scales: &[Vec<Scale>],
        ends: Vec<u32>,
        with_targets: bool,
    ) -> Result<(Windows, Origins)> {
        let origins = Origins { segments: self.segments, ends, window: plan.window, bases: Vec::new() };
        let statics = self.statics;
        let told = |windows: Windows, origins: &Origins| match plan.static_features() {
            0 => Ok(windows),
            features => {
                let segments = (0..windows.count()).map(|id| origins.place(id) as u32).collect();
                windows.with_statics(statics, features, segments)
            }
        };
        let Some(center) = plan.view() else {
            let (windows, origins) = copied(&self.values, plan, scales, origins, with_targets)?;
            return Ok((told(windows, &origins)?, origins));
        };
        let starts: Vec<u32> = origins.ends.iter().map(|&end| end - plan.window as u32).collect();
        let targets = if with_targets {
            Targets::Horizon { steps: plan.horizon, features: plan.width() }
        } else {
            Targets::Given { values: vec![0.0; starts.len()], len: 1 }
        };
        let windows = Windows::new(self.values, plan.inputs(), plan.window, starts, targets)?;
        Ok((told(windows.centered(center, plan.width())?, &origins)?, origins))
    }
}

/// Windows of the rows `values` [rows, I] as copies, each padded to the plan's window. See [`Stack::windows`].
fn copied(
    values: &[f32],
    plan: &Plan,
    scales: &[Vec<Scale>],
    mut origins: Origins,
    with_targets: bool,
) -> Result<(Windows, Origins)> {
    let (inputs, width, count) = (plan.inputs(), plan.width(), origins.ends.len());
    // Of a count its size is a part.
    let numbers = if plan.counts() { 2 } else { 1 };
    let len = if with_targets { plan.horizon * width * numbers } else { 1 };
    let (mut x, mut y) = (vec![0.0; count * plan.window * inputs], vec![0.0; count * len]);
    let mut lengths = Vec::with_capacity(count);
    for (id, (x, y)) in x.chunks_exact_mut(plan.window * inputs).zip(y.chunks_exact_mut(len)).enumerate() {
        let (segment, rows, end) = (origins.segment(id), origins.rows(id), origins.ends[id] as usize);
        let x = &mut x[..rows * inputs];
        x.copy_from_slice(&values[(end - rows) * inputs..end * inputs]);
        for column in 0..width {
            let of_target = x.iter().skip(column).step_by(inputs).copied();
            let scale = scales[segment.series][segment.target + column];
            let mut basis = Basis::of(of_target, plan.center, plan.divide, scale.zero());
            if plan.counts() {
                basis.factor = basis.factor.max(1.0);
            }
            let normal = |value: f32| (value - basis.base) / basis.factor;
            x.iter_mut().skip(column).step_by(inputs).for_each(|value| *value = normal(*value));
            let of_target = y.chunks_exact_mut(numbers).skip(column).step_by(width);
            for (step, y) in of_target.enumerate().filter(|_| with_targets) {
                let season = last_season(rows, plan.season, step).filter(|_| plan.center == Center::Season);
                let season = season.map_or(0.0, |row| x[row * inputs + column]);
                y[0] = normal(values[(end + step) * inputs + column]) - season;
                y[1..].fill(basis.factor);
            }
            origins.bases.push(basis);
        }
        lengths.push(rows as u32);
    }
    let windows = Windows::from_sequences(x, inputs, plan.window, y, len)?;
    Ok((if plan.least() < plan.window { windows.with_lengths(lengths)? } else { windows }, origins))
}

/// The rows of one series on their way into the stack.
struct Rows<'a> {
    table: &'a Table,
    plan: &'a Plan,
    series: usize,
    scales: &'a [Scale],
    /// Places of the plan's columns in the table.
    columns: &'a [usize],
    /// The targets and the covariates of the past as they were known at each row, where values were filled in.
    known: &'a [Vec<f64>],
}

/// The targets and the covariates of the past as they were known at each row; nothing where no value was filled in. The
/// future's covariates are known beforehand, so that a line between two of them shows nothing too early.
fn as_known(table: &Table, plan: &Plan, series: usize, columns: &[usize]) -> Vec<Vec<f64>> {
    let series = &table.series[series];
    let past = columns.iter().take(plan.targets.len() + plan.past.len());
    let past = past.filter(|_| !series.filled.is_empty());
    past.map(|&column| series.as_known(table.columns.len(), column)).collect()
}

/// Which targets were in the table, and not filled in.
pub struct Truths<'a> {
    table: &'a Table,
    /// Places of the targets in the table.
    targets: Vec<usize>,
}

impl<'a> Truths<'a> {
    /// # Errors
    /// [`Error::Table`] where a target is not there.
    pub fn new(table: &'a Table, plan: &Plan) -> Result<Self> {
        Ok(Truths { table, targets: table.places(&plan.targets)? })
    }

    /// Whether a target of a row was there.
    fn has(&self, series: usize, target: usize, row: usize) -> bool {
        !self.table.series[series].is_filled(row * self.table.columns.len() + self.targets[target])
    }

    /// How many of the segment's targets within the horizon after `origin` were there: all are steps times targets.
    pub fn count(&self, segment: &Segment, plan: &Plan, origin: usize) -> usize {
        let places = (origin..origin + plan.horizon)
            .flat_map(|row| (segment.target..segment.target + plan.width()).map(move |target| (row, target)));
        places.filter(|&(row, target)| self.has(segment.series, target, row)).count()
    }
}

impl Rows<'_> {
    fn push(&self, from: usize, targets: Range<usize>, values: &mut Vec<f32>) -> Result<()> {
        let Rows { table, plan, series, .. } = *self;
        let series = &table.series[series];
        let past = plan.targets.len()..plan.targets.len() + plan.past.len();
        let future = past.end..past.end + plan.future.len();
        let last = table.rows(series);
        for row in from..series.known {
            let now = targets.clone().chain(past.clone()).chain(future.clone());
            for column in now {
                values.push(self.scaled(row, column)?);
            }
            // Beyond the table's end nothing is known; no window that is forecast from looks there.
            let later = row + plan.horizon;
            for column in future.clone() {
                values.push(if later < last { self.scaled(later, column)? } else { 0.0 });
            }
            if !plan.calendar.is_empty() {
                let local = table.local(series, row)?;
                values.extend(plan.calendar.iter().flat_map(|cycle| cycle.features(local)));
            }
        }
        Ok(())
    }

    /// The value of a row in a column of the plan, scaled in f64 before it becomes f32.
    fn scaled(&self, row: usize, column: usize) -> Result<f32> {
        let series = &self.table.series[self.series];
        let value = match self.known.get(column) {
            Some(known) => known[row],
            None => series.values[row * self.table.columns.len() + self.columns[column]],
        };
        let scaled = self.scales[column].transform(value) as f32;
        if scaled.is_finite() {
            return Ok(scaled);
        }
        let name = self.plan.columns().nth(column).map_or("", String::as_str);
        let message = format!(
            "column `{name}` is {} at {}, which is too far from the training rows for a network in f32: expected a \
             scaled size below 3.4e38; mend the value, or take another `Task::scaling`",
            exact(value),
            self.table.time(series, row)?
        );
        Err(self.table.refuse(series, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::table::ReadOptions;
    use crate::forecast::time::Calendar;
    use crate::forecast::{Scaling, Task};

    const TEXT: &str =
        "d,a,b,p,f\n2024-01,0,10,100,-1\n2024-02,1,11,101,-2\n2024-03,2,12,102,-3\n2024-04,3,13,103,-4\n";

    fn scales() -> Vec<Vec<Scale>> {
        vec![vec![Scale { offset: 0.0, factor: 1.0, log: false }; 4]]
    }

    fn stack(channels: Channels, calendar: Vec<Calendar>) -> (Stack, Plan) {
        let table = Table::read("t", TEXT.as_bytes(), &ReadOptions::default()).unwrap();
        let task = Task {
            past: vec!["p".into()],
            future: vec!["f".into()],
            window: Some(2),
            horizon: Some(1),
            scaling: Scaling::None,
            channels: Some(channels),
            calendar,
            center: Some(Center::Last),
            ..Task::new(["b", "a"])
        };
        let plan = Plan::of(&task, &table).unwrap();
        (Stack::new(&table, &plan, &scales(), &[0]).unwrap(), plan)
    }

    #[test]
    fn a_row_has_targets_past_future_and_the_future_a_horizon_ahead() {
        let (stack, plan) = stack(Channels::Joint, vec![]);
        assert_eq!((plan.inputs(), stack.segments.len()), (5, 1));
        assert_eq!(stack.values[..10], [10.0, 0.0, 100.0, -1.0, -2.0, 11.0, 1.0, 101.0, -2.0, -3.0]);
        assert_eq!(stack.values[15..], [13.0, 3.0, 103.0, -4.0, 0.0]);
        let (windows, _) = stack.windows(&plan, &scales(), vec![2, 3], true).unwrap();
        assert_eq!(windows.input(1).as_ref(), [-1.0, -1.0, 101.0, -2.0, -3.0, 0.0, 0.0, 102.0, -3.0, -4.0]);
        assert_eq!(windows.target(1).as_ref(), [1.0, 1.0]);
    }

    #[test]
    fn independent_channels_are_series_of_their_own() {
        let (stack, plan) = stack(Channels::Independent, vec![Calendar::Month]);
        assert_eq!(plan.inputs(), 6);
        let [b, a] = stack.segments[..] else { panic!("two segments") };
        assert_eq!(b, Segment { series: 0, target: 0, first: 0, skipped: 0, rows: 4 });
        assert_eq!(a, Segment { series: 0, target: 1, first: 4, skipped: 0, rows: 4 });
        assert_eq!(stack.values[..6], [10.0, 100.0, -1.0, -2.0, 0.0, 1.0]);
        assert_eq!(stack.values[24..28], [0.0, 100.0, -1.0, -2.0]);
        let ends = |range, stride| a.ends(&plan, range, 1, stride).unwrap().collect::<Vec<_>>();
        assert_eq!(ends(0..4, 1), [6, 7]);
        assert_eq!(ends(3..9, 1), [7]);
        assert_eq!(ends(0..4, 2), [6]);
        assert_eq!(ends(0..2, 1), [0u32; 0]);
        let padded = Plan { least: 1, ..plan.clone() };
        assert_eq!(a.ends(&padded, 0..4, 1, 1).unwrap().collect::<Vec<_>>(), [5, 6, 7]);
        let skipping = Segment { skipped: 1, ..a };
        assert_eq!(skipping.ends(&plan, 0..4, 1, 1).unwrap().collect::<Vec<_>>(), [6]);
    }
}
