//! Tells the parameters of one network at one time from all others.

use std::sync::atomic::{AtomicU64, Ordering};

/// The mark of a network's parameters, until they change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp(u64);

impl Stamp {
    /// One that there never was before.
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Stamp(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}
