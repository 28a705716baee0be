//! Tables on the command line as a user has them, in a temporary folder.

use assert_cmd::Command;
use pollster::block_on;
use refrain::engine::Device;
use refrain::forecast::sample::demand;
use refrain::forecast::table::{ReadOptions, Table};
use refrain::forecast::{Forecaster, Recipe, Task};
use refrain::loss::Loss;
use refrain::model::{Model, Segments};
use refrain::optim::Optimizer;
use refrain::train::Next;
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// `refrain` with these arguments, in `folder`.
fn refrain(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("refrain"));
    command.env_remove("XDG_RUNTIME_DIR").current_dir(folder).args(arguments.split_whitespace());
    command
}

fn stdout(mut command: Command) -> String {
    String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap()
}

/// What a run that must fail says on stderr, one line.
#[track_caller]
fn refusal(folder: &Path, arguments: &str, code: i32) -> String {
    let output = refrain(folder, arguments).assert().code(code).stdout("").get_output().stderr.clone();
    let message = String::from_utf8(output).unwrap();
    assert_eq!(message.lines().count(), 1, "{message}");
    message
}

fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const SMALL: &str = "--device cpu --budget 0 --hidden 8 --epochs 4 --window 24 --horizon 12 --quiet";

fn folder(text: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("data.csv"), text).unwrap();
    folder
}

#[test]
fn a_table_becomes_a_model_a_forecast_and_a_backtest() {
    let folder = folder(&demand(1, 500, 12));
    let here = folder.path();
    let flags = "--target demand --future temperature --calendar hour,weekday";
    let printed =
        stdout(refrain(here, &format!("train data.csv {flags} {SMALL} --json --out m.safetensors --plot l.svg")));
    let document: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(document["rows"], serde_json::json!([400, 50, 50]));
    assert_eq!(document["plan"]["window"], 24);
    assert_eq!(document["test"]["methods"].as_array().unwrap().len(), 4);
    assert_eq!(entries(here), ["data.csv", "l.svg", "m.safetensors"]);

    let csv = stdout(refrain(here, "forecast m.safetensors data.csv --device cpu --plot f.svg"));
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!((lines[0], lines.len()), ("time,demand,demand_0.05,demand_0.95", 13));
    let last = demand(1, 500, 12).lines().last().unwrap().split(',').next().unwrap().to_owned();
    assert!(lines[12].starts_with(&last), "{}", lines[12]);
    for line in &lines[1..] {
        let values: Vec<f64> = line.split(',').skip(1).map(|value| value.parse().unwrap()).collect();
        assert!(values[1] < values[0] && values[0] < values[2], "{line}");
    }
    refrain(here, "forecast m.safetensors data.csv --device cpu --quiet --out f.csv").assert().success().stdout("");
    assert_eq!(fs::read_to_string(here.join("f.csv")).unwrap(), csv);
    let json: Value =
        serde_json::from_str(&stdout(refrain(here, "forecast m.safetensors data.csv --device cpu --json --level 0")))
            .unwrap();
    assert_eq!(
        (json["series"][0]["values"].as_array().unwrap().len(), &json["levels"]),
        (12, &serde_json::json!([null]))
    );

    let text = stdout(refrain(here, "backtest m.safetensors data.csv --device cpu --stride 3 --plot b.svg"));
    for words in
        ["MASE", "repeat the last value", "repeat the season (24)", "mean so far", "step 12", "Intervals meant"]
    {
        assert!(text.contains(words), "`{words}` is missing in:\n{text}");
    }
    let json: Value =
        serde_json::from_str(&stdout(refrain(here, "backtest m.safetensors data.csv --device cpu --json --season 7")))
            .unwrap();
    assert_eq!((&json["season"], json["methods"][0]["steps"].as_array().unwrap().len()), (&7.into(), 12));
    for picture in ["l.svg", "f.svg", "b.svg"] {
        let svg = fs::read_to_string(here.join(picture)).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>") && !svg.contains("NaN"), "{picture}");
    }
}

#[test]
fn the_same_seed_gives_the_same_file_and_training_goes_on_from_it() {
    let folder = folder(&demand(2, 300, 0));
    let here = folder.path();
    let train = |more: &str| {
        refrain(here, &format!("train data.csv --device cpu --epochs 2 --quiet {more}")).assert().success()
    };
    let first = "--target demand --hidden 8 --window 12 --horizon 6";
    train(&format!("{first} --out a.safetensors"));
    train(&format!("{first} --out b.safetensors"));
    train(&format!("{first} --out c.safetensors --seed 1"));
    let file = |name: &str| fs::read(here.join(name)).unwrap();
    assert_eq!(file("a.safetensors"), file("b.safetensors"));
    assert_ne!(file("a.safetensors"), file("c.safetensors"));

    fs::write(here.join("data.csv"), demand(3, 300, 0)).unwrap();
    train("--init a.safetensors --out d.safetensors");
    let [a, d] = ["a", "d"].map(|name| Model::load(&here.join(format!("{name}.safetensors"))).unwrap());
    assert_eq!(a.provenance["forecast"]["series"][0]["scales"], d.provenance["forecast"]["series"][0]["scales"]);
    assert_ne!(a.parameters, d.parameters);
    refusal(here, "train data.csv --device cpu --target demand --init a.safetensors", 2);
}

#[test]
fn a_network_over_segments_goes_from_a_table_to_a_forecast() {
    let folder = folder(&demand(3, 400, 12));
    let here = folder.path();
    let flags = "--target demand --future temperature --quantiles 0.1,0.5,0.9 --window 31 --horizon 12 --hidden 8 \
                 --model segrnn --segment 8 --dropout 0.3 --device cpu --quiet";
    let train = |more: &str| refrain(here, &format!("train data.csv {flags} {more}")).assert().success();
    train("--epochs 3 --out whole.safetensors");
    train("--epochs 3 --out again.safetensors");
    train("--epochs 2 --checkpoint c.safetensors --patience 0 --schedule constant");
    train("--epochs 3 --patience 0 --schedule constant --out straight.safetensors");
    train("--epochs 3 --resume c.safetensors --patience 0 --schedule constant --out resumed.safetensors");
    let file = |name: &str| fs::read(here.join(name)).unwrap();
    assert!(file("whole.safetensors") == file("again.safetensors"));
    assert!(file("straight.safetensors") == file("resumed.safetensors"));
    let model = Model::load(&here.join("whole.safetensors")).unwrap();
    assert_eq!(model.spec.segments, Some(Segments { steps: 8, targets: 3, statics: 0 }));
    assert_eq!(model.spec.outputs(), 36);

    let printed = stdout(refrain(here, "forecast whole.safetensors data.csv --device cpu --quiet"));
    assert_eq!(printed.lines().count(), 13, "{printed}");
    let tested = stdout(refrain(here, "backtest whole.safetensors data.csv --device cpu"));
    assert!(tested.contains("repeat the last value"), "{tested}");

    let flags = "train data.csv --target demand --device cpu --quiet --window 12 --horizon 6";
    assert!(refusal(here, &format!("{flags} --segment 4"), 2).contains("--model segrnn beside it"));
    let both = refusal(here, &format!("{flags} --model segrnn --bidirectional"), 2);
    assert!(both.contains("directions over segments is 2"), "{both}");
}

/// What the library trains of a table is the command's, to the byte; so is what it forecasts.
#[test]
fn the_library_makes_the_same_files() {
    let folder = folder(&demand(2, 300, 6));
    let here = folder.path();
    let flags = "--target demand --future temperature --window 12 --horizon 6 --hidden 8 --layers 2 --dropout 0.1 \
                 --loss huber --delta 0.5 --lr 0.01 --schedule step:1:0.5 --clip 0.5 --patience 2 --seed 3";
    refrain(here, &format!("train data.csv --device cpu --epochs 3 --quiet {flags} --out m.safetensors"))
        .assert()
        .success();
    let task = Task { future: vec!["temperature".into()], window: Some(12), horizon: Some(6), ..Task::new(["demand"]) };
    let recipe = Recipe {
        hidden: Some(8),
        layers: 2,
        dropout: Some(0.1),
        epochs: Some(3),
        loss: Some(Loss::Huber { delta: 0.5 }),
        optimizer: Some(Optimizer::adam(0.01)),
        clip: Some(0.5),
        schedule: Some("step:1:0.5".parse().unwrap()),
        patience: Some(2),
        seed: 3,
        ..Recipe::default()
    };
    let read = task.read_options(ReadOptions::default());
    let table = Table::open(&here.join("data.csv"), &read).unwrap();
    let device = Device::Cpu(Default::default());
    let fitted = Forecaster::fit(&device, &table, &task, &read, &recipe, |_| Next::Continue);
    let (forecaster, finished) = block_on(fitted).unwrap();
    assert_eq!(finished.epochs, 3);
    assert!(forecaster.model.to_bytes().unwrap() == fs::read(here.join("m.safetensors")).unwrap());

    let printed = stdout(refrain(here, "forecast m.safetensors data.csv --device cpu --quiet"));
    let opened = Forecaster::open(&here.join("m.safetensors")).unwrap();
    let table = Table::open(&here.join("data.csv"), &opened.card.read_options(ReadOptions::default())).unwrap();
    assert_eq!(block_on(opened.forecast(&device, &table, None, None)).unwrap().to_csv(), printed);
}

#[test]
fn a_thousand_short_series_make_one_model() {
    let mut text = String::from("shop;day;sold\n");
    for shop in 0..1000 {
        for day in 0..30 {
            let level = f64::from(10 + shop % 90);
            let sold = level * (1.0 + 0.3 * (f64::from(day) * 0.9 + f64::from(shop)).sin());
            text += &format!("s{shop};{};{}\n", 2000 + day, format!("{sold:.3}").replace('.', ","));
        }
    }
    let folder = folder(&text);
    let here = folder.path();
    let arguments = "train data.csv --target sold --id shop --time day --decimal , --device cpu --hidden 16 --epochs 6 --window 8 --horizon 3 \
                     --val 3 --test 3 --json --quiet --out m.safetensors";
    let document: Value = serde_json::from_str(&stdout(refrain(here, arguments))).unwrap();
    assert_eq!(document["test"]["windows"], 1000);
    let mae = |method: usize| document["test"]["methods"][method]["mae"].as_f64().unwrap();
    assert!(mae(0) < 0.5 * mae(1), "{} against {}", mae(0), mae(1));
    let csv = stdout(refrain(here, "forecast m.safetensors data.csv --device cpu --quiet"));
    assert_eq!(csv.lines().next().unwrap(), "day,shop,sold,sold_0.05,sold_0.95");
    assert_eq!((csv.lines().count(), csv.lines().nth(1).unwrap().starts_with("2030,s0,")), (3001, true));
}

#[cfg(unix)]
#[test]
fn a_run_killed_at_any_moment_ends_with_the_same_bits() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let folder = folder(&demand(4, 700, 0));
    let here = folder.path();
    let flags = "train data.csv --target demand --device cpu --budget 0 --hidden 12 --window 24 --horizon 6 --epochs 40 --patience 0 --quiet";
    let start = Instant::now();
    refrain(here, &format!("{flags} --out whole.safetensors")).assert().success();
    let whole = start.elapsed();

    let mut kills = 0;
    for round in 1..60 {
        let resume = if here.join("c").exists() { "--resume c" } else { "" };
        let arguments = format!("{flags} --checkpoint c {resume} --out killed.safetensors");
        let mut run = Command::new(assert_cmd::cargo::cargo_bin!("refrain"))
            .args(arguments.split_whitespace())
            .current_dir(here)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // At a moment of the first third of what a run takes, another one each time.
        std::thread::sleep(
            whole.mul_f64(0.05 + 0.3 * f64::from(round * 37 % 100) / 100.0).max(Duration::from_millis(5)),
        );
        if kills < 4 && run.try_wait().unwrap().is_none() {
            run.kill().unwrap(); // SIGKILL
            kills += 1;
        }
        if run.wait().unwrap().success() {
            break;
        }
    }
    assert!(kills > 0, "no run lived long enough to be killed");
    let file = |name: &str| fs::read(here.join(name)).unwrap();
    assert!(file("whole.safetensors") == file("killed.safetensors"), "after {kills} kills");
    assert_eq!(Model::load(&here.join("c")).unwrap().spec, Model::load(&here.join("whole.safetensors")).unwrap().spec);

    let message = refusal(here, &format!("{flags} --resume c --seed 1"), 1);
    assert!(message.contains("another run: its `seed` is 0, this run's 1"), "{message}");
    let message = refusal(here, &format!("{flags} --resume whole.safetensors"), 1);
    assert!(message.contains("it is no checkpoint"), "{message}");
    let message = refusal(here, &flags.replace("--hidden 12", "--hidden 13 --resume c"), 1);
    assert!(message.contains("another network"), "{message}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_a_checkpoint_to_go_on_from() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};

    let folder = folder(&demand(5, 400, 0));
    let here = folder.path();
    let flags =
        "train data.csv --target demand --device cpu --budget 0 --hidden 8 --window 24 --horizon 6 --patience 0";
    let mut run = Command::new(assert_cmd::cargo::cargo_bin!("refrain"))
        .args(format!("{flags} --epochs 1000000 --checkpoint c --every 1000000 --out m.safetensors").split_whitespace())
        .current_dir(here)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(run.stdout.take().unwrap()).lines().map(Result::unwrap);
    lines.find(|line| line.starts_with("Epoch [1/")).expect("the run ended before its first epoch");
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
    lines.for_each(drop);
    let mut message = String::new();
    run.stderr.take().unwrap().read_to_string(&mut message).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(1), "{message}");
    assert!(message.contains("error: stopped by Ctrl-C after epoch ") && message.contains("--resume c"), "{message}");
    assert_eq!(entries(here), ["c", "data.csv"]);
}

#[test]
fn bad_tables_are_refused_by_row_and_column_and_leave_nothing() {
    let good = demand(6, 60, 0);
    let line = |row: usize, with: &str| {
        let mut lines: Vec<&str> = good.lines().collect();
        lines[row - 1] = with;
        lines.join("\n")
    };
    let many: Vec<&str> = good.lines().take(15).collect();
    let constant: String = good.lines().map(|line| line.split(',').take(1).collect::<String>() + ",5\n").collect();
    let cases = [
        (String::new(), "data.csv: the table is empty"),
        ("time,demand\n2024-01-01,1\n".to_owned(), "data.csv: expected at least 2 rows"),
        (line(7, "2024-01-01 05:00,1,2,3"), "data.csv, row 7: expected 3 fields, as in the first row, found 4"),
        (line(7, "2024-01-01 05:00,x,2"), "data.csv, row 7, column `demand`: expected a number"),
        (line(7, "2024-01-01 05:00,nan,2"), "data.csv, row 7, column `demand`: the value is missing; --fill"),
        (line(7, "2024-01-01 05:00,inf,2"), "data.csv, row 7, column `demand`: expected a finite number"),
        (line(7, "2024-01-01 03:00,1,2"), "data.csv, row 7: 2024-01-01 03:00 comes after 2024-01-01 04:00 in row 6"),
        (line(7, "2024-01-01 04:00,1,2"), "data.csv, row 7: 2024-01-01 04:00 is the time of row 6 too"),
        (line(7, "2024-01-01 05:30,1,2"), "data.csv, row 7: expected 2024-01-01 05:00, one step of h"),
        (constant.replace("time,5", "time,demand"), "data.csv: column `demand` is 5 in every training row"),
        (many.join("\n"), "data.csv: 2 of 14 rows are left to train on, expected at least 18"),
    ];
    for (text, expected) in cases {
        let folder = folder(&text);
        let arguments =
            "train data.csv --target demand --device cpu --window 12 --horizon 6 --out m.safetensors --quiet";
        let message = refusal(folder.path(), arguments, 1);
        assert!(message.starts_with(&format!("error: {expected}")), "{message}, not {expected}");
        assert_eq!(entries(folder.path()), ["data.csv"]);
    }
}

#[test]
fn bad_flags_are_refused_by_their_name() {
    let folder = folder(&demand(7, 100, 0));
    let here = folder.path();
    let of = |flags: &str, code: i32| refusal(here, &format!("train data.csv --device cpu --quiet {flags}"), code);
    assert!(of("", 2).contains("--target is not given"));
    assert!(of("--target deman", 1).contains("column `deman`: there is no such column; did you mean `demand`?"));
    assert!(of("--target demand --future humidity", 1).contains("column `humidity`"));
    assert!(of("--target demand --past demand", 1).contains("named twice"));
    assert!(of("--target demand --calendar year", 2).contains("expected some of minute, hour"));
    assert!(of("--target demand --quantiles 0.9,0.1", 2).contains("quantiles is"));
    assert!(of("--target demand --quantiles 0.1,0.9 --loss mae", 2).contains("--loss"));
    let likelihood = "--target demand --loss student-t";
    assert!(of(&format!("{likelihood} --model rows"), 2).contains("loss is a likelihood, expected another one, or"));
    let counts = of("--target demand --loss negative-binomial", 1);
    assert!(counts.contains("column `demand` is ") && counts.contains("expected counts"), "{counts}");
    assert!(of("--target demand --loss cross-entropy", 2).contains("mse, mae, huber, quantile or a likelihood"));
    assert!(of("--target demand --val 1.5", 2).contains("a fraction below 1"));
    assert!(of("--target demand --window 4 --horizon 8 --future temperature", 2).contains("window is 4"));
    assert!(of("--target demand --freq 7x", 2).contains("--freq"));
    assert!(of("--target demand --head last", 2).contains("--head"));
    assert!(of("--target demand --out missing/m.safetensors", 1).contains("missing/m.safetensors: cannot write it"));
    assert!(
        of("--target demand --window 12 --horizon 6 --budget 0 --loss mse --lr 1e30 --out m.safetensors", 1)
            .contains("epoch 1, step ")
    );
    assert!(refusal(here, "train none.csv --target y", 1).contains("none.csv: cannot read it: No such file"));
    assert!(refusal(here, "forecast data.csv data.csv", 1).contains("data.csv: "));
    assert_eq!(entries(here), ["data.csv"]);

    refrain(here, "train-sine --device cpu --epochs 1 --samples 10 --seq-len 5 --quiet --out s").assert().success();
    let message = refusal(here, "backtest s/model.safetensors data.csv --device cpu", 1);
    assert!(message.contains("it says nothing of a forecast"), "{message}");
}

#[test]
fn a_model_refuses_tables_that_do_not_fit_it() {
    let folder = folder(&demand(8, 200, 0));
    let here = folder.path();
    refrain(here, &format!("train data.csv --target demand --past temperature {SMALL} --out m.safetensors"))
        .assert()
        .success();
    let message = refusal(here, "forecast m.safetensors data.csv --device cpu --steps 13 --quiet", 2);
    assert!(message.contains("steps is 13, expected at most 12, the horizon"), "{message}");
    fs::write(here.join("other.csv"), demand(8, 200, 0).replace("temperature", "warmth")).unwrap();
    let message = refusal(here, "backtest m.safetensors other.csv --device cpu --quiet", 1);
    assert!(message.contains("other.csv, column `temperature`: there is no such column"), "{message}");
    let text = fs::read_to_string(here.join("data.csv")).unwrap();
    let output =
        refrain(here, "backtest m.safetensors - --device cpu --json --quiet").write_stdin(text).assert().success();
    assert!(serde_json::from_slice::<Value>(&output.get_output().stdout).is_ok());
    for (stem, flags) in [("x", "--level 0.42"), ("x", "--stride 0"), ("x", "--from ")] {
        refrain(here, &format!("backtest m.safetensors data.csv --device cpu {flags}")).assert().code(2);
        assert!(!here.join(stem).exists());
    }
}

#[test]
fn what_was_filled_in_is_a_gap_in_pictures() {
    let text = demand(1, 500, 0);
    let kept = text.lines().enumerate().filter(|(line, _)| !(481..484).contains(line));
    let kept: String = kept.map(|(_, line)| format!("{line}\n")).collect();
    for (text, runs) in [(text, 1), (kept, 2)] {
        let folder = folder(&text);
        let here = folder.path();
        let flags = "--target demand --fill linear";
        stdout(refrain(here, &format!("train data.csv {flags} {SMALL} --out m.safetensors")));
        for command in ["forecast", "backtest"] {
            let run = format!("{command} m.safetensors data.csv --fill linear --device cpu --quiet --plot p.svg");
            stdout(refrain(here, &run));
            let svg = fs::read_to_string(here.join("p.svg")).unwrap();
            assert_eq!(svg.matches("<polyline class=\"known\"").count(), runs, "{command}");
            assert!(!svg.contains("NaN"));
            fs::remove_file(here.join("p.svg")).unwrap();
        }
    }
}

#[test]
fn options_without_a_meaning_are_refused() {
    let folder = folder(&demand(1, 300, 0));
    let here = folder.path();
    let train = format!("train data.csv --target demand {SMALL}");
    stdout(refrain(here, &format!("{train} --loss huber --delta 2 --out m.safetensors")));
    stdout(refrain(here, &format!("{train} --quantiles 0.1,0.5,0.9 --out q.safetensors")));
    stdout(refrain(here, &format!("{train} --val 0 --patience 0")));
    for (run, expected) in [
        (format!("{train} --delta 2"), "--delta is 2, expected none, or --loss huber beside it"),
        (format!("{train} --loss mae --delta 2"), "--delta is 2, expected none, or --loss huber beside it"),
        (format!("{train} --val 0 --patience 3"), "--patience is 3, expected 0, or rows that validate"),
        (
            "train data.csv --init m.safetensors --loss quantile --device cpu --quiet".to_owned(),
            "--loss is quantile, expected mse, mae or huber: the model forecasts points",
        ),
        (
            "forecast q.safetensors data.csv --level 0.5 --device cpu --quiet".to_owned(),
            "level is 0.5, expected none: the model forecasts quantiles",
        ),
        (
            "backtest q.safetensors data.csv --level 0.5 --device cpu --quiet".to_owned(),
            "level is 0.5, expected none: the model forecasts quantiles",
        ),
    ] {
        let message = refusal(here, &run, 2);
        assert!(message.contains(expected), "{run}: {message}");
    }
}

#[test]
fn windows_that_are_passed_over_are_said() {
    let values = |rows: u32| (0..rows).map(|row| format!("{}\n", row % 97)).collect::<String>();
    let folder = folder(&format!("y\n{}", values(82_000)));
    let here = folder.path();
    fs::write(here.join("short.csv"), format!("y\n{}", values(8_000))).unwrap();
    let flags = "--target y --window 2 --horizon 1 --hidden 1 --epochs 1 --batch 8192 --test 100 --device cpu";
    let said = stdout(refrain(here, &format!("train data.csv {flags} --val 8200")));
    assert!(said.contains("one window in 2 is taken, to train, to validate and to measure intervals"), "{said}");
    assert!(!stdout(refrain(here, &format!("train short.csv {flags}"))).contains("one window in"));
}

/// Two series of noise that nothing forecasts, on levels far apart, and `third` in each of 300 rows, by its number.
fn noise(third: impl Fn(u32) -> f64) -> String {
    let mut state = 1u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24)
    };
    (0..300).fold("a,b,c\n".to_owned(), |text, row| {
        text + &format!("{:.3},{:.3},{:.3}\n", 100.0 + random(), 5000.0 + random(), third(row))
    })
}

#[test]
fn levels_of_columns_explain_nothing_and_zeros_are_counted() {
    let folder = folder(&noise(|row| if row % 2 == 0 { 0.0 } else { 1.0 }));
    let here = folder.path();
    let flags = "train data.csv --device cpu --hidden 8 --epochs 3 --window 6 --horizon 2 --season 2";
    let document: Value =
        serde_json::from_str(&stdout(refrain(here, &format!("{flags} --target a,b --json")))).unwrap();
    for method in document["test"]["methods"].as_array().unwrap() {
        assert!(method["r2"].as_f64().unwrap() < 0.2 && method["r2_median"].as_f64().unwrap() < 0.2, "{method}");
    }
    let output = refrain(here, &format!("{flags} --target a,c --quiet --json")).assert().success().get_output().clone();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let test = &document["test"];
    assert!(test["methods"][0]["mape"].is_f64() && test["methods"][0]["mase"].is_f64(), "{test}");
    let notes = test["notes"].to_string();
    assert!(notes.contains("truths, which are 0") && notes.contains("MASE leaves out 1 of 2 series"), "{notes}");
    // `--quiet` keeps what is wrong with the model.
    let warned = String::from_utf8(output.stderr).unwrap();
    assert!(warned.contains("no better than `repeat the season (2)`"), "{warned}");
}

/// Days of two series that vary, and of a third that is still until row 270 and then moves to `later`.
fn panel(third: bool, later: f64) -> String {
    let mut text = "day,id,y\n".to_owned();
    for day in 0..300 {
        let wave = |size: f64, shift: f64| {
            size * (f64::from(day) * 0.9 + shift).sin() + size * f64::from(day * day % 7) / 10.0
        };
        text += &format!("{day},a,{:.3}\n{day},b,{:.3}\n", 90.0 + wave(1.0, 0.0), 40.0 + wave(2.0, 1.0));
        if third {
            text += &format!("{day},c,{}\n", if day < 270 { 0.0 } else { later });
        }
    }
    text
}

#[test]
fn a_series_that_was_still_does_not_set_the_intervals_of_the_others() {
    let flags = "train data.csv --target y --id id --time day --device cpu --hidden 8 --epochs 8 --window 14 --horizon 7 --val 50 --test 20";
    let widths = [panel(false, 0.0), panel(true, 40.0), panel(true, 4e6)].map(|text| {
        let folder = folder(&text);
        let here = folder.path();
        refrain(here, &format!("{flags} --quiet --out m.safetensors")).assert().success();
        let csv = stdout(refrain(here, "forecast m.safetensors data.csv --device cpu --quiet"));
        let row = csv.lines().find(|line| line.starts_with("306,a,")).unwrap();
        let values: Vec<f64> = row.split(',').skip(2).map(|value| value.parse().unwrap()).collect();
        assert!((80.0..100.0).contains(&values[0]), "{row}");
        values[2] - values[1]
    });
    assert!(widths.iter().all(|width| *width < 2.0 * widths[0]), "{widths:?}");
}

#[test]
fn a_blip_beside_zeros_is_no_unit_to_scale_by() {
    let text = panel(true, 40.0).replace("\n100,c,0\n", "\n100,c,1e-9\n");
    assert!(text.contains("1e-9"));
    let folder = folder(&text);
    let flags = "train data.csv --target y --id id --time day --window 14 --horizon 7 --val 50 --test 20";
    let document =
        stdout(refrain(folder.path(), &format!("{flags} --device cpu --hidden 8 --epochs 4 --quiet --json")));
    let document: Value = serde_json::from_str(&document).unwrap();
    // The jump of 40 is a few thousand deviations, not 1e11.
    let mae = document["validation"]["scaled_mae"].as_f64().unwrap();
    assert!(mae < 1e4, "{mae}");
}

#[test]
fn intervals_that_cannot_be_calibrated_are_said() {
    let rows = demand(1, 120, 0);
    let folder = folder(&rows);
    let here = folder.path();
    let train = |flags: &str| {
        let flags = format!("train data.csv --target demand {SMALL} {flags} --out m.safetensors");
        String::from_utf8(refrain(here, &flags).assert().success().get_output().stderr.clone()).unwrap()
    };
    let said = |arguments: &str| {
        let output =
            refrain(here, &format!("{arguments} --device cpu --quiet")).assert().success().get_output().clone();
        String::from_utf8(output.stderr).unwrap()
    };
    let sentence = "forecasts have no intervals of 90 %: they are measured on at least 9 validation windows, and there is \
                    room for 1; train with --val 20 or more, or with --quantiles\n";
    assert!(train("").contains(sentence));
    assert!(said("forecast m.safetensors data.csv").starts_with(sentence));
    assert!(said("backtest m.safetensors data.csv").contains(sentence));
    assert!(!said("forecast m.safetensors data.csv --level 0").contains("intervals"));
    assert!(train("--val 0").contains("no rows validated the model"));
    assert!(!train("--quantiles 0.1,0.5,0.9").contains("intervals"));
    assert!(!train("--val 20").contains("intervals"));
    assert!(!said("forecast m.safetensors data.csv").contains("intervals"));
}

#[test]
fn train_and_backtest_agree_to_the_digit_and_every_forecast_is_written() {
    let folder = folder(&noise(|row| f64::from(row) * 0.5));
    let here = folder.path();
    let flags = "--target a,b,c --channels independent --device cpu --hidden 4 --epochs 2 --window 6 --horizon 3 --val 40 --test 40";
    let train = stdout(refrain(here, &format!("train data.csv {flags} --quiet --json --out m.safetensors")));
    let train: Value = serde_json::from_str(&train).unwrap();
    let backtest = |more: &str| -> Value {
        let text =
            stdout(refrain(here, &format!("backtest m.safetensors data.csv --device cpu --quiet --json {more}")));
        serde_json::from_str(&text).unwrap()
    };
    let found = backtest("--forecasts f.csv");
    for part in ["windows", "methods", "warnings", "notes", "coverage", "stride"] {
        assert_eq!(train["test"][part], found[part], "{part}");
    }
    // Origins are counted once, though each of three columns is forecast from them.
    assert_eq!(found["windows"], 40 - 3 + 1);
    assert_eq!(backtest("--from last:20")["windows"], 18);
    assert_eq!(backtest("--from last:20 --to last:5")["windows"], 13);
    assert!(refusal(here, "backtest m.safetensors data.csv --device cpu --from last:x", 2).contains("last:"));

    let csv = fs::read_to_string(here.join("f.csv")).unwrap();
    let mut lines = csv.lines();
    assert_eq!(lines.next().unwrap(), "target,origin,step,time,truth,forecast,forecast_0.05,forecast_0.95");
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 38 * 3 * 3);
    assert_eq!(rows[0][..4], ["a", "259", "1", "260"]);
    assert_eq!(rows[rows.len() - 1][..5], ["c", "296", "3", "299", "149.5"]);
    let error = |row: &&Vec<&str>| (row[5].parse::<f64>().unwrap() - row[4].parse::<f64>().unwrap()).abs();
    let of_b: Vec<f64> = rows.iter().filter(|row| row[0] == "b").map(|row| error(&row)).collect();
    let mae = found["methods"][0]["series"][1]["mae"].as_f64().unwrap();
    assert!((of_b.iter().sum::<f64>() / of_b.len() as f64 - mae).abs() < 1e-9 * mae, "{mae}");
}

#[test]
fn the_validation_error_is_in_one_unit_whatever_the_loss() {
    let folder = folder(&demand(3, 300, 0));
    let here = folder.path();
    for loss in ["mse", "mae", "huber", "quantile"] {
        let flags =
            format!("--target demand --loss {loss} --device cpu --hidden 8 --epochs 6 --window 24 --horizon 12");
        let text = stdout(refrain(here, &format!("train data.csv {flags}")));
        let best = text.lines().find(|line| line.starts_with("Trained ")).unwrap();
        assert!(text.contains(" (MAE ") && best.contains("(scaled MAE "), "{text}");
        let document = stdout(refrain(here, &format!("train data.csv {flags} --quiet --json")));
        let document: Value = serde_json::from_str(&document).unwrap();
        let mae = document["validation"]["scaled_mae"].as_f64().unwrap();
        assert!((0.05..1.5).contains(&mae), "{loss}: {mae}");
    }
}
