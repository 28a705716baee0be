//! Ctrl-C. The first asks a run to stop where it can do so cleanly; the second ends it at once.

use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

/// The exit code of a program that Ctrl-C has ended: 128 and the number of the signal.
const ENDED: i32 = 130;

/// Takes Ctrl-C over.
pub fn listen() -> anyhow::Result<()> {
    let handler = || {
        if ASKED.swap(true, Ordering::Relaxed) {
            std::process::exit(ENDED);
        }
        eprintln!("stopping; press Ctrl-C again to end at once");
    };
    Ok(ctrlc::set_handler(handler)?)
}

/// Whether Ctrl-C was pressed.
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
