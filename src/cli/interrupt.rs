//! Ctrl-C, and the other signals that ask a program to end. Training stops where it can do so cleanly, and a second
//! signal ends it at once; everywhere else the first one does.

use std::error::Error;
use std::fmt::{Display, Formatter};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);
static CODE: AtomicU8 = AtomicU8::new(130);
static CLEANLY: AtomicBool = AtomicBool::new(false);

/// A time in which a signal asks and does not end. It lasts until this is dropped.
pub struct StopCleanly(());

impl Drop for StopCleanly {
    fn drop(&mut self) {
        CLEANLY.store(false, Ordering::Relaxed);
    }
}

/// From here on a signal asks a run to stop.
pub fn stop_cleanly() -> StopCleanly {
    CLEANLY.store(true, Ordering::Relaxed);
    StopCleanly(())
}

/// Whether a signal has asked.
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// The exit code of a program that the signal which has asked would have ended.
pub fn code() -> u8 {
    CODE.load(Ordering::Relaxed)
}

/// That a signal has ended a command that leaves nothing to go on with: where, and what is left.
#[derive(Debug)]
pub struct Stopped(pub String);

impl Display for Stopped {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "stopped by Ctrl-C {}", self.0)
    }
}

impl Error for Stopped {}

/// Answers a signal, which would end a program with this exit code.
fn answer(code: i32) {
    CODE.store(code as u8, Ordering::Relaxed);
    if !CLEANLY.load(Ordering::Relaxed) || ASKED.swap(true, Ordering::Relaxed) {
        std::process::exit(code);
    }
    super::console::to_stderr("stopping; press Ctrl-C again to end at once");
}

/// Takes over Ctrl-C and the requests of the system to end. That a terminal closes stays ignored where it is, as under
/// `nohup`.
#[cfg(unix)]
pub fn listen() -> anyhow::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let hang_up = (ignored() >> (SIGHUP - 1) & 1 == 0).then_some(SIGHUP);
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM].into_iter().chain(hang_up))?;
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || signals.forever().for_each(|signal| answer(128 + signal)))?;
    Ok(())
}

/// The signals that are ignored, a bit each, from the first; where the system does not say, none.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Takes Ctrl-C over.
#[cfg(not(unix))]
pub fn listen() -> anyhow::Result<()> {
    Ok(ctrlc::set_handler(|| answer(130))?)
}
