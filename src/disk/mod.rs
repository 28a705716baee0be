//! Files on disk, written whole or not at all. Not there in a browser, which has none.

mod identity;
mod staged;
#[cfg(test)]
mod tests;

pub use identity::Identity;

use crate::error::{Error, Result};
use staged::{Staged, parent};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Bytes that a check writes to find a disk that is full.
const PROBE: usize = 64 << 10;
/// Names that are tried beside a file's own where that cannot be written.
const SIBLINGS: usize = 100;

/// Writes files, all of them or, as far as that can be known beforehand, none: every one is first written in full to a
/// temporary file beside its place and handed to the disk, then each is renamed into place. What stood there before
/// stays until then, and its permissions stay. A symbolic link is followed.
///
/// # Errors
/// [`Error::File`] with the file that cannot be written, and why.
pub fn write_whole(files: &[(&Path, &[u8])]) -> Result<()> {
    let staged = files.iter().map(|&(path, bytes)| Staged::new(path, bytes).map_err(|error| refusal(path, &error)));
    let mut places = Vec::new();
    for (file, (path, _)) in staged.collect::<Result<Vec<_>>>()?.into_iter().zip(files) {
        places.push(file.persist().map_err(|error| refusal(path, &error))?);
    }
    for place in &places {
        // The files stand whether or not the directory can be synchronised, which not every file system allows.
        let _ = File::open(parent(place)).and_then(|directory| directory.sync_all());
    }
    Ok(())
}

/// Writes a file beside `path`, or else in the folder for temporary files, under a name that is free: for work that
/// must not be lost where `path` itself cannot be written.
///
/// # Errors
/// [`Error::File`] where no place takes it.
pub fn write_beside(path: &Path, bytes: &[u8]) -> Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = std::env::temp_dir();
    let mut refused = None;
    for folder in [parent(path), &temporary] {
        let names = (1..SIBLINGS).map(|n| folder.join(format!("{n}-{name}")));
        let Some(free) = { names }.find(|place| place.symlink_metadata().is_err()) else { continue };
        match write_whole(&[(&free, bytes)]) {
            Ok(()) => return Ok(free),
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or_else(|| refusal(path, &io::Error::other("no name beside it is free"))))
}

/// Checks that [`write_whole`] could write a file here; leaves nothing there, and removes what runs that were killed
/// have left in the folder.
///
/// # Errors
/// [`Error::File`] where it could not.
pub fn check_writable(path: &Path) -> Result<()> {
    let checked = Staged::new(path, &[0xa5; PROBE]).and_then(|staged| {
        staged.check_rename()?;
        staged::remove_orphans(staged.folder());
        Ok(())
    });
    checked.map_err(|error| refusal(path, &error))
}

/// The contents of a regular file.
///
/// # Errors
/// [`Error::File`] where the file cannot be read, or is a device or a pipe, which may never end.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let refused = |error| refusal_to("read", path, &error);
    if !std::fs::metadata(path).map_err(refused)?.is_file() {
        return Err(refused(io::Error::other("not a regular file")));
    }
    std::fs::read(path).map_err(refused)
}

/// Opens a file, or a pipe, to be read from its beginning.
///
/// # Errors
/// [`Error::File`] where it cannot be opened.
pub fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|error| refusal_to("read", path, &error))
}

fn refusal(path: &Path, error: &io::Error) -> Error {
    refusal_to("write", path, error)
}

/// The error of a failed access. Where `tempfile` has added a path to the system's reason, which would name a file that
/// the user never sees, the kind of error must do.
fn refusal_to(verb: &str, path: &Path, error: &io::Error) -> Error {
    let reason = match (error.raw_os_error(), error.kind()) {
        (Some(_), _) | (None, io::ErrorKind::Other) => error.to_string(),
        (None, kind) => kind.to_string(),
    };
    Error::File { path: path.display().to_string(), message: format!("cannot {verb} it: {reason}") }
}
