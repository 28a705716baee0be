//! How tables are written, from the command line: marks, encodings, times and frequencies that people's files have.

use assert_cmd::Command;
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const SMALL: &str = "--device cpu --hidden 4 --epochs 1 --window 8 --horizon 4 --quiet";

/// `refrain` with these arguments, in `folder`.
fn refrain(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("refrain"));
    command.env_remove("XDG_RUNTIME_DIR").current_dir(folder).args(arguments.split_whitespace());
    command
}

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

/// What `train` on a table prints with `--json`: the table of errors in it depends on the values alone.
#[track_caller]
fn trained(folder: &Path, table: &str, more: &str) -> Value {
    let output = refrain(folder, &format!("train {table} {SMALL} --json {more}")).assert().success();
    serde_json::from_slice(&output.get_output().stdout).unwrap()
}

/// What a run that must fail says on stderr, one line of at most 500 characters.
#[track_caller]
fn refusal(folder: &Path, arguments: &str) -> String {
    let output = refrain(folder, arguments).assert().failure().stdout("").get_output().stderr.clone();
    let message = String::from_utf8(output).unwrap();
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(message.len() < 500, "{message}");
    message
}

/// The error of repeating the last value.
fn naive(document: &Value) -> f64 {
    document["test"]["methods"][1]["mae"].as_f64().unwrap()
}

/// Sales from 800 to 2200, some below and most above 1000.
fn sales(row: u32) -> u32 {
    (1500.0 + 700.0 * f64::from(row * row % 97).sin()) as u32
}

/// Hourly values of January 2024.
fn hours(rows: u32, delimiter: char, value: impl Fn(u32) -> String) -> String {
    let time = |row: u32| format!("2024-01-{:02} {:02}:00", 1 + row / 24, row % 24);
    let rows = (0..rows).map(|row| format!("{}{delimiter}{}\n", time(row), value(row)));
    format!("date{delimiter}y\n{}", rows.collect::<String>())
}

#[test]
fn a_number_is_the_same_however_its_thousands_are_parted() {
    let grouped = |row: u32, mark: &str| match sales(row) {
        small if small < 1000 => small.to_string(),
        large => format!("{}{mark}{:03}", large / 1000, large % 1000),
    };
    let table = |delimiter, mark: &'static str| {
        hours(40, delimiter, move |row| {
            let text = grouped(row, mark);
            if text.contains(delimiter) { format!("\"{text}\"") } else { text }
        })
    };
    assert!((0..40).any(|row| sales(row) < 1000), "some are below 1000");
    let plain = folder(&[("t.csv", table(',', "").as_bytes())]);
    let expected = naive(&trained(plain.path(), "t.csv", "--target y --val 4 --test 4"));
    for (delimiter, mark) in [(',', ","), (';', "."), (';', " "), ('\t', "'"), (';', "’"), (',', "\u{202f}")] {
        let folder = folder(&[("t.csv", table(delimiter, mark).as_bytes())]);
        let found = naive(&trained(folder.path(), "t.csv", "--target y --val 4 --test 4"));
        assert_eq!(found, expected, "{mark}");
    }
}

#[test]
fn numbers_that_can_be_read_in_two_ways_are_refused_and_what_is_said_stays_with_the_model() {
    let text = hours(40, ';', |row| format!("1.{:03}", 101 + row * 7 % 50));
    let later = hours(30, ';', |row| format!("1.{:03}", 101 + row * 7 % 50));
    let folder = folder(&[("t.csv", text.as_bytes()), ("later.csv", later.as_bytes())]);
    let here = folder.path();
    let message = refusal(here, &format!("train t.csv --target y {SMALL}"));
    assert!(
        message.starts_with("error: t.csv, row 2, column `y`: `1.101` may be 1101 or 1.101")
            && message.contains("--thousands . or --decimal ."),
        "{message}"
    );
    for (flags, expected) in [("--decimal .", 1.0..2.0), ("--thousands .", 1000.0..2000.0)] {
        trained(here, "t.csv", &format!("--target y --val 4 --test 4 {flags} --out m.safetensors"));
        let output = refrain(here, "forecast m.safetensors later.csv --device cpu --quiet").assert().success();
        let csv = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        let value: f64 = csv.lines().nth(1).unwrap().split(',').nth(1).unwrap().parse().unwrap();
        assert!(expected.contains(&value), "{flags}: {value}");
        refrain(here, "backtest m.safetensors t.csv --device cpu --quiet").assert().success();
    }
    // What is said now counts for more than what the model knows.
    let output = refrain(here, "forecast m.safetensors later.csv --device cpu --quiet --decimal .").assert().success();
    let csv = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(csv.lines().nth(1).unwrap().split(',').nth(1).unwrap().parse::<f64>().unwrap() < 100.0, "{csv}");
}

#[test]
fn a_decimal_comma_may_come_late() {
    let value = |row: u32, mark: &str| if row < 110 { "0".to_owned() } else { format!("{}{mark}{}", row % 9, row % 7) };
    let [comma, point] = [",", "."].map(|mark| hours(300, ';', |row| value(row, mark)));
    let folder = folder(&[("comma.csv", comma.as_bytes()), ("point.csv", point.as_bytes())]);
    let fill = "--target y";
    let [comma, point] = ["comma.csv", "point.csv"].map(|table| naive(&trained(folder.path(), table, fill)));
    assert_eq!(comma, point);
}

#[test]
fn encodings_and_excels_first_line_are_read() {
    let plain = hours(40, ';', |row| format!("{}.25", sales(row))).replace(";y\n", ";Größe\n");
    let utf16: Vec<u8> = "\u{feff}".encode_utf16().chain(plain.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let latin: Vec<u8> = plain.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect();
    let sep = format!("sep=;\r\n{}", plain.replace('\n', "\r\n"));
    let folder = folder(&[
        ("plain.csv", plain.as_bytes()),
        ("utf16.csv", &utf16),
        ("latin.csv", &latin),
        ("sep.csv", sep.as_bytes()),
    ]);
    let of = |table: &str| naive(&trained(folder.path(), table, "--target Größe --val 4 --test 4"));
    let expected = of("plain.csv");
    for table in ["utf16.csv", "latin.csv", "sep.csv"] {
        assert_eq!(of(table), expected, "{table}");
    }
    let mut train = refrain(folder.path(), &format!("train latin.csv --target Größe --val 4 --test 4 {SMALL}"));
    let output = String::from_utf8(train.assert().success().get_output().stderr.clone()).unwrap();
    assert!(output.contains("latin.csv: row 1 is not UTF-8: the table is read as Windows-1252"), "{output}");
    let message = refusal(folder.path(), &format!("train sep.csv --target none {SMALL}"));
    assert!(message.contains("did you mean") || message.contains("there are"), "{message}");
    fs::write(folder.path().join("bad.csv"), sep.replacen("\r\n2024-01-01 01:00;", "\r\n2024-01-01 01:00;x", 1))
        .unwrap();
    let message = refusal(folder.path(), &format!("train bad.csv --target Größe {SMALL}"));
    assert!(message.contains("bad.csv, row 4, column `Größe`"), "{message}");
}
