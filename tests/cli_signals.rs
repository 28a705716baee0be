//! Runs that are asked to stop, that are taken up, and that are made longer.
#![cfg(unix)]

use refrain::arrays::{Format, Named};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn start(folder: &Path, arguments: &str) -> Child {
    Command::new(assert_cmd::cargo::cargo_bin!("refrain"))
        .args(arguments.split_whitespace())
        .args(["--device", "cpu"])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn finish(folder: &Path, arguments: &str) -> (Option<i32>, String) {
    let output = start(folder, arguments).wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// A table of `rows` rows of two weeks' rhythm.
fn table(rows: usize) -> String {
    let rows: String = (0..rows).map(|t| format!("{}\n", t % 7 + t % 14 / 3)).collect();
    format!("y\n{rows}")
}

/// A folder with such a table.
fn folder(rows: usize) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("data.csv"), table(rows)).unwrap();
    folder
}

/// Starts a command, sends it a signal so long after a line that has these words, on stdout or on stderr, and tells its
/// exit code and what it has said.
fn signalled(
    folder: &Path,
    arguments: &str,
    signal: &str,
    (words, after): (&str, Duration),
) -> (Option<i32>, [String; 2]) {
    let mut run = start(folder, arguments);
    let (said, lines) = std::sync::mpsc::channel();
    let read = |place: usize, stream: Box<dyn Read + Send>| {
        let said = said.clone();
        std::thread::spawn(move || {
            BufReader::new(stream).lines().map(Result::unwrap).for_each(|line| said.send((place, line)).unwrap());
        });
    };
    read(0, Box::new(run.stdout.take().unwrap()));
    read(1, Box::new(run.stderr.take().unwrap()));
    drop(said);
    let (mut all, mut asked) = ([String::new(), String::new()], None);
    for (place, line) in lines {
        all[place] += &format!("{line}\n");
        if line.contains(words) && asked.is_none() {
            std::thread::sleep(after);
            asked = Some(Instant::now());
            assert!(Command::new("kill").args([signal, &run.id().to_string()]).status().unwrap().success());
        }
    }
    let code = run.wait().unwrap().code();
    let asked = asked.unwrap_or_else(|| panic!("`{words}` is missing in: {all:?}"));
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    (code, all)
}

fn names(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(name).collect();
    names.sort();
    names
}

#[test]
fn signals_end_a_run_within_an_epoch_and_leave_a_checkpoint() {
    let folder = folder(6000);
    let here = folder.path();
    // An epoch that takes minutes.
    let flags = "train data.csv --target y --model rows --budget 0 --hidden 128 --window 200 --horizon 7 --batch 64 --epochs 3 --checkpoint c";
    for signal in ["-INT", "-TERM", "-HUP"] {
        let resume = if here.join("c").exists() { "--resume c" } else { "" };
        let mut run = start(here, &format!("{flags} {resume} --out m.safetensors"));
        let mut lines = BufReader::new(run.stdout.take().unwrap()).lines().map(Result::unwrap);
        lines.find(|line| line.contains(" epochs, batch")).expect("it says what it is about to do");
        std::thread::sleep(Duration::from_millis(700));
        let asked = Instant::now();
        assert!(Command::new("kill").args([signal, &run.id().to_string()]).status().unwrap().success());
        lines.for_each(drop);
        let mut message = String::new();
        run.stderr.take().unwrap().read_to_string(&mut message).unwrap();
        assert_eq!(run.wait().unwrap().code(), Some(1), "{signal}: {message}");
        assert!(asked.elapsed() < Duration::from_secs(20), "{signal}: {:?}", asked.elapsed());
        assert!(message.contains("after epoch 0 of 3") && message.contains("--resume c"), "{message}");
        let checkpoint = fs::read(here.join("c")).unwrap();
        assert!(checkpoint.windows(9).any(|text| text == b"\\\"partial"), "{signal}");
    }
    assert_eq!(names(here), ["c", "data.csv"]);
}

#[test]
fn a_signal_ends_a_backtest_that_trains_again() {
    let folder = folder(12_000);
    let here = folder.path();
    fs::write(here.join("short.csv"), table(260)).unwrap();
    let network = "--model rows --hidden 128 --window 200 --horizon 7 --val 8 --test 7 --epochs 1 --budget 0";
    let (code, message) = finish(here, &format!("train short.csv --target y {network} --quiet --out m"));
    assert_eq!(code, Some(0), "{message}");
    // A training on as many rows takes minutes.
    let arguments = "backtest m data.csv --refit 2 --from last:60 --stride 10 --forecasts f.csv --plot p.svg";
    for (signal, expected) in [("-INT", 130), ("-TERM", 143)] {
        let moment = ("data.csv: 12000 rows", Duration::from_secs(4));
        let (code, [text, message]) = signalled(here, arguments, signal, moment);
        assert_eq!(code, Some(expected), "{signal}: {message}");
        let last = "error: stopped by Ctrl-C in training 1 of 2; nothing was written\n";
        assert!(message.ends_with(last) && !text.contains("MASE"), "{signal}: {text}{message}");
    }
    assert_eq!(names(here), ["data.csv", "m", "short.csv"]);
}

#[test]
fn a_signal_ends_a_benchmark_which_tells_what_is_finished() {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("tables")).unwrap();
    fs::write(here.join("tables/a.csv"), table(260)).unwrap();
    fs::write(here.join("tables/b.csv"), table(12_000)).unwrap();
    let flags = "--model rows --window 200 --horizon 7 --val 8 --test 20 --epochs 1 --budget 0 --out r.csv";
    for json in ["", "--json"] {
        let moment = ("tables/b.csv: 12000 rows", Duration::from_secs(2));
        let (code, [text, message]) = signalled(here, &format!("benchmark tables {flags} {json}"), "-INT", moment);
        assert_eq!(code, Some(130), "{message}");
        let last = "error: stopped by Ctrl-C at b.csv; finished of 2 tables: a.csv; nothing was written\n";
        assert!(message.ends_with(last), "{message}");
        let told = if json.is_empty() { &text } else { &message };
        assert!(told.contains("a.csv: 1 series, 1 target,") && !told.contains("Ranks"), "{text}{message}");
        assert!(json.is_empty() || text.is_empty(), "{text}");
    }
    assert_eq!(names(here), ["tables"]);
    assert_eq!(names(&here.join("tables")), ["a.csv", "b.csv"]);
}

#[test]
fn a_signal_ends_a_run_while_an_epoch_is_measured() {
    let folder = folder(12000);
    let here = folder.path();
    let rows = 30_000;
    let x = vec![0.5; rows * 200];
    let arrays = [
        Named { name: "x", shape: &[rows, 200, 1], values: &x },
        Named { name: "y", shape: &[rows, 1], values: &x[..rows] },
    ];
    fs::write(here.join("a.npz"), Format::Npz.write(&arrays)).unwrap();
    // A few steps an epoch, which then takes many seconds to be measured.
    let network = "--hidden 256 --epochs 3 --checkpoint c --out m";
    for (arguments, opening) in [
        ("train a.npz --val 29900".to_owned(), " to validate"),
        (
            "train data.csv --target y --budget 0 --window 200 --horizon 7 --val 11700 --test 0".to_owned(),
            " epochs, batch",
        ),
    ] {
        let mut run = start(here, &format!("{arguments} {network}"));
        let mut lines = BufReader::new(run.stdout.take().unwrap()).lines().map(Result::unwrap);
        lines.find(|line| line.contains(opening)).expect("it says what it is about to do");
        std::thread::sleep(Duration::from_secs(3));
        let asked = Instant::now();
        assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
        lines.for_each(drop);
        let mut message = String::new();
        run.stderr.take().unwrap().read_to_string(&mut message).unwrap();
        assert_eq!(run.wait().unwrap().code(), Some(1), "{message}");
        assert!(message.contains(" of 3") && message.contains("--resume c"), "{arguments}: {message}");
        assert!(asked.elapsed() < Duration::from_secs(5), "{arguments}: {:?}", asked.elapsed());
        fs::remove_file(here.join("c")).unwrap();
    }
}

#[test]
fn a_run_that_has_ended_can_be_made_longer_but_not_shorter() {
    let folder = folder(90);
    let here = folder.path();
    let flags = "train data.csv --target y --budget 0 --hidden 2 --quiet --checkpoint c";
    for more in ["--epochs 2 --out short", "--epochs 4 --resume c --out long"] {
        let (code, message) = finish(here, &format!("{flags} {more}"));
        assert_eq!(code, Some(0), "{message}");
    }
    assert_ne!(fs::read(here.join("short")).unwrap(), fs::read(here.join("long")).unwrap());
    let (code, message) = finish(here, &format!("{flags} --epochs 3 --resume c"));
    assert!(code == Some(1) && message.contains("c: it has come to epoch 4, beyond the 3 epochs"), "{message}");
    // Tapes that are made again add up gradients in another order.
    for (flag, key) in [("--lr 0.5", "optimizer"), ("--recompute 3", "recompute")] {
        let (code, message) = finish(here, &format!("{flags} --epochs 5 {flag} --resume c"));
        assert!(code == Some(1) && message.contains(&format!("another run: its `{key}`")), "{message}");
    }
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    let folder = folder(90);
    let here = folder.path();
    let flags = "train data.csv --target y --budget 0 --hidden 2 --epochs 2 --quiet";
    finish(here, &format!("{flags} --checkpoint c --out m"));
    for (file, arguments) in [("c", format!("{flags} --resume c")), ("m", "forecast m data.csv".to_owned())] {
        let mut bytes = fs::read(here.join(file)).unwrap();
        let last = bytes.len() - 4;
        bytes[last] ^= 1;
        fs::write(here.join(file), bytes).unwrap();
        let (code, message) = finish(here, &arguments);
        assert!(code == Some(1) && message.contains("it is damaged: its checksum"), "{message}");
    }
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next() {
    let folder = folder(90);
    let here = folder.path();
    fs::write(here.join(".refrain-aB3xY9"), "half a model").unwrap();
    finish(here, "train data.csv --target y --budget 0 --hidden 2 --epochs 1 --quiet --out m");
    assert!(here.join("m").exists() && !here.join(".refrain-aB3xY9").exists());
}
