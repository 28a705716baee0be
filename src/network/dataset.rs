//! What a network is fitted to and asked about.

use crate::arrays::place;
use crate::data::{HeldOut, Targets, Windows};
use crate::error::{Error, Result};
use crate::loss::Loss;
use crate::memory;
use crate::model::Spec;
use std::borrow::Borrow;

/// Sequences, and what a network is to make of them. A clone shares the data.
///
/// Numbers may come from a slice, a `Vec`, an iterator or a view of `ndarray`.
///
/// ```
/// use refrain::Dataset;
///
/// // Two rows of three steps with one feature, and a value for each row.
/// let values = Dataset::new([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [2, 3, 1])?.targets([0.4, 0.7])?;
/// // Rows of unequal length, two features a step, and a class for each row.
/// let classes = Dataset::from_rows([vec![0.1, 1.0], vec![0.2, 1.0, 0.3, 1.0]], 2)?.classes([0, 1])?;
/// // Every window of 24 steps of a series, and the 6 steps that follow it.
/// let series = (0..100).map(|t| (t as f32 / 5.0).sin());
/// let forecasts = Dataset::windows(series, 1, 24, 6)?;
/// assert_eq!([values.rows(), classes.rows(), forecasts.rows()], [2, 2, 71]);
/// # Ok::<(), refrain::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dataset {
    windows: Windows,
    given: Given,
}

/// What targets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    Nothing,
    Values,
    Classes,
}

/// Windows that are given outright, or laid over a series, with their targets.
impl From<Windows> for Dataset {
    fn from(windows: Windows) -> Self {
        Dataset { windows, given: Given::Values }
    }
}

impl Dataset {
    /// Sequences `x` of the shape [rows, steps, inputs] (B, T, I), the last dimension the fastest.
    ///
    /// # Errors
    /// [`Error::Config`] where a dimension is 0 or there are 2^32 steps or more; [`Error::Length`] where `x` does not
    /// have as many values as its shape calls for.
    pub fn new(x: impl IntoIterator<Item: Borrow<f32>>, [rows, steps, inputs]: [usize; 3]) -> Result<Self> {
        for (name, size) in [("rows", rows), ("steps", steps), ("inputs", inputs)] {
            if size == 0 {
                return Err(Error::config(name, size, "at least 1"));
            }
        }
        let x = collected(x);
        Error::check_len("x", &[("rows", rows), ("steps", steps), ("inputs", inputs)], x.len())?;
        let windows = Windows::from_sequences(x, inputs, steps, vec![0.0; rows], 1)?;
        Ok(Dataset { windows, given: Given::Nothing })
    }

    /// Sequences that may be of unequal length: a row is [its steps, `inputs`].
    ///
    /// # Errors
    /// [`Error::Config`] where there are no rows, or a row is empty or no whole number of steps; [`Error::Limit`] where
    /// there is not enough memory for all rows at the length of the longest.
    pub fn from_rows(rows: impl IntoIterator<Item: AsRef<[f32]>>, inputs: usize) -> Result<Self> {
        let rows: Vec<_> = rows.into_iter().collect();
        let mut lengths = Vec::with_capacity(rows.len());
        for (n, row) in rows.iter().enumerate() {
            let len = row.as_ref().len();
            if len == 0 || inputs == 0 || !len.is_multiple_of(inputs) {
                let expected = format!("a multiple of {inputs}, the inputs, above 0");
                return Err(Error::config("values of a row", format!("{len} (row {n})"), expected));
            }
            lengths.push(len / inputs);
        }
        let steps = lengths.iter().copied().max().unwrap_or(0);
        let x = padded(&rows, steps * inputs, 0.0)?;
        Dataset::new(x, [rows.len(), steps, inputs])?.lengths(lengths)
    }

    /// Every window of `window` steps of a series [len, `inputs`], each with the `horizon` steps that follow it as its
    /// target: [horizon, inputs]. A window is a view.
    ///
    /// # Errors
    /// [`Error::Length`] where the series is no whole number of steps; [`Error::Config`] where a size is 0, the series
    /// is too short for one window and its target, or has 2^32 steps or more.
    pub fn windows(
        series: impl IntoIterator<Item: Borrow<f32>>,
        inputs: usize,
        window: usize,
        horizon: usize,
    ) -> Result<Self> {
        for (name, size) in [("inputs", inputs), ("window", window), ("horizon", horizon)] {
            if size == 0 {
                return Err(Error::config(name, size, "at least 1"));
            }
        }
        let series = collected(series);
        let steps = series.len() / inputs;
        let Some(last) = window.checked_add(horizon).and_then(|taken| steps.checked_sub(taken)) else {
            let expected = format!("at least {window} + {horizon}, a window and its horizon");
            return Err(Error::config("steps of the series", steps, expected));
        };
        let last = u32::try_from(last).ok().filter(|&last| last < u32::MAX);
        let last = last.ok_or_else(|| Error::config("steps of the series", steps, "fewer than 2^32"))?;
        let targets = Targets::Horizon { steps: horizon, features: inputs };
        Ok(Windows::new(series, inputs, window, (0..=last).collect(), targets)?.into())
    }

    /// Values as targets, in the unit of the network's outputs: [rows, outputs], or [rows, steps, outputs] for a network
    /// with an output at every step, where what lies beyond a row's length is never read.
    ///
    /// # Errors
    /// [`Error::Config`] where their number is no multiple of the rows.
    pub fn targets(self, y: impl IntoIterator<Item: Borrow<f32>>) -> Result<Self> {
        self.given(collected(y), Given::Values)
    }

    /// Values as targets, row by row: `[outputs]` each, or [its steps, outputs].
    ///
    /// # Errors
    /// [`Error::Length`] where there is not one a row; [`Error::Config`] where rows do not have as many values as one
    /// another, nor as many at each of their steps.
    pub fn target_rows(self, rows: impl IntoIterator<Item: AsRef<[f32]>>) -> Result<Self> {
        self.given_rows(&rows.into_iter().collect::<Vec<_>>(), Given::Values)
    }

    /// Classes as targets, counted from 0: `[rows]`, or [rows, steps] for a network with an output at every step.
    ///
    /// # Errors
    /// As [`Dataset::targets`].
    pub fn classes(self, classes: impl IntoIterator<Item: Borrow<usize>>) -> Result<Self> {
        self.given(classes.into_iter().map(|class| *class.borrow() as f32).collect(), Given::Classes)
    }

    /// Classes as targets, row by row: one at each of its steps.
    ///
    /// # Errors
    /// As [`Dataset::target_rows`].
    pub fn class_rows(self, rows: impl IntoIterator<Item: AsRef<[usize]>>) -> Result<Self> {
        let as_values = |row: &[usize]| row.iter().map(|&class| class as f32).collect::<Vec<_>>();
        let rows: Vec<Vec<f32>> = rows.into_iter().map(|row| as_values(row.as_ref())).collect();
        self.given_rows(&rows, Given::Classes)
    }

    /// The length of each row, `[rows]`, from 1 to the steps: what lies beyond is never read.
    ///
    /// # Errors
    /// [`Error::Length`] where there is not one a row; [`Error::Config`] where a length is out of range.
    pub fn lengths(self, lengths: impl IntoIterator<Item: Borrow<usize>>) -> Result<Self> {
        // A length that does not fit is none that is allowed.
        let lengths = lengths.into_iter().map(|length| u32::try_from(*length.borrow()).unwrap_or(u32::MAX)).collect();
        Ok(Dataset { windows: self.windows.with_lengths(lengths)?, ..self })
    }

    /// Two datasets, the second with this fraction of the rows, at least one: chosen by chance, the same for the same
    /// seed. Of windows over a series the second are the last ones, and windows that share a step of their horizon with
    /// one of them are in neither.
    ///
    /// # Errors
    /// [`Error::Config`] where the fraction is not between 0 and 1, or leaves no row for the first.
    pub fn split(&self, fraction: f64, seed: u64) -> Result<(Self, Self)> {
        let (first, second) = self.divided("fraction", fraction, seed)?;
        let of = |ids: &[u32]| Ok::<_, Error>(Dataset { windows: self.windows.only(ids)?, given: self.given });
        Ok((of(&first)?, of(&second)?))
    }

    /// Rows (B).
    pub fn rows(&self) -> usize {
        self.windows.count()
    }

    /// Steps (T) of the longest row.
    pub fn steps(&self) -> usize {
        self.windows.steps()
    }

    /// Features of a step (I).
    pub fn inputs(&self) -> usize {
        self.windows.inputs()
    }

    /// The data as engines take them; without targets their targets are zeros.
    pub fn as_windows(&self) -> &Windows {
        &self.windows
    }

    /// The loss that the targets call for: the mean squared error of values; of classes cross-entropy, or binary
    /// cross-entropy where the network has one output.
    ///
    /// # Errors
    /// [`Error::Config`] where there are no targets.
    pub fn loss(&self, spec: &Spec) -> Result<Loss> {
        match self.given {
            Given::Nothing => {
                let expected = "targets or classes, which a dataset is given with its functions of these names";
                Err(Error::config("targets", "none", expected))
            }
            Given::Values => Ok(Loss::Mse),
            Given::Classes if spec.outputs() == 1 => Ok(Loss::BinaryCrossEntropy),
            Given::Classes => Ok(Loss::CrossEntropy),
        }
    }

    /// Checks that a network can read the rows.
    ///
    /// # Errors
    /// [`Error::Config`] with the place of a value that is not finite, or where a step does not have as many features
    /// as the network has inputs.
    pub fn check(&self, spec: &Spec) -> Result<()> {
        let Dataset { windows, .. } = self;
        crate::engine::check_windows(spec, windows)?;
        let inputs = windows.inputs();
        for (n, &start) in windows.starts().iter().enumerate() {
            let (begin, end) = (start as usize, start as usize + windows.length(n));
            // Of windows that overlap, each step is looked at once.
            let before = n.checked_sub(1).map_or(0, |before| windows.starts()[before] as usize);
            let seen = if n > 0 && before <= begin { (before + windows.length(n - 1)).min(end) } else { 0 };
            let begin = begin.max(seen);
            let values = &windows.series()[begin * inputs..end * inputs];
            if let Some(index) = values.iter().position(|value| !value.is_finite()) {
                let place = place(&[usize::MAX, inputs], (begin - start as usize) * inputs + index);
                return Err(Error::config("x", format!("{} at {place} of row {n}", values[index]), "finite values"));
            }
        }
        Ok(())
    }

    /// Checks that the targets are those of a loss for the outputs of a network.
    ///
    /// # Errors
    /// [`Error::Length`] where their shape is another; [`Error::Config`] where a value at a position that counts is not
    /// finite or no class.
    pub fn check_targets(&self, spec: &Spec, loss: Loss) -> Result<()> {
        let Dataset { windows, .. } = self;
        let (read, width) = (spec.read_steps(windows.steps()), loss.target_width(spec.outputs()));
        let shape = [("rows", self.rows()), ("steps with an output", read), ("values", width)];
        Error::check_len("targets", &shape, self.rows() * windows.target_len())?;
        let lengths: Vec<usize> = (0..self.rows()).map(|n| windows.length(n)).collect();
        for (n, &length) in lengths.iter().enumerate() {
            let target = windows.target(n);
            let counted = &target[..spec.readout().positions(length) * width];
            if let Some(index) = counted.iter().position(|value| !value.is_finite()) {
                let place = place(&[read, width], index);
                let found = format!("{} at {place} of row {n}", counted[index]);
                return Err(Error::config("targets", found, "finite values"));
            }
        }
        match windows.targets() {
            Targets::Given { values, .. } => loss.check_targets(spec, windows.steps(), &lengths, values),
            Targets::Horizon { .. } if loss != Loss::CrossEntropy => Ok(()),
            Targets::Horizon { .. } => {
                let values: Vec<f32> = (0..self.rows()).flat_map(|n| windows.target(n).into_owned()).collect();
                loss.check_targets(spec, windows.steps(), &lengths, &values)
            }
        }
    }

    /// Rows to train on and rows to validate on, as [`Dataset::split`] says.
    pub(super) fn divided(&self, name: &'static str, fraction: f64, seed: u64) -> Result<(Vec<u32>, Vec<u32>)> {
        if !(fraction > 0.0 && fraction < 1.0) {
            return Err(Error::config(name, fraction, "a number between 0 and 1"));
        }
        let rows = (0..self.rows() as u32).collect();
        let (horizon, seed) = match self.windows.targets() {
            Targets::Horizon { steps, .. } => (*steps, None),
            Targets::Given { .. } => (0, Some(seed)),
        };
        let HeldOut { mut train, val, .. } = HeldOut::of(rows, [HeldOut::size(fraction, self.rows()), 0], seed)?;
        if horizon > 0 {
            let starts = self.windows.starts();
            let first = val.first().map_or(usize::MAX, |&id| starts[id as usize] as usize);
            train.retain(|&id| starts[id as usize] as usize + horizon <= first);
            if train.is_empty() {
                let expected = "less: no window before those has a horizon of its own";
                return Err(Error::config(name, fraction, expected));
            }
        }
        Ok((train, val))
    }

    fn given(self, values: Vec<f32>, given: Given) -> Result<Self> {
        let rows = self.rows();
        if values.is_empty() || !values.len().is_multiple_of(rows) {
            let expected = format!("a multiple of {rows}, the rows, above 0");
            return Err(Error::config("the number of targets", values.len(), expected));
        }
        let len = values.len() / rows;
        Ok(Dataset { windows: self.windows.with_targets(values, len)?, given })
    }

    fn given_rows<R: AsRef<[f32]>>(self, rows: &[R], given: Given) -> Result<Self> {
        Error::check_len("target rows", &[("rows", self.rows())], rows.len())?;
        let first = rows[0].as_ref().len();
        let values = if rows.iter().all(|row| row.as_ref().len() == first) {
            rows.iter().flat_map(|row| row.as_ref()).copied().collect()
        } else {
            let width = first / self.windows.length(0);
            for (n, row) in rows.iter().enumerate() {
                let (found, length) = (row.as_ref().len(), self.windows.length(n));
                Error::check_len(format!("targets of row {n}"), &[("steps", length), ("values", width)], found)?;
            }
            padded(rows, self.steps() * width, 0.0)?
        };
        self.given(values, given)
    }
}

fn collected(values: impl IntoIterator<Item: Borrow<f32>>) -> Vec<f32> {
    values.into_iter().map(|value| *value.borrow()).collect()
}

/// Rows of at most `len` values, each filled up to that with `filler`.
fn padded<R: AsRef<[f32]>>(rows: &[R], len: usize, filler: f32) -> Result<Vec<f32>> {
    let bytes = rows.len().saturating_mul(len).saturating_mul(size_of::<f32>());
    memory::check("rows of the length of the longest", bytes, "sort the rows by length into several datasets")?;
    let mut values = Vec::with_capacity(rows.len() * len);
    for row in rows {
        values.extend_from_slice(row.as_ref());
        values.resize(values.len() + len - row.as_ref().len(), filler);
    }
    Ok(values)
}
