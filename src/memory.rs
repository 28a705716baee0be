//! Checks that memory suffices before it is allocated: an allocation that fails ends the process.

use crate::error::{Error, Result};

/// What is allocated without a look at what there is, which takes longer than reading a small table: 1 MiB.
const LITTLE: usize = 1 << 20;

/// Refuses `bytes` more for `what` where there is less memory, with `remedy`.
///
/// # Errors
/// [`Error::Limit`] with both numbers.
pub fn check(what: &str, bytes: usize, remedy: &str) -> Result<()> {
    if bytes < LITTLE {
        return Ok(());
    }
    let limit = available().unwrap_or(usize::MAX);
    let fits = bytes <= limit && Vec::<u8>::new().try_reserve_exact(bytes).is_ok();
    if fits {
        return Ok(());
    }
    Err(Error::Limit {
        what: what.to_owned(),
        needed: bytes as u64 >> 20,
        limit: limit.min(bytes.saturating_sub(1)) as u64 >> 20,
        unit: "MiB",
        adapter: "memory".into(),
        remedy: remedy.to_owned(),
    })
}

/// Bytes that may still be allocated, where the operating system tells: the least of what is free, what the control
/// group leaves, and what the limit of the address space (`ulimit -v`) leaves.
#[cfg(not(target_arch = "wasm32"))]
pub fn available() -> Option<usize> {
    [free(), control_group(), address_space()].into_iter().flatten().min()
}

/// A browser does not tell.
#[cfg(target_arch = "wasm32")]
pub fn available() -> Option<usize> {
    None
}

#[cfg(not(target_arch = "wasm32"))]
fn free() -> Option<usize> {
    let table = std::fs::read_to_string("/proc/meminfo").ok()?;
    kib(&table, "MemAvailable:")
}

/// What the groups of this process leave, version 2 of control groups or 1, its parents included.
#[cfg(not(target_arch = "wasm32"))]
fn control_group() -> Option<usize> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let roots = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        match (parts.next()?, parts.next()?) {
            ("", path) => Some(("/sys/fs/cgroup", path, ["memory.max", "memory.current"])),
            (kinds, path) if kinds.split(',').any(|kind| kind == "memory") => {
                Some(("/sys/fs/cgroup/memory", path, ["memory.limit_in_bytes", "memory.usage_in_bytes"]))
            }
            _ => None,
        }
    });
    let left = roots.flat_map(|(root, path, files)| {
        let path = std::path::Path::new(path.trim_start_matches('/'));
        path.ancestors().map(move |group| left_in(&std::path::Path::new(root).join(group), files)).collect::<Vec<_>>()
    });
    left.flatten().min()
}

#[cfg(not(target_arch = "wasm32"))]
fn left_in(group: &std::path::Path, [limit, used]: [&str; 2]) -> Option<usize> {
    let number = |file: &str| -> Option<usize> {
        std::fs::read_to_string(group.join(file)).ok()?.trim().parse().ok() // `max` is no number
    };
    // What caches files counts as used, and is given back when memory is asked for.
    let stat = std::fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let cached = |name: &str| {
        let value = stat.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok());
        value.unwrap_or(0_usize)
    };
    let cache = cached("inactive_file").max(cached("total_inactive_file"));
    Some(number(limit)?.saturating_sub(number(used)?.saturating_sub(cache)))
}

#[cfg(not(target_arch = "wasm32"))]
fn address_space() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit: usize = line.split_whitespace().next()?.parse().ok()?; // `unlimited` is no number
    let used = kib(&std::fs::read_to_string("/proc/self/status").ok()?, "VmSize:")?;
    Some(limit.saturating_sub(used))
}

/// The bytes of a line such as `VmSize:   123 kB`.
#[cfg(not(target_arch = "wasm32"))]
fn kib(table: &str, name: &str) -> Option<usize> {
    let line = table.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_there_is_is_refused_with_both_numbers() {
        check("nothing", 0, "take less").unwrap();
        let refused = check("the table", usize::MAX / 2, "take fewer rows").unwrap_err().to_string();
        assert!(refused.contains("the table") && refused.contains("take fewer rows"), "{refused}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_says_how_much_there_is() {
        assert!(available().is_some_and(|bytes| bytes > 1 << 20));
        assert_eq!(kib("VmPeak:\t 1 kB\nVmSize:\t  2 kB\n", "VmSize:"), Some(2048));
    }

    #[test]
    fn a_control_group_leaves_its_limit_less_what_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["memory.max", "memory.current"];
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("memory.max", "1000\n");
        write("memory.current", "700\n");
        assert_eq!(left_in(folder.path(), files), Some(300));
        write("memory.stat", "anon 5\ninactive_file 200\n");
        assert_eq!(left_in(folder.path(), files), Some(500));
        write("memory.max", "max\n");
        assert_eq!(left_in(folder.path(), files), None);
    }
}
