//! Temporary files that become others by one rename.

use std::fs::{File, Metadata, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// How the names of temporary files begin, and how many random characters follow.
const PREFIX: &str = ".refrain-";
const RANDOM: usize = 6;
/// Links that are followed to a file, as many as Linux follows.
const LINKS: usize = 40;

/// A file that is written, but not in its place. Its process holds a lock on it, which goes when the process does.
pub struct Staged {
    place: PathBuf,
    file: NamedTempFile,
    /// What stands in its place.
    replaced: Option<Metadata>,
}

impl Staged {
    /// Writes `bytes` beside the place that `path` means, and hands them to the disk.
    pub fn new(path: &Path, bytes: &[u8]) -> io::Result<Self> {
        let place = resolved(path)?;
        let replaced = place.metadata().ok();
        if let Some(replaced) = &replaced {
            if replaced.is_dir() {
                return Err(io::Error::other("a directory of that name is in the way"));
            }
            // A device or a pipe would be replaced by a file, where that is allowed.
            if !replaced.is_file() {
                return Err(io::Error::other("what stands there is no regular file"));
            }
        }
        let mut file = create(parent(&place))?;
        file.write_all(bytes)?;
        if let Some(replaced) = &replaced {
            file.as_file().set_permissions(replaced.permissions())?;
        }
        file.as_file().sync_all()?;
        Ok(Staged { place, file, replaced })
    }

    /// Renames it into its place, and says where that is.
    pub fn persist(self) -> io::Result<PathBuf> {
        let Staged { place, file, .. } = self;
        file.persist(&place).map_err(|error| error.error)?;
        Ok(place)
    }

    /// The folder of its place.
    pub fn folder(&self) -> &Path {
        parent(&self.place)
    }

    /// Finds out whether the rename would be refused: where what it replaces belongs to another user in a folder that
    /// lets only owners replace files, or can be changed by nobody.
    pub fn check_rename(&self) -> io::Result<()> {
        #[cfg(unix)]
        if let Some(replaced) = &self.replaced {
            use std::os::unix::fs::MetadataExt;
            const STICKY: u32 = 0o1000;
            const NOT_PERMITTED: i32 = 1;
            let (own, folder) = (self.file.as_file().metadata()?.uid(), parent(&self.place).metadata()?);
            if folder.mode() & STICKY != 0 && own != 0 && ![folder.uid(), replaced.uid()].contains(&own) {
                return Err(io::Error::other("another user's file, in a folder where only owners replace theirs"));
            }
            // Permission bits do not keep a file from being replaced; the attribute `immutable` does.
            let opened = File::options().append(true).open(&self.place);
            if opened.as_ref().err().and_then(io::Error::raw_os_error) == Some(NOT_PERMITTED) {
                return opened.map(drop);
            }
        }
        Ok(())
    }
}

/// A temporary file that this process has locked. One that [`remove_orphans`] has taken for abandoned, before it was
/// locked, is made again.
fn create(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).rand_bytes(RANDOM);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // less the umask, as for any other file
    loop {
        let file = builder.tempfile_in(folder)?;
        match file.as_file().try_lock() {
            Err(TryLockError::WouldBlock) => continue,
            // Not every file system has locks.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        if file.path().exists() {
            return Ok(file);
        }
    }
}

/// Removes the temporary files of processes that are gone.
pub fn remove_orphans(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let random = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).unwrap_or_default();
        let ours = random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !ours || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let Ok(file) = File::open(entry.path()) else { continue };
        if file.try_lock().is_ok() {
            // Another run may have been faster, and a folder may forbid it: neither matters to this one.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// The path that writing to `path` means: the end of its symbolic links, whether or not something stands there.
pub fn resolved(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        match path.read_link() {
            Ok(next) => path = parent(&path).join(next),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// The folder of a file.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}
