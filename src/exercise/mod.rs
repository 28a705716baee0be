//! The data of the classic course exercise: windows of a sine with the next value as target, a batch of random numbers,
//! and the forecast that runs on its own output.

mod picture;

pub use picture::FreeRun;

use crate::data::{Sequences, Windows};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::rng::{Gaussian, Purpose, generator};
use rand::RngExt;
use std::f64::consts::TAU;

/// Phase from one point to the next, in radians: 50 points are one period, whatever the length of a window.
pub const STEP: f64 = TAU / 49.0;

/// The most values that generated windows may hold in all: 2^28, 1 GiB.
const MOST_VALUES: usize = 1 << 28;

/// What sine to generate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SineOptions {
    /// Windows (N).
    pub samples: usize,
    /// Points of a window (T).
    pub seq_len: usize,
    /// Standard deviation of the Gaussian noise on every point, targets included.
    pub noise: f64,
    /// Seed of phases and noise.
    pub seed: u64,
}

impl Default for SineOptions {
    /// The exercise's: 1000 windows of 50 points, no noise.
    fn default() -> Self {
        SineOptions { samples: 1000, seq_len: 50, noise: 0.0, seed: 0 }
    }
}

/// Windows of sin(phase + 2 pi / 49 k), k = 0 .. T-1, each with a random phase of its own and the point k = T as
/// target.
///
/// Noise is that of a measured signal: it lies on the target as on the window, so that no predictor's expected test MSE
/// is below noise^2. [`Sine::truth`] is free of it.
///
/// The first 80 % of the windows are to train on, the others are held out. Phases are drawn from [0, 2 pi) with 53
/// bits: no held-out window is one that was trained on.
#[derive(Clone, Debug)]
pub struct Sine {
    windows: Windows,
    phases: Vec<f64>,
    trained: usize,
}

impl Sine {
    /// Generates the windows.
    ///
    /// # Errors
    /// [`Error::Config`] where there are fewer than 2 windows or points, more than 2^28 values in all, or the noise is
    /// negative or not finite.
    pub fn new(options: &SineOptions) -> Result<Self> {
        let &SineOptions { samples, seq_len, noise, seed } = options;
        for (name, found) in [("samples", samples), ("seq-len", seq_len)] {
            if found < 2 {
                return Err(Error::config(name, found, "at least 2"));
            }
        }
        if !(noise >= 0.0 && noise.is_finite()) {
            return Err(Error::config("noise", noise, "a finite number of at least 0"));
        }
        if samples.checked_mul(seq_len).is_none_or(|values| values > MOST_VALUES) {
            let found = format!("{samples} x {seq_len}");
            return Err(Error::config("samples x seq-len", found, format!("at most {MOST_VALUES}")));
        }
        let mut rng = generator(seed, Purpose::Data);
        let phases: Vec<f64> = (0..samples).map(|_| TAU * rng.random::<f64>()).collect();
        let mut x = Vec::with_capacity(samples * seq_len);
        let mut targets = Vec::with_capacity(samples);
        let mut noise = Gaussian::new(noise);
        for &phase in &phases {
            x.extend((0..seq_len).map(|k| (point(phase, k) + noise.draw(&mut rng)) as f32));
            targets.push((point(phase, seq_len) + noise.draw(&mut rng)) as f32);
        }
        let windows = Windows::from_sequences(x, 1, seq_len, targets, 1)?;
        Ok(Sine { windows, phases, trained: (samples * 4 / 5).max(1) })
    }

    /// Every window, those held out last.
    pub fn windows(&self) -> &Windows {
        &self.windows
    }

    /// The windows to train on.
    pub fn train_ids(&self) -> Vec<u32> {
        (0..self.trained as u32).collect()
    }

    /// The windows held out.
    pub fn test_ids(&self) -> Vec<u32> {
        (self.trained as u32..self.windows.count() as u32).collect()
    }

    /// Points `first .. first + count` of window `n` without noise, beyond its end too.
    pub fn truth(&self, n: usize, first: usize, count: usize) -> Vec<f32> {
        (first..first + count).map(|k| point(self.phases[n], k) as f32).collect()
    }

    /// "Repeat the last value": the naive prediction for each of the windows `ids`.
    pub fn repeat_last(&self, ids: &[u32]) -> Vec<f32> {
        let last = self.windows.steps() - 1;
        ids.iter().map(|&id| self.windows.window(id as usize)[last]).collect()
    }
}

fn point(phase: f64, k: usize) -> f64 {
    (phase + STEP * k as f64).sin()
}

/// A forecast that runs on its own output: predicts the next value of `window` (T points of one feature), drops the
/// window's first point, appends the prediction, and so on for `steps` points.
///
/// # Errors
/// [`Error::Length`] where the network has more than one output; else as [`Engine::forward`].
pub async fn free_run<E: Engine>(engine: &mut E, window: &[f32], steps: usize) -> Result<Vec<f32>> {
    let mut points = window.to_vec();
    for step in 0..steps {
        let x = points[step..].to_vec();
        let outputs = engine.forward(&Sequences::new(1, window.len(), x)).await?;
        Error::check_len("the output of a free run", &[("O", 1)], outputs.y.len())?;
        points.extend(outputs.y);
    }
    Ok(points.split_off(window.len()))
}

/// Windows of standard normal numbers with standard normal targets: nothing to learn, only to be fitted.
///
/// # Errors
/// [`Error::Config`] where they hold more than 2^28 values.
pub fn random_batch(seed: u64, rows: usize, steps: usize, inputs: usize, outputs: usize) -> Result<Windows> {
    let len = |what: &str, per_row: Option<usize>| match per_row.and_then(|len| len.checked_mul(rows)) {
        Some(len) if len <= MOST_VALUES => Ok(len),
        _ => Err(Error::config("values of a random batch", what, format!("at most {MOST_VALUES}"))),
    };
    let x = len("B x T x I", steps.checked_mul(inputs))?;
    let targets = len("B x O", Some(outputs))?;
    let mut rng = generator(seed, Purpose::Data);
    let mut normal = Gaussian::new(1.0);
    let mut draw = |len| (0..len).map(|_| normal.draw(&mut rng) as f32).collect();
    Windows::from_sequences(draw(x), inputs, steps, draw(targets), outputs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::fake::Fake;

    fn sine(samples: usize, seq_len: usize, noise: f64) -> Sine {
        Sine::new(&SineOptions { samples, seq_len, noise, seed: 3 }).unwrap()
    }

    #[test]
    fn points_satisfy_the_recurrence_of_a_sine_of_the_exercises_step() {
        let sine = sine(20, 7, 0.0);
        let twice_cos = 2.0 * STEP.cos();
        for n in 0..20 {
            let mut points: Vec<f64> = sine.windows().window(n).iter().map(|&x| x.into()).collect();
            points.push(sine.windows().target(n)[0].into());
            for p in points.windows(3) {
                assert!((p[2] - (twice_cos * p[1] - p[0])).abs() < 1e-6, "window {n}: {p:?}");
            }
            let truth: Vec<f64> = sine.truth(n, 0, 8).into_iter().map(f64::from).collect();
            assert_eq!(points, truth);
        }
    }

    #[test]
    fn fifty_points_are_one_period_whatever_the_length_of_a_window() {
        for seq_len in [2, 50, 70] {
            let truth = sine(2, seq_len, 0.0).truth(1, 0, 50);
            assert!((truth[49] - truth[0]).abs() < 1e-6, "{truth:?}");
        }
        assert!((49.0 * STEP - TAU).abs() < 1e-12, "not one period but several");
    }

    #[test]
    fn a_fifth_is_held_out_and_no_phase_of_it_is_trained() {
        for (samples, trained) in [(2, 1), (3, 2), (5, 4), (1000, 800)] {
            let sine = sine(samples, 2, 0.0);
            let (train, test) = (sine.train_ids(), sine.test_ids());
            assert_eq!((train.len(), test.len()), (trained, samples - trained));
            assert_eq!(train.iter().chain(&test).copied().collect::<Vec<_>>(), (0..samples as u32).collect::<Vec<_>>());
        }
        let mut phases = sine(1000, 2, 0.0).phases;
        phases.sort_by(f64::total_cmp);
        phases.dedup();
        assert_eq!(phases.len(), 1000);
        assert!(phases[0] < 0.03 && phases[999] > TAU - 0.03, "{} {}", phases[0], phases[999]);
    }

    #[test]
    fn noise_has_its_deviation_lies_on_targets_and_moves_no_phase() {
        let (clean, noisy) = (sine(1000, 50, 0.0), sine(1000, 50, 0.1));
        assert_eq!(clean.phases, noisy.phases);
        let deviation = |clean: &[f32], noisy: &[f32]| {
            let squares = clean.iter().zip(noisy).map(|(c, n)| f64::from(n - c).powi(2));
            (squares.sum::<f64>() / clean.len() as f64).sqrt()
        };
        let on_points = deviation(clean.windows().series(), noisy.windows().series());
        let targets = |sine: &Sine| -> Vec<f32> { (0..1000).map(|n| sine.windows().target(n)[0]).collect() };
        let on_targets = deviation(&targets(&clean), &targets(&noisy));
        // Standard errors of a deviation of 0.1 over 50,000 and over 1000 draws: 3e-4 and 2.2e-3.
        assert!((on_points - 0.1).abs() < 2e-3 && (on_targets - 0.1).abs() < 1e-2, "{on_points} {on_targets}");
    }

    #[test]
    fn the_same_seed_gives_the_same_windows() {
        let of = |seed| Sine::new(&SineOptions { seed, noise: 0.1, ..SineOptions::default() }).unwrap().windows;
        assert_eq!(of(5).series(), of(5).series());
        assert_ne!(of(5).series(), of(6).series());
    }

    #[test]
    fn numbers_that_make_no_sense_are_refused() {
        let good = SineOptions::default();
        let bad = [
            SineOptions { samples: 1, ..good },
            SineOptions { seq_len: 1, ..good },
            SineOptions { noise: -0.1, ..good },
            SineOptions { noise: f64::NAN, ..good },
            SineOptions { samples: usize::MAX, ..good },
            SineOptions { samples: 1 << 20, seq_len: 1 << 20, ..good },
        ];
        for options in bad {
            let refused = Sine::new(&options);
            assert!(matches!(refused, Err(Error::Config { .. })), "{options:?}");
        }
        assert!(random_batch(0, usize::MAX, 5, 10, 1).is_err());
    }

    #[test]
    fn repeating_the_last_value_is_the_windows_last_point() {
        let sine = sine(10, 4, 0.0);
        assert_eq!(sine.repeat_last(&[9]), [sine.truth(9, 3, 1)[0]]);
    }

    #[test]
    fn a_free_run_feeds_on_its_own_output() {
        let sine = sine(10, 50, 0.0);
        // 2 cos(STEP) x[T-1] - x[T-2] continues any sine of that step.
        let mut engine = Fake::new(|_| 0.0, |x| 2.0 * STEP.cos() as f32 * x[x.len() - 1] - x[x.len() - 2]);
        let forecast = pollster::block_on(free_run(&mut engine, sine.windows().window(9), 100)).unwrap();
        assert_eq!(forecast.len(), 100);
        for (k, (found, expected)) in forecast.iter().zip(sine.truth(9, 50, 100)).enumerate() {
            // The recurrence amplifies the rounding of f32 by about k / sin(STEP).
            assert!((found - expected).abs() < 5e-4, "point {k}: {found}, expected {expected}");
        }
    }
}
