//! The files that commands write: which are refused before anything runs, and what stands there afterwards.

use assert_cmd::Command;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// `refrain` with these arguments on the CPU, in `folder`.
fn refrain(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("refrain"));
    command.env_remove("XDG_RUNTIME_DIR").current_dir(folder).args(arguments.split_whitespace());
    command.args(["--device", "cpu"]);
    command
}

/// What a run that must fail says on stderr, one short line.
#[track_caller]
fn refusal(folder: &Path, arguments: &str, code: i32) -> String {
    let output = refrain(folder, arguments).assert().code(code).stdout("").get_output().stderr.clone();
    let message = String::from_utf8(output).unwrap();
    assert!(message.lines().count() == 1 && message.len() < 500, "{message}");
    message
}

/// A folder with `data.csv`, a week seven times over.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let rows: String = (0..80).map(|t| format!("{}\n", t % 7)).collect();
    fs::write(folder.path().join("data.csv"), format!("y\n{rows}")).unwrap();
    folder
}

const TRAIN: &str = "train data.csv --target y --hidden 2 --epochs 1 --quiet";

#[cfg(unix)]
#[test]
fn an_output_that_is_an_input_or_another_output_is_refused_before_anything_runs() {
    use std::os::unix::fs::symlink;
    let folder = folder();
    let here = folder.path();
    refrain(here, &format!("{TRAIN} --out m.st")).assert().success();
    symlink("data.csv", here.join("soft.csv")).unwrap();
    fs::hard_link(here.join("data.csv"), here.join("hard.csv")).unwrap();
    fs::create_dir(here.join("sub")).unwrap();
    symlink("../x", here.join("sub/x")).unwrap();
    fs::create_dir(here.join("sine")).unwrap();
    symlink("metrics.json", here.join("sine/forecast.csv")).unwrap();
    let before = [fs::read(here.join("data.csv")).unwrap(), fs::read(here.join("m.st")).unwrap()];

    let forecast = "forecast m.st data.csv --quiet";
    let endless = "train data.csv --target y --epochs 1000000000 --quiet";
    for (arguments, expected) in [
        (format!("{forecast} --out data.csv"), "--out is data.csv, expected another file than DATA"),
        (format!("{forecast} --out sub/../data.csv"), "another file than DATA"),
        (format!("{forecast} --out soft.csv"), "another file than DATA"),
        (format!("{forecast} --out hard.csv"), "another file than DATA"),
        (format!("{forecast} --plot m.st"), "--plot"),
        (format!("{forecast} --out p.svg --plot ./p.svg"), "--plot is ./p.svg, expected another file than --out"),
        ("backtest m.st soft.csv --quiet --plot data.csv".to_owned(), "--plot"),
        (format!("{endless} --out x --plot x"), "--plot is x, expected another file than --out"),
        (format!("{endless} --out x --checkpoint sub/x"), "--checkpoint is sub/x, expected another file than --out"),
        (format!("{endless} --out data.csv"), "another file than DATA"),
        ("train data.csv --init m.st --epochs 1000000000 --out ./m.st".to_owned(), "another file than --init"),
        ("train-sine --epochs 1000000000 --out sine".to_owned(), "another file than --out"),
    ] {
        let message = refusal(here, &arguments, 2);
        assert!(message.contains(expected), "{arguments}: {message}");
    }
    assert_eq!(before, [fs::read(here.join("data.csv")).unwrap(), fs::read(here.join("m.st")).unwrap()]);

    // Stdin and stdout may be files too.
    let shell = |redirection: &str, arguments: &str| {
        let mut command = std::process::Command::new("sh");
        let program = assert_cmd::cargo::cargo_bin!("refrain").display().to_string();
        let output = command.current_dir(here).args(["-c", &format!("{program} {arguments} {redirection}")]).output();
        let output = output.unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, message) = shell("< data.csv", "train - --target y --epochs 1000000000 --device cpu --out data.csv");
    assert!(code == Some(2) && message.contains("another file than DATA"), "{message}");
    let (code, message) = shell("> o.csv", "forecast m.st data.csv --device cpu --out o.csv");
    assert!(code == Some(2) && message.contains("another file than stdout"), "{message}");
}

#[cfg(unix)]
#[test]
fn a_replaced_file_keeps_its_permissions_and_a_link_stays_one() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder();
    let here = folder.path();
    fs::write(here.join("kept"), "old").unwrap();
    fs::set_permissions(here.join("kept"), fs::Permissions::from_mode(0o600)).unwrap();
    symlink("kept", here.join("m.st")).unwrap();
    refrain(here, &format!("{TRAIN} --out m.st")).assert().success();
    assert!(here.join("m.st").is_symlink());
    assert_eq!(fs::metadata(here.join("kept")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::metadata(here.join("kept")).unwrap().len() > 100);
}

#[test]
fn a_run_may_go_on_keeping_itself_in_the_checkpoint_that_it_resumes() {
    let folder = folder();
    let here = folder.path();
    refrain(here, &format!("{TRAIN} --checkpoint c")).assert().success();
    refrain(here, &format!("{TRAIN} --checkpoint ./c --resume c --out m.st")).assert().success();
    let message = refusal(here, &format!("{TRAIN} --resume c --out c"), 2);
    assert!(message.contains("--out is c, expected another file than --resume"), "{message}");
}
