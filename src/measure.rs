//! How a row of the benchmark table is timed, after its numbers were compared with the oracle. The caller has the clock,
//! since a browser's is another one.

use crate::bench_table::{Row, What};
use crate::data::{Sequences, Targets, Windows};
use crate::engine::gpu::{KernelTime, Memory};
use crate::engine::{AnyEngine, Device, DeviceInfo, Engine, Steps};
use crate::error::{Error, Result};
use crate::verify::{TOLERANCE, measure, numbers};
use serde::Serialize;

/// The most training steps or forward passes that are queued before one read: an epoch of the exercise.
const EPOCH: usize = 25;

/// A queue takes about this long, so that its one read hardly counts.
const QUEUE_SECONDS: f64 = 0.05;

/// Fewer samples have no spread.
const FEWEST_SAMPLES: usize = 3;

/// Milliseconds of one step: the median, and what 10 % and 90 % of the samples stay below.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Timing {
    /// The median.
    pub median_ms: f64,
    /// What 10 % stay below.
    pub low_ms: f64,
    /// What 90 % stay below.
    pub high_ms: f64,
}

impl Timing {
    /// Of samples in seconds, each of `parts` steps.
    fn of(mut samples: Vec<f64>, parts: usize) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (samples.len() - 1) as f64;
            let (below, above) = (samples[place.floor() as usize], samples[place.ceil() as usize]);
            (below + (above - below) * place.fract()) * 1e3 / parts as f64
        };
        Timing { median_ms: at(0.5), low_ms: at(0.1), high_ms: at(0.9) }
    }
}

/// What a row gave.
#[derive(Debug)]
pub struct Measured {
    /// The times.
    pub timing: Timing,
    /// What lies on an adapter after training steps.
    pub memory: Option<Memory>,
    /// Where a training step's time goes, if that was asked for.
    pub kernels: Option<Vec<KernelTime>>,
}

impl Measured {
    fn of(timing: Timing) -> Self {
        Measured { timing, memory: None, kernels: None }
    }
}

/// Compares a small case of the row's network with the oracle. A miss is an error: wrong numbers are not timed.
///
/// # Errors
/// [`Error::Device`] where the device gives wrong numbers; else what it refuses.
pub async fn check(row: &Row, device: &Device, seed: u64) -> Result<()> {
    let case = row.small_case(seed);
    let errors = measure(&case, |spec, parameters| device.engine(spec, parameters)).await?;
    if !errors.within(&TOLERANCE) {
        let message = format!("{case} is beyond the tolerance and was not timed: {errors}; see `refrain verify`");
        return Err(Error::Device { adapter: device.info()?.name, message });
    }
    Ok(())
}

/// Times a row for about `seconds` by a clock that counts seconds, and with `profile` the kernels of its training step.
///
/// # Errors
/// [`Error::Device`] where a loss or an output is not finite; else what the device refuses.
pub async fn time(
    row: &Row,
    device: &Device,
    seed: u64,
    seconds: f64,
    profile: bool,
    clock: impl Fn() -> f64,
) -> Result<Measured> {
    let (parameters, sequences, targets) = numbers(&row.case(seed));
    let mut engine = device.engine(row.spec, &parameters)?;
    match row.what {
        What::Train | What::Forward => engine.load_data(&epoch(row, sequences.x.into_owned(), &targets)?)?,
        What::Stream | What::Block => {
            return Ok(Measured::of(time_sequence(row, &mut engine, sequences, seconds, &clock).await?));
        }
    }
    let ids: Vec<u32> = (0..(EPOCH * row.rows) as u32).collect();
    let mut taken = 0;
    let mut queue = async |count: usize| -> Result<()> {
        let ids = &ids[..count * row.rows];
        let values = if row.what == What::Train {
            engine.train(&Steps { taken, ..Steps::new(ids, row.rows) })?;
            taken += count as u64;
            engine.losses().await?
        } else {
            engine.predict(ids, row.rows).await?
        };
        finite(row, engine.device(), &values)
    };
    queue(1).await?;
    let start = clock();
    queue(1).await?;
    // A browser's clock stands still for a while.
    let count = (QUEUE_SECONDS / (clock() - start).max(1e-6)).ceil().clamp(1.0, EPOCH as f64) as usize;
    let mut measured = Measured::of(repeat(seconds, count, &clock, async || queue(count).await).await?);
    if let (What::Train, AnyEngine::Gpu(engine)) = (row.what, &mut engine) {
        measured.memory = Some(engine.memory());
        if profile {
            measured.kernels = Some(engine.profile(&Steps { taken, ..Steps::new(&ids, row.rows) }).await?);
        }
    }
    Ok(measured)
}

/// As many windows as an epoch has, over one batch's series.
fn epoch(row: &Row, series: Vec<f32>, targets: &[f32]) -> Result<Windows> {
    let starts = (0..EPOCH * row.rows).map(|n| (n % row.rows * row.steps) as u32).collect();
    let targets = Targets::Given { values: targets.repeat(EPOCH), len: targets.len() / row.rows };
    Windows::new(series, row.spec.input, row.steps, starts, targets)
}

async fn time_sequence(
    row: &Row,
    engine: &mut impl Engine,
    sequences: Sequences<'_>,
    seconds: f64,
    clock: &impl Fn() -> f64,
) -> Result<Timing> {
    let device = engine.device().clone();
    let mut call = async || -> Result<()> {
        if row.what == What::Block {
            return finite(row, &device, &engine.forward(&sequences).await?.y);
        }
        engine.open_stream(1, None)?;
        for x in sequences.x.chunks_exact(row.spec.input) {
            finite(row, &device, &engine.step(x).await?)?;
        }
        Ok(())
    };
    call().await?;
    repeat(seconds, row.parts(), clock, call).await
}

/// Warms up for a quarter of `seconds`, then samples a call of `parts` steps until they are over.
async fn repeat(
    seconds: f64,
    parts: usize,
    clock: &impl Fn() -> f64,
    mut call: impl AsyncFnMut() -> Result<()>,
) -> Result<Timing> {
    let start = clock();
    while clock() - start < seconds / 4.0 {
        call().await?;
    }
    let mut samples = Vec::new();
    let start = clock();
    while samples.len() < FEWEST_SAMPLES || clock() - start < seconds {
        let start = clock();
        call().await?;
        samples.push(clock() - start);
    }
    Ok(Timing::of(samples, parts))
}

/// Refuses a time for work that went wrong.
fn finite(row: &Row, device: &DeviceInfo, values: &[f32]) -> Result<()> {
    if values.is_empty() || !values.iter().all(|value| value.is_finite()) {
        let message = format!("{row}: a loss or an output is not finite, or there is none");
        return Err(Error::Device { adapter: device.name.clone(), message });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Timing;

    #[test]
    fn a_timing_is_the_median_and_the_spread_of_one_part() {
        let samples = (0..=10).rev().map(|k| f64::from(k) * 2e-3).collect();
        let Timing { median_ms, low_ms, high_ms } = Timing::of(samples, 2);
        for (found, expected) in [(median_ms, 5.0), (low_ms, 1.0), (high_ms, 9.0)] {
            assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
        }
        assert!((Timing::of(vec![1e-3, 2e-3], 1).median_ms - 1.5).abs() < 1e-12);
    }
}
