//! A folder for results: found to be writable before the work begins, and made where there is something to write.

use super::outputs;
use anyhow::Context;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder that can be written, and that may have to be made for that.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Tries whether `files` could be written in the folder, and leaves nothing there: a run that is ended before it
    /// has written anything leaves no folder behind, however it ends.
    pub fn prepare(path: &Path, files: &[&str]) -> anyhow::Result<Self> {
        let folder = Folder { path: path.to_owned() };
        let _made = Made::of(path)?;
        let places: Vec<PathBuf> = files.iter().map(|file| folder.place(file)).collect();
        let written: Vec<_> = places.iter().map(|place| ("--out", place.as_path())).collect();
        outputs::check(&[], &written)?;
        Ok(folder)
    }

    /// Where a file of that name goes.
    pub fn place(&self, file: &str) -> PathBuf {
        self.path.join(file)
    }

    /// Writes files by name, all or none, in the folder, which is made where it is missing.
    pub fn write(&self, files: &[(&str, &[u8])]) -> anyhow::Result<()> {
        let mut made = Made::of(&self.path)?;
        let places: Vec<PathBuf> = files.iter().map(|(name, _)| self.place(name)).collect();
        let files: Vec<(&Path, &[u8])> =
            places.iter().zip(files).map(|(place, &(_, bytes))| (place.as_path(), bytes)).collect();
        outputs::write(&files).context("--out")?;
        made.0.clear();
        Ok(())
    }
}

/// Folders that were made, outermost first. They go again where nothing is written in them.
struct Made(Vec<PathBuf>);

impl Made {
    /// Makes a folder, and those around it that are missing.
    fn of(path: &Path) -> anyhow::Result<Self> {
        let mut missing: Vec<PathBuf> = path
            .ancestors()
            .take_while(|folder| *folder != Path::new("") && !folder.exists())
            .map(Path::to_owned)
            .collect();
        missing.reverse();
        let mut made = Made(Vec::new());
        for path in missing {
            fs::create_dir(&path).with_context(|| format!("--out: cannot make the folder {}", path.display()))?;
            made.0.push(path);
        }
        Ok(made)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for path in self.0.iter().rev() {
            // One that is no longer empty stays: what is in it is not ours.
            let _ = fs::remove_dir(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_when_it_is_written_and_one_that_stood_stays() {
        let home = tempfile::tempdir().unwrap();
        let deep = home.path().join("a/b/c");
        // Not while a run goes on either, which a signal may end at once.
        let folder = Folder::prepare(&deep, &["x"]).unwrap();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);

        fs::create_dir(home.path().join("a")).unwrap();
        Folder::prepare(&deep, &["x"]).unwrap();
        assert!(home.path().join("a").exists() && !home.path().join("a/b").exists());

        folder.write(&[("x", b"text")]).unwrap();
        assert_eq!(fs::read(deep.join("x")).unwrap(), b"text");
    }

    #[test]
    fn a_folder_that_cannot_be_is_refused_and_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [file.clone(), file.join("under"), file.join("under/it")] {
            let refused = format!("{:#}", Folder::prepare(&path, &["x"]).unwrap_err());
            assert!(refused.starts_with("--out: ") && refused.contains("file"), "{refused}");
        }
        let folder = home.path().join("new/folder");
        fs::create_dir_all(folder.join("x")).unwrap();
        assert!(Folder::prepare(&folder, &["x"]).is_err());
        assert!(folder.join("x").exists());
    }
}
