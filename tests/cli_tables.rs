//! How tables are written, from the command line: marks, encodings, times and frequencies that people's files have.

use assert_cmd::Command;
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const SMALL: &str = "--device cpu --budget 0 --hidden 4 --epochs 1 --window 8 --horizon 4 --quiet";

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

#[test]
fn a_table_of_another_step_is_refused_whatever_its_times_are() {
    let table = |step: u64| {
        let rows = (0..60).map(|row: u64| format!("{},{}\n", 1_700_000_000 + row * step, sales(row as u32)));
        format!("timestamp,y\n{}", rows.collect::<String>())
    };
    let index = |step: u32| {
        let rows = (0..60).map(|row| format!("{},{}\n", row * step, sales(row)));
        format!("t,y\n{}", rows.collect::<String>())
    };
    let hours = table(3600);
    for (first, other) in [(&hours, table(60)), (&hours, table(86400)), (&index(5), index(1))] {
        let folder = folder(&[("a.csv", first.as_bytes()), ("b.csv", other.as_bytes())]);
        let here = folder.path();
        trained(here, "a.csv", "--target y --out m.safetensors");
        for command in
            ["forecast m.safetensors b.csv", "backtest m.safetensors b.csv", "train b.csv --init m.safetensors"]
        {
            let message = refusal(here, &format!("{command} --device cpu --quiet"));
            assert!(message.contains("b.csv: its frequency is ") && message.contains("the model's"), "{message}");
        }
        refrain(here, "forecast m.safetensors a.csv --device cpu --quiet").assert().success();
    }
}

#[test]
fn forecasts_are_written_as_the_table_writes_its_times_and_models_keep_the_format() {
    let row = |day: u32| format!("{},{:02}/{:02}/2023\n", sales(day), 1 + day % 28, 1 + day / 28);
    let january: String = (0..28).rev().map(row).collect();
    let few: String = (0..10).map(row).collect();
    let text = |rows: &str| format!("y,Fecha\n{rows}");
    let folder = folder(&[("t.csv", text(&january).as_bytes()), ("few.csv", text(&few).as_bytes())]);
    let here = folder.path();
    let train = format!("train t.csv --target y {SMALL} --val 4 --test 4 --out m.safetensors");
    let output = refrain(here, &train).assert().success().get_output().stderr.clone();
    assert!(String::from_utf8(output).unwrap().contains("t.csv: the newest row comes first"));
    let csv = |table: &str| {
        let output = refrain(here, &format!("forecast m.safetensors {table} --device cpu --quiet")).assert().success();
        String::from_utf8(output.get_output().stdout.clone()).unwrap()
    };
    assert!(csv("t.csv").lines().nth(1).unwrap().starts_with("29/01/2023,"));
    // Ten days alone could be months.
    assert!(refusal(here, &format!("train few.csv --target y {SMALL}")).contains("--time-format '%d/%m/%Y'"));
    assert!(csv("few.csv").lines().nth(1).unwrap().starts_with("11/01/2023,"));
}

#[test]
fn models_keep_that_rows_are_counted_and_that_times_are_numbers() {
    let rows: String = (0..28).map(|row| format!("{},{}\n", 20_240_101 + row, sales(row))).collect();
    let folder = folder(&[
        ("dates.csv", hours(40, ',', |row| sales(row).to_string()).as_bytes()),
        ("numbers.csv", format!("date,y\n{rows}").as_bytes()),
    ]);
    let here = folder.path();
    for (table, flags, first) in [
        ("dates.csv", "--time none", "time,y,40,"),
        ("dates.csv", "--time none --val 4 --test 4", "time,y,40,"),
        ("numbers.csv", "--time-format number --val 4 --test 4", "time,y,20240129,"),
        ("numbers.csv", "--time date --time-format number --val 4 --test 4", "date,y,20240129,"),
    ] {
        trained(here, table, &format!("--target y {flags} --out m.safetensors"));
        let run = format!("forecast m.safetensors {table} --level 0 --device cpu --quiet");
        let output = refrain(here, &run).assert().success().get_output().stdout.clone();
        let csv = String::from_utf8(output).unwrap().replacen('\n', ",", 1);
        assert!(csv.starts_with(first), "{flags}: {csv}");
        refrain(here, &format!("backtest m.safetensors {table} --device cpu --quiet")).assert().success();
        let again = format!("train {table} --init m.safetensors --epochs 1 --val 4 --test 4 --device cpu --quiet");
        refrain(here, &again).assert().success();
    }
}

#[test]
fn a_backtest_begins_at_a_date_that_is_written_as_a_number() {
    let rows: String = (0..31).map(|day| format!("{},{}\n", 20_240_101 + day, sales(day))).collect();
    let folder = folder(&[("t.csv", format!("date,y\n{rows}").as_bytes())]);
    let here = folder.path();
    trained(here, "t.csv", "--target y --val 4 --test 4 --out m.safetensors");
    let windows = |flags: &str| {
        let run = format!("backtest m.safetensors t.csv --device cpu --quiet --json {flags}");
        let output = refrain(here, &run).assert().success().get_output().stdout.clone();
        serde_json::from_slice::<Value>(&output).unwrap()["windows"].as_u64().unwrap()
    };
    assert_eq!(windows("--from 20240120"), windows("--from 19"));
    assert_eq!(windows("--from 10 --to 20240120"), windows("--from 10 --to 19"));
    assert_eq!(windows("--from 10 --to 20250120"), windows("--from 10"));
}

#[test]
fn names_may_be_numbers_or_have_commas_and_all_can_leave_some_out() {
    let rows: String = (0..40).map(|row| format!("{row},{},{},x\n", sales(row), sales(row + 7))).collect();
    let folder = folder(&[
        ("numbers.csv", format!("t,0,1,OT\n{rows}").as_bytes()),
        ("commas.csv", format!("t,\"a, b\",c,d\n{rows}").as_bytes()),
        ("none.csv", rows.as_bytes()),
    ]);
    let here = folder.path();
    let targets = |table: &str, flags: &[&str]| {
        let mut command = refrain(here, &format!("train {table} {SMALL} --json"));
        let output = command.args(flags).assert().success().get_output().stdout.clone();
        serde_json::from_slice::<Value>(&output).unwrap()["plan"]["targets"].clone()
    };
    assert_eq!(targets("numbers.csv", &["--target", "1"]), serde_json::json!(["1"]));
    assert_eq!(targets("numbers.csv", &["--target", "all", "--except", "OT"]), serde_json::json!(["0", "1"]));
    assert_eq!(targets("commas.csv", &["--target", "\"a, b\",c"]), serde_json::json!(["a, b", "c"]));
    assert_eq!(targets("commas.csv", &["--target", "\"a, b\"", "--target", "c"]), serde_json::json!(["a, b", "c"]));
    let message = refusal(here, &format!("train none.csv --target sold {SMALL}"));
    assert!(message.contains("was read as values") && message.contains("--header"), "{message}");
    assert!(refusal(here, &format!("train commas.csv --target c --except d {SMALL}")).contains("--except"));
}

#[test]
fn series_of_unequal_length_are_refused_or_said_by_their_name() {
    let rows = |id: &str, count: u32| -> String {
        (0..count).map(|row| format!("{id},2024-01-{:02} {:02}:00,{}\n", 1 + row / 24, row % 24, sales(row))).collect()
    };
    let text = ["id,time,y\n".to_owned(), rows("a", 300), rows("b", 9), rows("c", 300)].concat();
    let folder = folder(&[("t.csv", text.as_bytes())]);
    let flags = "train t.csv --id id --target y --device cpu --epochs 1 --hidden 4 --quiet";
    let message = refusal(folder.path(), &format!("{flags} --test 2024-01-12"));
    assert!(message.contains("series `b`: it ends at 2024-01-01 08:00, before --test 2024-01-12"), "{message}");
    let output = refrain(folder.path(), flags).assert().success().get_output().stderr.clone();
    let said = String::from_utf8(output).unwrap();
    assert!(said.contains("series `b`: 9 rows, where others have 300: this makes the horizon 1"), "{said}");
}

#[test]
fn a_hundred_thousand_columns_take_seconds() {
    let columns = 100_000;
    let names: Vec<String> = (0..columns).map(|column| format!("c{column}")).collect();
    let row = vec!["1"; columns].join(",");
    let folder = folder(&[("t.csv", format!("{}\n{row}\n{row}\n", names.join(",")).as_bytes())]);
    let start = std::time::Instant::now();
    let message = refusal(folder.path(), &format!("train t.csv --target c1 {SMALL}"));
    assert!(message.contains("expected at most 2, those that are left"), "{message}");
    let all = "--target all --channels independent --val 0 --test 0 --window 1 --horizon 1 --device cpu --quiet";
    let message = refusal(folder.path(), &format!("train t.csv {all}"));
    assert!(message.contains("column `c0` is 1 in every training row"), "{message}");
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
}
