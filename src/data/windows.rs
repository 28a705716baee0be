//! Windows over a series.

use super::lengths::check_lengths;
use super::targets::{Center, Targets};
use crate::error::{Error, Result};
use crate::fnv::Fnv;
use std::borrow::Cow;
use std::hash::Hasher;
use std::sync::Arc;

/// Windows over a series, each with its target. A window is a view: 168-step windows over a million points cost one
/// start (4 bytes) each, not 168 values. A clone shares the data.
#[derive(Clone, Debug)]
pub struct Windows {
    /// Time steps of a window (T).
    steps: usize,
    /// Features of a step (I).
    inputs: usize,
    /// [len, I], row-major.
    series: Arc<Vec<f32>>,
    /// First step of each window in the series, [N].
    starts: Arc<Vec<u32>>,
    targets: Arc<Targets>,
    /// `[N]`, each from 1 to T; or T for all.
    lengths: Option<Arc<Vec<u32>>>,
    center: Center,
    /// Features of a step that `center` is for: the first ones.
    centered: usize,
    statics: Option<Statics>,
}

/// What does not change in time.
#[derive(Clone, Debug)]
struct Statics {
    /// [entities, C], row-major.
    values: Arc<Vec<f32>>,
    /// C.
    features: usize,
    /// The entity of each window, `[N]`.
    of: Arc<Vec<u32>>,
}

impl Windows {
    /// Windows of `steps` steps that begin at `starts` in `series` ([len, `inputs`]), with their targets.
    ///
    /// # Errors
    /// [`Error::Config`] where a dim is 0 or the targets want more features than a step has, [`Error::Length`] where
    /// series or targets do not have the length of their shapes, [`Error::Index`] where a window or its target ends
    /// beyond the series.
    pub fn new(series: Vec<f32>, inputs: usize, steps: usize, starts: Vec<u32>, targets: Targets) -> Result<Self> {
        let (target_len, horizon) = match targets {
            Targets::Given { len, .. } => (len, 0),
            Targets::Horizon { steps, features } => (steps * features, steps),
        };
        if steps == 0 || inputs == 0 || target_len == 0 {
            return Err(Error::config("steps, inputs or target_len", 0, "at least 1"));
        }
        let len = series.len() / inputs;
        Error::check_len("series", &[("len", len), ("I", inputs)], series.len())?;
        match &targets {
            Targets::Given { values, len } => {
                Error::check_len("targets", &[("N", starts.len()), ("target", *len)], values.len())?;
            }
            Targets::Horizon { features, .. } if *features > inputs => {
                return Err(Error::config("features of a target", features, format!("at most {inputs}, a step's")));
            }
            Targets::Horizon { .. } => {}
        }
        if let Some(&start) = starts.iter().find(|&&start| start as usize + steps + horizon > len) {
            let (what, index) = ("the last step of a window and its target", start as usize + steps + horizon - 1);
            return Err(Error::Index { what, index, len });
        }
        let (series, starts, targets) = (Arc::new(series), Arc::new(starts), Arc::new(targets));
        let (lengths, center, centered, statics) = (None, Center::None, 0, None);
        Ok(Windows { steps, inputs, series, starts, targets, lengths, center, centered, statics })
    }

    /// Sequences `x` [N, T, I] with targets [N, `target_len`] as windows: window n begins at step n*T.
    ///
    /// # Errors
    /// [`Error::Length`] where `x` is no whole number of sequences; [`Error::Config`] where it has 2^32 steps or more;
    /// else as [`Windows::new`].
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
        Windows::new(x, inputs, steps, starts, Targets::Given { values: targets, len: target_len })
    }

    /// The same windows, each with a length of its own, `[N]`: steps beyond it are never read.
    ///
    /// # Errors
    /// [`Error::Length`] where there is not one length a window; [`Error::Config`] where a length is not from 1 to T.
    pub fn with_lengths(self, lengths: Vec<u32>) -> Result<Self> {
        check_lengths(&lengths, self.count(), self.steps)?;
        Ok(self.cut(lengths))
    }

    /// The same windows, each with the features of an entity that do not change in time: those of `of[n]` in `values`
    /// ([entities, C], with `features` for C).
    ///
    /// # Errors
    /// [`Error::Length`] where `values` are no whole number of entities, or there is not one entity a window;
    /// [`Error::Index`] where there is no such entity.
    pub fn with_statics(mut self, values: Vec<f32>, features: usize, of: Vec<u32>) -> Result<Self> {
        let len = values.len() / features.max(1);
        Error::check_len("static features", &[("entities", len), ("C", features)], values.len())?;
        Error::check_len("entities of windows", &[("N", self.count())], of.len())?;
        if let Some(&index) = of.iter().find(|&&entity| entity as usize >= len) {
            return Err(Error::Index { what: "the entity of a window", index: index as usize, len });
        }
        self.statics = Some(Statics { values: Arc::new(values), features, of: Arc::new(of) });
        Ok(self)
    }

    /// The same windows with other targets, [N, `len`].
    ///
    /// # Errors
    /// [`Error::Config`] where `len` is 0; [`Error::Length`] where there are not so many values.
    pub fn with_targets(mut self, values: Vec<f32>, len: usize) -> Result<Self> {
        if len == 0 {
            return Err(Error::config("values of a window's target", 0, "at least 1"));
        }
        Error::check_len("targets", &[("N", self.count()), ("target", len)], values.len())?;
        self.targets = Arc::new(Targets::Given { values, len });
        Ok(self)
    }

    /// The windows `ids` alone, of the same series.
    ///
    /// # Errors
    /// [`Error::Index`] where an id is not a window.
    pub fn only(&self, ids: &[u32]) -> Result<Self> {
        self.check_ids(ids)?;
        let targets = match self.targets.as_ref() {
            Targets::Given { len, .. } => {
                let values = ids.iter().flat_map(|&id| self.target(id as usize).into_owned()).collect();
                Arc::new(Targets::Given { values, len: *len })
            }
            Targets::Horizon { .. } => self.targets.clone(),
        };
        let starts = Arc::new(ids.iter().map(|&id| self.starts[id as usize]).collect());
        let of_ids = |all: &Arc<Vec<u32>>| Arc::new(ids.iter().map(|&id| all[id as usize]).collect());
        let lengths = self.lengths.as_ref().map(of_ids);
        let statics = self.statics.as_ref().map(|statics| Statics { of: of_ids(&statics.of), ..statics.clone() });
        Ok(Windows { starts, targets, lengths, statics, series: self.series.clone(), ..*self })
    }

    /// As [`Windows::with_lengths`], for lengths that may be 0: a sequence that is cut in time may have ended before
    /// the cut.
    pub(crate) fn cut(mut self, lengths: Vec<u32>) -> Self {
        self.lengths = Some(Arc::new(lengths));
        self
    }

    /// The same windows, centred in their first `features` features.
    ///
    /// # Errors
    /// [`Error::Config`] where a step does not have that many.
    pub fn centered(mut self, center: Center, features: usize) -> Result<Self> {
        if features > self.inputs {
            return Err(Error::config("centred features", features, format!("at most {}, a step's", self.inputs)));
        }
        (self.center, self.centered) = (center, if center == Center::None { 0 } else { features });
        Ok(self)
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

    /// The targets of all windows.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// The length of each window, `[N]`, where not all of them have T steps.
    pub fn lengths(&self) -> Option<&[u32]> {
        self.lengths.as_ref().map(|lengths| lengths.as_slice())
    }

    /// The steps of window `n` within its length.
    pub fn length(&self, n: usize) -> usize {
        self.lengths.as_ref().map_or(self.steps, |lengths| lengths[n] as usize)
    }

    /// Features of a window that do not change in time (C).
    pub fn static_features(&self) -> usize {
        self.statics.as_ref().map_or(0, |statics| statics.features)
    }

    /// Those of window `n`, `[C]`.
    pub fn statics(&self, n: usize) -> &[f32] {
        self.statics
            .as_ref()
            .map_or(&[], |Statics { values, features, of }| &values[of[n] as usize * features..][..*features])
    }

    /// How windows are centred, and how many of the first features.
    pub fn center(&self) -> (Center, usize) {
        (self.center, self.centered)
    }

    /// Values of one window's target.
    pub fn target_len(&self) -> usize {
        match *self.targets {
            Targets::Given { len, .. } => len,
            Targets::Horizon { steps, features } => steps * features,
        }
    }

    /// The values of window `n` as they stand in the series, [T, I].
    pub fn window(&self, n: usize) -> &[f32] {
        let start = self.starts[n] as usize * self.inputs;
        &self.series[start..start + self.steps * self.inputs]
    }

    /// What is subtracted from feature `feature` of window `n`.
    pub fn base(&self, n: usize, feature: usize) -> f32 {
        if feature >= self.centered {
            return 0.0;
        }
        let (window, length) = (self.window(n), self.length(n));
        match self.center {
            Center::None => 0.0,
            Center::Last => window[(length - 1) * self.inputs + feature],
            Center::Mean => {
                let values = window[feature..].iter().step_by(self.inputs).take(length);
                values.sum::<f32>() / length as f32
            }
        }
    }

    /// What a network sees of window `n`, [T, I]: centred, and zero beyond the window's length.
    pub fn input(&self, n: usize) -> Cow<'_, [f32]> {
        let (window, length) = (self.window(n), self.length(n));
        if self.centered == 0 && length == self.steps {
            return Cow::Borrowed(window);
        }
        let mut input = window.to_vec();
        input[length * self.inputs..].fill(0.0);
        for feature in 0..self.centered {
            let base = self.base(n, feature);
            input[feature..].iter_mut().step_by(self.inputs).take(length).for_each(|value| *value -= base);
        }
        Cow::Owned(input)
    }

    /// The target of window `n`, centred as the window is where it is the horizon after it.
    pub fn target(&self, n: usize) -> Cow<'_, [f32]> {
        match self.targets.as_ref() {
            Targets::Given { values, len } => Cow::Borrowed(&values[n * len..][..*len]),
            Targets::Horizon { steps, features } => {
                let first = (self.starts[n] as usize + self.steps) * self.inputs;
                let horizon = self.series[first..][..steps * self.inputs].chunks_exact(self.inputs);
                let base: Vec<f32> = (0..*features).map(|feature| self.base(n, feature)).collect();
                horizon.flat_map(|step| step.iter().zip(&base).map(|(value, base)| value - base)).collect()
            }
        }
    }

    /// A number that tells these windows from others: FNV-1a of series, starts, given targets, lengths and static features.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Fnv::default();
        self.series.iter().for_each(|value| hash.write_u32(value.to_bits()));
        self.starts.iter().for_each(|&start| hash.write_u32(start));
        if let Targets::Given { values, .. } = self.targets.as_ref() {
            values.iter().for_each(|value| hash.write_u32(value.to_bits()));
        }
        self.lengths().into_iter().flatten().for_each(|&length| hash.write_u32(length));
        if let Some(Statics { values, of, .. }) = &self.statics {
            values.iter().for_each(|value| hash.write_u32(value.to_bits()));
            of.iter().for_each(|&entity| hash.write_u32(entity));
        }
        hash.finish()
    }

    /// Checks that ids are windows.
    ///
    /// # Errors
    /// [`Error::Index`] with the first that is not.
    pub fn check_ids(&self, ids: &[u32]) -> Result<()> {
        match ids.iter().find(|&&id| id as usize >= self.count()) {
            None => Ok(()),
            Some(&id) => Err(Error::Index { what: "window", index: id as usize, len: self.count() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten steps of two features, 0 10, 1 11, .. and windows of three steps at 1 and 4.
    fn windows(targets: Targets) -> Windows {
        let series = (0..10).flat_map(|t| [t as f32, t as f32 + 10.0]).collect();
        Windows::new(series, 2, 3, vec![1, 4], targets).unwrap()
    }

    #[test]
    fn targets_ahead_are_the_steps_after_the_window_centred_like_it() {
        let horizon = windows(Targets::Horizon { steps: 2, features: 2 });
        assert_eq!(horizon.target(0).as_ref(), [4.0, 14.0, 5.0, 15.0]);
        let last = horizon.clone().centered(Center::Last, 1).unwrap();
        assert_eq!(last.input(0).as_ref(), [-2.0, 11.0, -1.0, 12.0, 0.0, 13.0]);
        assert_eq!(last.target(0).as_ref(), [1.0, 14.0, 2.0, 15.0]);
        let mean = horizon.centered(Center::Mean, 2).unwrap();
        assert_eq!(mean.input(1).as_ref(), [-1.0, -1.0, 0.0, 0.0, 1.0, 1.0]);
        assert_eq!(mean.target(1).as_ref(), [2.0, 2.0, 3.0, 3.0]);
        assert!(Windows::new(vec![0.0; 10], 1, 3, vec![6], Targets::Horizon { steps: 2, features: 1 }).is_err());
        assert!(Windows::new(vec![0.0; 10], 1, 3, vec![5], Targets::Horizon { steps: 2, features: 1 }).is_ok());
    }

    #[test]
    fn windows_have_the_features_of_their_entity() {
        let plain = windows(Targets::Given { values: vec![0.0; 2], len: 1 });
        assert_eq!((plain.static_features(), plain.statics(0)), (0, [0.0; 0].as_slice()));
        let told = plain.clone().with_statics(vec![1.0, 2.0, 3.0, 4.0], 2, vec![1, 0]).unwrap();
        assert_eq!((told.static_features(), told.statics(0), told.statics(1)), (2, &[3.0, 4.0][..], &[1.0, 2.0][..]));
        assert_eq!(told.only(&[1]).unwrap().statics(0), [1.0, 2.0]);
        let other = plain.clone().with_statics(vec![1.0, 2.0, 3.0, 4.0], 2, vec![1, 1]).unwrap();
        assert!(told.fingerprint() != plain.fingerprint() && told.fingerprint() != other.fingerprint());
        for (values, of) in [(vec![1.0; 3], vec![0, 0]), (vec![1.0; 2], vec![0]), (vec![1.0; 2], vec![0, 1])] {
            assert!(plain.clone().with_statics(values, 2, of).is_err());
        }
    }

    #[test]
    fn what_lies_beyond_a_length_is_not_seen() {
        let windows = windows(Targets::Given { values: vec![0.0; 2], len: 1 }).with_lengths(vec![2, 3]).unwrap();
        assert_eq!(windows.input(0).as_ref(), [1.0, 11.0, 2.0, 12.0, 0.0, 0.0]);
        let centered = windows.centered(Center::Last, 2).unwrap();
        assert_eq!(centered.input(0).as_ref(), [-1.0, -1.0, 0.0, 0.0, 0.0, 0.0]);
        let mean = centered.centered(Center::Mean, 1).unwrap();
        assert_eq!(mean.input(0).as_ref(), [-0.5, 11.0, 0.5, 12.0, 0.0, 0.0]);
        for lengths in [vec![0, 3], vec![4, 3], vec![3]] {
            assert!(mean.clone().with_lengths(lengths).is_err());
        }
    }
}
