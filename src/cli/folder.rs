//! A folder for results: found to be writable before the work begins, and taken back where the work comes to nothing.

use super::outputs;
use anyhow::Context;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder that exists and can be written. Where it was made for this run, and nothing is written after all, it goes
/// again.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// The folders made for this run, outermost first.
    made: Vec<PathBuf>,
}

impl Folder {
    /// Makes the folder where it is missing, and tries whether `files` could be written in it.
    pub fn prepare(path: &Path, files: &[&str]) -> anyhow::Result<Self> {
        let mut missing: Vec<PathBuf> = path
            .ancestors()
            .take_while(|folder| *folder != Path::new("") && !folder.exists())
            .map(Path::to_owned)
            .collect();
        missing.reverse();
        let mut folder = Folder { path: path.to_owned(), made: Vec::new() };
        for path in missing {
            fs::create_dir(&path).with_context(|| format!("--out: cannot make the folder {}", path.display()))?;
            folder.made.push(path);
        }
        let places: Vec<PathBuf> = files.iter().map(|file| folder.place(file)).collect();
        let written: Vec<_> = places.iter().map(|place| ("--out", place.as_path())).collect();
        outputs::check(&[], &written)?;
        Ok(folder)
    }

    /// Where a file of that name goes.
    pub fn place(&self, file: &str) -> PathBuf {
        self.path.join(file)
    }

    /// Writes files by name, all or none; the folder then stays.
    pub fn write(mut self, files: &[(&str, &[u8])]) -> anyhow::Result<()> {
        let places: Vec<PathBuf> = files.iter().map(|(name, _)| self.place(name)).collect();
        let files: Vec<(&Path, &[u8])> =
            places.iter().zip(files).map(|(place, &(_, bytes))| (place.as_path(), bytes)).collect();
        outputs::write(&files).context("--out")?;
        self.made.clear();
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        for path in self.made.iter().rev() {
            // One that is no longer empty stays: what is in it is not ours.
            let _ = fs::remove_dir(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_made_for_nothing_goes_again_and_one_that_stood_stays() {
        let home = tempfile::tempdir().unwrap();
        let deep = home.path().join("a/b/c");
        drop(Folder::prepare(&deep, &["x"]).unwrap());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);

        fs::create_dir(home.path().join("a")).unwrap();
        drop(Folder::prepare(&deep, &["x"]).unwrap());
        assert!(home.path().join("a").exists() && !home.path().join("a/b").exists());

        Folder::prepare(&deep, &["x"]).unwrap().write(&[("x", b"text")]).unwrap();
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
