//! How much work a submission may be, so that it ends soon: a browser shares the GPU with all that it draws, and gives up
//! a device that answers to nothing else for seconds.

use std::sync::{Arc, Mutex, PoisonError};

/// Work in a millisecond that is expected of an adapter before it has done any: that of a slow software adapter.
const SPEED: f64 = 1e5;

/// How many times as fast as it was expected to be an adapter is taken to be after one submission. Where it was slower
/// that is believed at once.
const GROWTH: f64 = 2.0;

/// What is shorter is not measured: the clock has milliseconds.
const SHORTEST: f64 = 1.0;

/// How fast an adapter is, by the submissions that have ended.
#[derive(Clone, Debug)]
pub struct Pace {
    /// Milliseconds that a submission may take, about; infinite where there is no limit.
    longest: f64,
    measured: Arc<Mutex<Measured>>,
}

#[derive(Debug)]
struct Measured {
    /// Work in a millisecond.
    speed: f64,
    /// When the submission before has ended, in milliseconds.
    ended: f64,
}

impl Pace {
    /// Of submissions that take so many milliseconds at most, or any time.
    pub fn new(longest_ms: Option<u32>) -> Self {
        let measured = Measured { speed: SPEED, ended: f64::NEG_INFINITY };
        Pace { longest: longest_ms.map_or(f64::INFINITY, f64::from), measured: Arc::new(Mutex::new(measured)) }
    }

    /// Whether there is a limit.
    pub fn is_limited(&self) -> bool {
        self.longest.is_finite()
    }

    /// The work of a submission that takes as long as it may.
    pub fn most_work(&self) -> u64 {
        match self.is_limited() {
            true => (self.longest * self.measured.lock().unwrap_or_else(PoisonError::into_inner).speed) as u64,
            false => u64::MAX,
        }
    }

    /// Notes that a submission of so much work has ended, which was submitted at `submitted`, in milliseconds. It began
    /// when the one before had ended.
    pub fn note(&self, work: u64, submitted: f64, ended: f64) {
        let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        let took = (ended - submitted.max(measured.ended)).max(SHORTEST);
        measured.ended = ended;
        // What hardly has work says nothing of the speed.
        if work as f64 >= measured.speed * SHORTEST || took > self.longest {
            measured.speed = (work as f64 / took).clamp(1.0, GROWTH * measured.speed);
        }
    }
}

/// Milliseconds from a fixed moment on.
#[cfg(target_arch = "wasm32")]
pub fn now() -> f64 {
    js_sys::Date::now()
}

/// Milliseconds from a fixed moment on.
#[cfg(not(target_arch = "wasm32"))]
pub fn now() -> f64 {
    static FIRST: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    FIRST.elapsed().as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submission_takes_as_long_as_it_may_whatever_the_adapter() {
        for speed in [2e3, 1e5, 5e9] {
            let pace = Pace::new(Some(50));
            let (mut clock, mut last) = (0.0, 0.0);
            for _ in 0..40 {
                let work = pace.most_work();
                last = work as f64 / speed;
                pace.note(work, clock, clock + last);
                clock += last;
            }
            assert!((45.0..=51.0).contains(&last), "{speed}: {last}");
        }
    }

    #[test]
    fn what_waits_for_the_submission_before_has_not_begun() {
        let pace = Pace::new(Some(50));
        let work = pace.most_work();
        pace.note(work, 0.0, 50.0);
        // Submitted at 1 as well, but computed from 50 to 100.
        pace.note(work, 1.0, 100.0);
        assert_eq!(pace.most_work(), work);
        // One that took long, as the first of a kernel does, and what is small, which says nothing.
        pace.note(work, 100.0, 600.0);
        assert_eq!(pace.most_work(), work / 10);
        pace.note(1, 600.0, 601.0);
        assert_eq!(pace.most_work(), work / 10);
        assert_eq!(Pace::new(None).most_work(), u64::MAX);
    }
}
