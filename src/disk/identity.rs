//! Which file a path means, whatever it is called.

use super::staged::{parent, resolved};
use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};

/// A file on disk. Two paths with equal identities mean the same file: through links, `..`, or another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// One that exists, by its device and its inode.
    #[cfg(unix)]
    Inode(u64, u64),
    /// One that does not exist yet, or of a system without inodes, by its canonical path.
    Path(PathBuf),
}

impl Identity {
    /// The file that `path` means; `None` where that is no regular file and could not become one.
    pub fn of(path: &Path) -> Option<Self> {
        match std::fs::metadata(path) {
            Ok(found) => Self::of_found(&found, || path.canonicalize().ok()),
            Err(_) => {
                let path = resolved(path).ok()?;
                Some(Identity::Path(parent(&path).canonicalize().ok()?.join(path.file_name()?)))
            }
        }
    }

    /// A file that is open; `None` where it is a terminal, a pipe or a device, or the system has no inodes.
    pub fn of_open(file: &File) -> Option<Self> {
        Self::of_found(&file.metadata().ok()?, || None)
    }

    fn of_found(found: &Metadata, path: impl FnOnce() -> Option<PathBuf>) -> Option<Self> {
        if !found.is_file() {
            return None;
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let _ = path;
            Some(Identity::Inode(found.dev(), found.ino()))
        }
        #[cfg(not(unix))]
        path().map(Identity::Path)
    }
}
