//! What a network is trained on: windows over a series, and sequences given outright. On a device both are the same: a
//! flat series and the start of each window in it.

use crate::error::{Error, Result};
use crate::model::Spec;

/// Windows over a series, each with its target. A window is a view: 168-step windows over a million points cost one
/// start (4 bytes) each, not 168 values.
#[derive(Clone, Debug)]
pub struct Windows {
    /// Time steps of a window (T).
    steps: usize,
    /// Features of a step (I).
    inputs: usize,
    /// [len, I], row-major.
    series: Vec<f32>,
    /// First step of each window in the series, [N].
    starts: Vec<u32>,
    /// [N, target_len].
    targets: Vec<f32>,
    target_len: usize,
}

impl Windows {
    /// Windows of `steps` steps that begin at `starts` in `series` ([len, `inputs`]), with `targets` [N, `target_len`].
    pub fn new(
        series: Vec<f32>,
        inputs: usize,
        steps: usize,
        starts: Vec<u32>,
        targets: Vec<f32>,
        target_len: usize,
    ) -> Result<Self> {
        if steps == 0 || inputs == 0 || target_len == 0 {
            return Err(Error::config("steps, inputs or target_len", 0, "at least 1"));
        }
        let len = series.len() / inputs;
        Error::check_len("series", &[("len", len), ("I", inputs)], series.len())?;
        Error::check_len("targets", &[("N", starts.len()), ("target", target_len)], targets.len())?;
        if let Some(&start) = starts.iter().find(|&&start| start as usize + steps > len) {
            return Err(Error::Index { what: "the last step of a window", index: start as usize + steps - 1, len });
        }
        Ok(Windows { steps, inputs, series, starts, targets, target_len })
    }

    /// Ready-made sequences `x` [N, T, I] with targets [N, `target_len`]: window n begins at step n*T.
    pub fn from_sequences(
        x: Vec<f32>,
        inputs: usize,
        steps: usize,
        targets: Vec<f32>,
        target_len: usize,
    ) -> Result<Self> {
        let count = x.len() / (inputs * steps).max(1);
        Error::check_len("x", &[("N", count), ("T", steps), ("I", inputs)], x.len())?;
        let starts = (0..count)
            .map(|n| u32::try_from(n * steps))
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(|_| Error::config("x", format!("{} steps", count * steps), "fewer than 2^32 time steps"))?;
        Windows::new(x, inputs, steps, starts, targets, target_len)
    }

    /// Number of windows (N).
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// Time steps of a window (T).
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Features of a step (I).
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The series, [len, I].
    pub fn series(&self) -> &[f32] {
        &self.series
    }

    /// First step of each window, `[N]`.
    pub fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// The targets, [N, target_len].
    pub fn targets(&self) -> &[f32] {
        &self.targets
    }

    /// Values of one window's target.
    pub fn target_len(&self) -> usize {
        self.target_len
    }

    /// The values of window `n`, [T, I].
    pub fn window(&self, n: usize) -> &[f32] {
        let start = self.starts[n] as usize * self.inputs;
        &self.series[start..start + self.steps * self.inputs]
    }

    /// The target of window `n`.
    pub fn target(&self, n: usize) -> &[f32] {
        &self.targets[n * self.target_len..][..self.target_len]
    }

    /// Refuses windows whose features or targets are not those of the network.
    pub fn check(&self, spec: &Spec) -> Result<()> {
        if self.inputs != spec.input {
            return Err(Error::config(
                "the windows' number of features",
                self.inputs,
                format!("{}, the network's", spec.input),
            ));
        }
        let expected = spec.read_steps(self.steps) * spec.head.outputs;
        if self.target_len != expected {
            return Err(Error::config(
                "the length of a window's target",
                self.target_len,
                format!("{expected}, the network's outputs"),
            ));
        }
        Ok(())
    }

    /// Refuses the first id that is not a window.
    pub fn check_ids(&self, ids: &[u32]) -> Result<()> {
        match ids.iter().find(|&&id| id as usize >= self.count()) {
            None => Ok(()),
            Some(&id) => Err(Error::Index { what: "window", index: id as usize, len: self.count() }),
        }
    }
}

/// Sequences given outright, with the states that they start from.
#[derive(Clone, Debug)]
pub struct Sequences {
    /// Batch rows (B).
    pub rows: usize,
    /// Time steps (T).
    pub steps: usize,
    /// [B, T, I], row-major.
    pub x: Vec<f32>,
    /// Initial states [S, L*D, B, H] (h, then c), or zeros.
    pub states: Option<Vec<f32>>,
}

impl Sequences {
    /// Refuses sequences whose lengths are not those of their shapes in this network.
    pub fn check(&self, spec: &Spec) -> Result<()> {
        if self.rows == 0 || self.steps == 0 {
            return Err(Error::config("rows or steps", 0, "at least 1"));
        }
        Error::check_len("x", &[("B", self.rows), ("T", self.steps), ("I", spec.input)], self.x.len())?;
        if let Some(states) = &self.states {
            let blocks = spec.layers * spec.directions();
            let shape = [("S", spec.facts().states), ("L*D", blocks), ("B", self.rows), ("H", spec.hidden)];
            Error::check_len("states", &shape, states.len())?;
        }
        Ok(())
    }
}
