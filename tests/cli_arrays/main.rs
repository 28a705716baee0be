//! `refrain run` and `refrain train` on arrays, as a user runs them, in a temporary folder: what they compute, what
//! they write, and what they refuse.

mod refusals;
mod run;
mod training;

use assert_cmd::Command;
use refrain::arrays::{Arrays, Format, Named};
use refrain::model::{CellKind, Model, Spec, initial_parameters};
use std::fs;
use std::path::Path;

fn refrain(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("refrain"));
    command.env_remove("XDG_RUNTIME_DIR").current_dir(folder).args(arguments.split_whitespace());
    command
}

fn stdout(folder: &Path, arguments: &str) -> String {
    String::from_utf8(refrain(folder, arguments).assert().success().get_output().stdout.clone()).unwrap()
}

/// Refused with this code, in one line that says this.
#[track_caller]
fn refused(folder: &Path, arguments: &str, code: i32, expected: &str) {
    let run = refrain(folder, arguments).assert().stdout("");
    let message = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    assert_eq!(run.get_output().status.code(), Some(code), "{arguments}: {message}");
    assert!(message.starts_with("error: ") && message.contains(expected), "{arguments}: {message}, not {expected}");
    assert_eq!(message.lines().count(), 1, "{arguments}: {message}");
}

fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Numbers without a pattern, from -1 to 1.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|n| (1.7 * n as f32 + 0.3 * (n * n % 97) as f32).sin()).collect()
}

fn write(folder: &Path, file: &str, arrays: &[(&str, &[usize], &[f32])]) {
    let named: Vec<Named> = arrays.iter().map(|&(name, shape, values)| Named { name, shape, values }).collect();
    fs::write(folder.join(file), Format::of(file).unwrap().write(&named)).unwrap();
}

fn lstm() -> Model {
    let spec = Spec { layers: 2, bidirectional: true, ..Spec::new(CellKind::Lstm, 3, 5, 2) };
    Model::new(spec, initial_parameters(&spec, 4))
}

fn array(folder: &Path, file: &str, name: &str) -> (Vec<usize>, Vec<f32>) {
    let bytes = fs::read(folder.join(file)).unwrap();
    let arrays = Arrays::from_bytes(file, &bytes).unwrap();
    (arrays.require(name).unwrap().shape().to_vec(), arrays.f32(name).unwrap().values)
}
