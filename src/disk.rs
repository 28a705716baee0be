//! Files on disk, written whole or not at all. Not there in a browser, which has none.

use crate::error::{Error, Result};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// Writes files, all of them or, as far as that can be known beforehand, none: every one is first written in full to a
/// temporary file beside its place and handed to the disk, then each is renamed into place. What stood there before
/// stays until then.
///
/// # Errors
/// [`Error::File`] with the file that cannot be written, and why.
pub fn write_whole(files: &[(&Path, &[u8])]) -> Result<()> {
    let staged = files.iter().map(|&(path, bytes)| stage(path, bytes).map_err(|error| refusal(path, &error)));
    for (file, (path, _)) in staged.collect::<Result<Vec<_>>>()?.into_iter().zip(files) {
        file.persist(path).map_err(|error| refusal(path, &error.error))?;
    }
    for directory in files.iter().map(|(path, _)| parent(path)) {
        // The files stand whether or not the directory can be synchronised, which not every file system allows.
        let _ = File::open(directory).and_then(|directory| directory.sync_all());
    }
    Ok(())
}

/// Checks that [`write_whole`] could write a file here; leaves nothing there.
///
/// # Errors
/// [`Error::File`] where it could not.
pub fn check_writable(path: &Path) -> Result<()> {
    stage(path, &[]).map(drop).map_err(|error| refusal(path, &error))
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

fn stage(path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    if path.is_dir() {
        return Err(io::Error::other("a directory of that name is in the way"));
    }
    // A device or a pipe would be replaced by a file, where that is allowed.
    if path.exists() && !path.is_file() {
        return Err(io::Error::other("what stands there is no regular file"));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".refrain-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // less the umask, as for any other file
    let mut file = builder.tempfile_in(parent(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn files_replace_what_stood_there_and_leave_nothing_beside_them() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
        fs::write(&a, "old").unwrap();
        write_whole(&[(&a, b"new"), (&b, b"second")]).unwrap();
        assert_eq!((fs::read(&a).unwrap(), read(&b).unwrap()), (b"new".to_vec(), b"second".to_vec()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_never_replaced_by_a_file() {
        let refused = check_writable(Path::new("/dev/null")).unwrap_err().to_string();
        assert_eq!(refused, "/dev/null: cannot write it: what stands there is no regular file");
    }

    #[cfg(unix)]
    #[test]
    fn a_written_file_has_the_permissions_of_any_other() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let [ours, usual] = ["ours", "usual"].map(|name| folder.path().join(name));
        write_whole(&[(&ours, b"x")]).unwrap();
        fs::write(&usual, "x").unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&usual));
    }

    #[test]
    fn one_place_that_cannot_be_written_leaves_all_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
        fs::write(&a, "old").unwrap();
        fs::create_dir(&b).unwrap();
        let refused = write_whole(&[(&a, b"new"), (&b, b"second")]).unwrap_err().to_string();
        assert!(refused.contains("b: cannot write it: a directory"), "{refused}");
        assert_eq!(fs::read(&a).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn refusals_name_the_file_and_the_systems_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let under = check_writable(&file.join("x")).unwrap_err().to_string();
        assert!(under.starts_with(&file.join("x").display().to_string()) && !under.contains(".refrain-"), "{under}");
        let missing = read(&folder.path().join("none")).unwrap_err().to_string();
        assert!(missing.contains("none: cannot read it: No such file"), "{missing}");
        let folder = read(folder.path()).unwrap_err().to_string();
        assert!(folder.contains("not a regular file"), "{folder}");
    }
}
