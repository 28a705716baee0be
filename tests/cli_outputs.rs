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

/// Whether text leaves a terminal as it was: it has no control characters but ends of lines, and turns no line around.
fn is_harmless(text: &str) -> bool {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !text.chars().any(|c| turns(c) || c.is_control() && c != '\n')
}

#[test]
fn names_out_of_files_and_arguments_reach_no_terminal_as_they_are() {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    let long = "x".repeat(20_000);
    let bad = format!("\u{1b}[2J\u{1b}]0;t\u{7}\u{9b}31m\u{202e}<b>&\r\u{7f}{long}");
    let rows: String = (0..80).map(|t| format!("{},{}\n", t % 5, (t + 1) % 5)).collect();
    fs::write(here.join("e.csv"), format!("z,\"{bad}\"\n{rows}")).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = refrain(here, "");
        // `refrain` puts the device last; it belongs behind the subcommand.
        command = Command::new(command.get_program());
        let output = command.current_dir(here).args(arguments).args(["--device", "cpu"]).output().unwrap();
        let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code().unwrap(), out, err)
    };
    let train = ["train", "e.csv", "--target", "all", "--hidden", "2", "--epochs", "1"];
    let (code, out, err) = run(&[&train[..], &["--out", "m.st"]].concat());
    assert!(code == 0 && is_harmless(&out) && is_harmless(&err) && out.contains("\\u{1b}[2J"), "{out:.2000}{err}");
    let (code, out, _) = run(&[&train[..], &["--json", "--quiet"]].concat());
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(code == 0 && is_harmless(&out) && document["plan"]["targets"][1].as_str().unwrap().starts_with("\u{1b}"));
    for arguments in [
        vec!["forecast", "m.st", "e.csv", "--plot", "p.svg", "--out", "o.csv", "--chart", "always"],
        vec!["backtest", "m.st", "e.csv", "--plot", "b.svg"],
    ] {
        let (code, out, err) = run(&arguments);
        assert!(code == 0 && is_harmless(&out) && is_harmless(&err), "{err}");
        let svg = fs::read_to_string(here.join(arguments[4])).unwrap();
        assert!(is_harmless(&svg) && svg.contains("&lt;b&gt;&amp;") && !svg.contains("<b>"), "{svg:.3000}");
    }
    let escape = bad.as_str();
    for arguments in [
        vec!["train", "e.csv"],
        vec!["train", "e.csv", "--target", &bad[..400]],
        vec!["train", "e.csv", "--target", escape, "--past", escape],
        vec!["forecast", "\u{1b}[31m", "e.csv"],
        vec!["run", "\u{202e}", "e.csv", "--out", "\u{9b}.npz"],
        vec!["train", "e.csv", "--cell", escape],
        vec!["\u{1b}[2J"],
        vec!["train", "e.csv", "--target", "z", "--out", "\u{1b}c/m"],
    ] {
        let (code, out, err) = run(&arguments);
        assert!(code > 0 && is_harmless(&out) && is_harmless(&err) && err.len() < 500, "{arguments:.500?}: {err:?}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
}

#[test]
fn every_finite_series_has_a_picture() {
    let folder = folder();
    let here = folder.path();
    refrain(here, &format!("{TRAIN} --out m.st --plot l.svg")).assert().success();
    let losses = fs::read_to_string(here.join("l.svg")).unwrap();
    assert!(losses.matches("<circle").count() >= 1 && losses.contains("prefers-color-scheme"), "{losses}");
    for value in ["3e38", "-3e38", "0", "1e-38", "1700000000"] {
        fs::write(here.join("in.csv"), format!("y\n{}", format!("{value}\n").repeat(40))).unwrap();
        let _ = fs::remove_file(here.join("p.svg"));
        let mut command = refrain(here, "forecast m.st in.csv --chart always --plot p.svg --out o.csv");
        let output = command.timeout(std::time::Duration::from_secs(20)).output().unwrap();
        assert!(output.status.success(), "{value}: {}", String::from_utf8_lossy(&output.stderr));
        let svg = fs::read_to_string(here.join("p.svg")).unwrap();
        assert!(svg.contains("Forecast of y, ") && svg.contains("gru with 1 x 2 hidden units"), "{svg}");
        assert!(svg.contains("<polyline class=\"known\"") && svg.contains("<polyline class=\"forecast\""), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{value}: {svg}");
    }
    for name in ["x.png", "x.html"] {
        for command in ["forecast m.st data.csv", "backtest m.st data.csv", TRAIN] {
            let message = refusal(here, &format!("{command} --plot {name}"), 2);
            assert!(message.contains(name) && message.contains("ends in .svg"), "{message}");
        }
    }
}

#[test]
fn a_task_without_targets_is_told_which_columns_there_are() {
    let folder = TempDir::new().unwrap();
    let rows: String = (0..30).map(|day| format!("2024-01-{:02},{day},1\n", day + 1)).collect();
    fs::write(folder.path().join("t.csv"), format!("day,sales,price\n{rows}")).unwrap();
    let message = refusal(folder.path(), "train t.csv", 2);
    assert!(
        message
            .contains("--target is not given, expected the columns to forecast, or all; t.csv has day, sales, price"),
        "{message}"
    );
    // Nor do the rows have to be sound: names, missing values, and a future without targets.
    let rows: String = (0..30).map(|day| format!("2024-01-{:02},{},,x\n", day + 1, 30 - day)).collect();
    fs::write(folder.path().join("t.csv"), format!("day,sales,price,shop\n{rows}2024-02-01,,5,x\n")).unwrap();
    let message = refusal(folder.path(), "train t.csv --time day", 2);
    assert!(message.contains("or all; t.csv has sales, price, shop"), "{message}");
    let names: Vec<String> = (0..2000).map(|n| format!("column-{n}")).collect();
    let rows = format!("{}\n", vec!["1"; 2000].join(",")).repeat(30);
    fs::write(folder.path().join("t.csv"), format!("{}\n{rows}", names.join(","))).unwrap();
    let message = refusal(folder.path(), "train t.csv", 2);
    assert!(message.contains("column-0, column-1") && message.contains(" more"), "{message}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_a_stream_is_an_error_or_silence() {
    let folder = folder();
    let program = assert_cmd::cargo::cargo_bin!("refrain").display().to_string();
    let shell = |text: &str| {
        let text = text.replace("refrain", &program);
        let mut command = std::process::Command::new("sh");
        command.current_dir(folder.path()).args(["-c", &text]).output().unwrap()
    };
    let train = TRAIN.replace(" --quiet", " --device cpu");
    for (redirection, code) in [("2>/dev/full", 0), (">/dev/full", 1), ("--json >/dev/full", 1), ("2>&-", 0)] {
        let output = shell(&format!("refrain {train} --out m.st {redirection}"));
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{redirection}: {message}");
        assert!(!message.contains("panicked"), "{message}");
    }
    for refused in ["refrain train none.csv --target y 2>/dev/full", "refrain nonsense 2>/dev/full"] {
        assert!(matches!(shell(refused).status.code(), Some(1 | 2)), "{refused}");
    }
}
