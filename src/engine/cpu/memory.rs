//! Checks that a network's workspaces fit memory before they are allocated.

use crate::error::Result;
use crate::memory;

/// Refuses workspaces that come to `bytes`, for so many steps and threads, where the machine has less memory.
pub(super) fn check(bytes: usize, steps: usize, threads: usize) -> Result<()> {
    let what = format!("the tape of {steps} steps on {threads} threads");
    memory::check(&what, bytes, "take shorter sequences, fewer hidden units or fewer threads")
}
