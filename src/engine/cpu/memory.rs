//! Checks that memory suffices before it is allocated: an allocation that fails ends the process.

use crate::error::{Error, Result};

/// Refuses workspaces that come to `bytes`, for so many steps and threads, where the machine has less memory.
pub(super) fn check(bytes: usize, steps: usize, threads: usize) -> Result<()> {
    let limit = available().unwrap_or(usize::MAX);
    let fits = bytes <= limit && Vec::<u8>::new().try_reserve_exact(bytes).is_ok();
    if fits {
        return Ok(());
    }
    Err(Error::Limit {
        what: format!("the tape of {steps} steps on {threads} threads"),
        needed: bytes as u64 >> 20,
        limit: limit.min(bytes.saturating_sub(1)) as u64 >> 20,
        unit: "MiB",
        adapter: "memory".into(),
        remedy: "take shorter sequences, fewer hidden units or fewer threads".into(),
    })
}

/// Bytes that are free, where the operating system tells.
fn available() -> Option<usize> {
    let table = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = table.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}
