//! The files that a command writes: none of them is one that it reads, no two are the same, and all can be written,
//! which is found out before the work begins. What was trained is not lost where that turns out otherwise.

use anyhow::Context;
use refrain::Error;
use refrain::disk::{self, Identity};
use refrain::forecast::Sheet;
use std::fs::File;
use std::path::{Path, PathBuf};

/// A file of the command line: its flag, and its path.
pub type Named<'a> = (&'static str, &'a Path);

/// A file of a flag that may not have been given.
pub fn named<'a>(flag: &'static str, path: &'a Option<PathBuf>) -> Option<Named<'a>> {
    path.as_deref().map(|path| (flag, path))
}

/// Reads the path of a table that is to be written.
pub fn table_file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if is_parquet(&path) && cfg!(not(feature = "parquet")) {
        return Err("this build writes CSV alone: build with `--features parquet`, or take another ending".to_owned());
    }
    Ok(path)
}

/// What is to be written of a table: Parquet where the name ends so, else CSV.
#[cfg(feature = "parquet")]
pub fn table_bytes(path: &Path, sheet: &Sheet) -> Vec<u8> {
    if is_parquet(path) { sheet.to_parquet() } else { sheet.to_csv().into_bytes() }
}

/// What is to be written of a table: CSV.
#[cfg(not(feature = "parquet"))]
pub fn table_bytes(_: &Path, sheet: &Sheet) -> Vec<u8> {
    sheet.to_csv().into_bytes()
}

fn is_parquet(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"))
}

/// Refuses an output that is an input or another output, by what the file is and not by its name; then one that cannot
/// be written. `-` among the inputs is stdin.
pub fn check(inputs: &[Named<'_>], outputs: &[Named<'_>]) -> anyhow::Result<()> {
    check_apart(inputs, outputs)?;
    for &(flag, path) in outputs {
        disk::check_writable(path).context(flag)?;
    }
    Ok(())
}

/// Refuses an output that is an input or another output.
fn check_apart(inputs: &[Named<'_>], outputs: &[Named<'_>]) -> refrain::Result<()> {
    let input = |&(name, path): &Named<'_>| {
        let identity = if path == Path::new("-") { standard(Stream::In) } else { Identity::of(path) };
        Some((name, "reads", identity?))
    };
    let mut known: Vec<(&str, &str, Identity)> = inputs.iter().filter_map(input).collect();
    known.extend(standard(Stream::Out).map(|identity| ("stdout", "writes", identity)));
    for &(flag, path) in outputs {
        let Some(identity) = Identity::of(path) else { continue };
        if let Some((name, does, _)) = known.iter().find(|(_, _, known)| *known == identity) {
            let expected = format!("another file than {name}, which the command {does}");
            return Err(Error::config(flag, path.display(), expected));
        }
        known.push((flag, "writes too", identity));
    }
    Ok(())
}

/// Writes files, all or none, the first of which is what a run was for. Where that fails, this one is kept under
/// another name, which the error tells.
pub fn write(files: &[(&Path, &[u8])]) -> anyhow::Result<()> {
    let Err(error) = disk::write_whole(files) else { return Ok(()) };
    let Some(&(path, bytes)) = files.first() else { return Err(error.into()) };
    match disk::write_beside(path, bytes) {
        Ok(kept) => Err(error).context(format!("{} was kept as {}", path.display(), kept.display())),
        Err(_) => Err(error.into()),
    }
}

enum Stream {
    In,
    Out,
}

/// The file that a standard stream is redirected to or from.
#[cfg(unix)]
fn standard(stream: Stream) -> Option<Identity> {
    use std::os::fd::AsFd;
    let file = match stream {
        Stream::In => std::io::stdin().as_fd().try_clone_to_owned(),
        Stream::Out => std::io::stdout().as_fd().try_clone_to_owned(),
    };
    Identity::of_open(&File::from(file.ok()?))
}

#[cfg(not(unix))]
fn standard(_: Stream) -> Option<Identity> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn an_output_that_is_an_input_or_another_output_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let [data, a, same] = ["data", "a", "./a"].map(|name| folder.path().join(name));
        fs::write(&data, "1").unwrap();
        let refused = |outputs: &[Named<'_>]| check_apart(&[("DATA", &data)], outputs).unwrap_err().to_string();
        let message = refused(&[("--out", &data)]);
        assert!(message.ends_with("data, expected another file than DATA, which the command reads"), "{message}");
        let message = refused(&[("--out", &a), ("--plot", &same)]);
        assert!(message.ends_with("a, expected another file than --out, which the command writes too"), "{message}");
        check(&[("DATA", &data)], &[("--out", &a)]).unwrap();
        assert!(!a.exists());
    }

    #[test]
    fn what_was_trained_is_kept_where_another_file_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let [model, plot] = ["model", "plot"].map(|name| folder.path().join(name));
        fs::create_dir(&plot).unwrap();
        let message = format!("{:#}", write(&[(&model, b"weights"), (&plot, b"<svg/>")]).unwrap_err());
        assert!(message.contains("model was kept as ") && message.contains("plot: cannot write it"), "{message}");
        assert_eq!(fs::read(folder.path().join("1-model")).unwrap(), b"weights");
    }
}
