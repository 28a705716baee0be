//! Windows that are drawn for training in proportion to a column.

use assert_cmd::Command;
use pollster::block_on;
use refrain::engine::{Device, Engine};
use refrain::forecast::table::{ReadOptions, Table};
use refrain::forecast::{BacktestOptions, Center, Forecaster, Part, Recipe, Task, Training};
use refrain::loss::Loss;
use refrain::train::{Draw, Epoch, Next, Snapshot, fit_validated};
use std::fs;
use std::path::Path;

const ROWS: usize = 240;

/// 1 or -1, by no rule that a network could learn.
fn sign(t: usize) -> f64 {
    let mixed = (t as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    if (mixed ^ mixed >> 31) & 1 == 0 { 1.0 } else { -1.0 }
}

/// Two series of the same covariate: `a` is its value, and `b` is `b` of it. Rows have the weights of their series.
fn panel(weights: [f64; 2], b: impl Fn(f64, usize) -> f64) -> String {
    let series = |id: &str, weight: f64, y: &dyn Fn(usize) -> f64| {
        (0..ROWS).map(|t| format!("{id},{t},{},{},{weight}\n", y(t), sign(t))).collect::<String>()
    };
    let text = series("a", weights[0], &|t| sign(t)) + &series("b", weights[1], &|t| b(sign(t), t));
    format!("id,t,y,x,w\n{text}")
}

fn opposite(x: f64, _: usize) -> f64 {
    -x
}

fn task() -> Task {
    let future = vec!["x".into()];
    let (val, test) = (Part::Rows(10), Part::Rows(0));
    let task = Task { window: Some(4), horizon: Some(1), season: Some(1), log: Some(false), ..Task::new(["y"]) };
    Task { future, weight: Some("w".into()), center: Some(Center::None), val, test, ..task }
}

fn read(task: &Task) -> ReadOptions {
    task.read_options(ReadOptions { id: Some("id".into()), time: Some("t".into()), ..ReadOptions::default() })
}

fn table(text: &str) -> Table {
    Table::read("t", text.as_bytes(), &read(&task())).unwrap()
}

fn training(text: &str) -> refrain::Result<Training> {
    let recipe = Recipe {
        loss: Some(Loss::Mae),
        hidden: Some(8),
        epochs: Some(60),
        batch: Some(16),
        patience: Some(0),
        budget: 0.0,
        ..Recipe::default()
    };
    Training::new(&table(text), &task(), &read(&task()), &recipe, None)
}

fn trained(text: &str) -> Forecaster {
    block_on(training(text).unwrap().fit(&Device::cpu(), |_| Next::Continue)).unwrap().0
}

#[test]
fn a_series_of_weight_0_teaches_nothing() {
    let other = |x: f64, t: usize| if t.is_multiple_of(3) { 50.0 * x } else { 7.0 };
    let forecasters = [[1.0, 0.0], [0.0, 1.0]].map(|weights| trained(&panel(weights, opposite)));
    for (place, forecaster) in forecasters.iter().enumerate() {
        let options = BacktestOptions { from: Some("last:100".parse().unwrap()), ..BacktestOptions::default() };
        let table = table(&panel([1.0, 1.0], opposite));
        let found = block_on(forecaster.backtest(&Device::cpu(), &table, &options)).unwrap();
        let series = &found.model().series;
        let [own, other] = [place, 1 - place].map(|place| series[place].scores.mae);
        // Of values of 1 and -1. What was learned of the one is the opposite of the other.
        assert!(own < 0.3 && other > 1.0, "{own} and {other}");
    }
    // The same weights, whatever that series holds.
    let changed = trained(&panel([1.0, 0.0], other));
    assert_eq!(changed.model.parameters, forecasters[0].model.parameters);
    assert!(trained(&panel([1.0, 1e-3], other)).model.parameters != forecasters[0].model.parameters);
}

#[test]
fn weights_are_those_of_a_windows_last_row() {
    // Alone the windows that end with row 100 of `a` or with row 50 of `b`, and the latter three times as often.
    let text: String = panel([0.0, 0.0], opposite)
        .lines()
        .map(|line| match line.rsplit_once(',') {
            Some((row, "0")) if row.starts_with("a,100,") => format!("{row},2\n"),
            Some((row, "0")) if row.starts_with("b,50,") => format!("{row},6\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let problem = training(&text).unwrap().problem;
    let drawn: Vec<(usize, f64)> =
        problem.weights.iter().copied().enumerate().filter(|(_, weight)| *weight > 0.0).collect();
    // Of windows of 4 rows the first ends with row 3; those of `b` come after the 226 of `a`.
    assert_eq!((problem.train.len(), &drawn[..]), (452, &[(97, 2.0), (226 + 47, 6.0)][..]));
    let draw = Draw::new(&problem.weights).unwrap();
    let of_a = (0..1000).filter(|n| draw.at((f64::from(*n) + 0.5) / 1000.0) == 97).count();
    assert_eq!(of_a, 250);
}

#[test]
fn a_run_that_goes_on_draws_what_it_would_have_drawn() {
    let run = |stop_at: Option<(usize, usize)>, from: Option<Snapshot>| {
        let mut training = training(&panel([1.0, 3.0], opposite)).unwrap();
        let mut engine = training.engine(&Device::cpu()).unwrap();
        training.options.portion = 2;
        let mut kept = None;
        let watch = |epoch: &Epoch| {
            let stop = stop_at.is_some_and(|(at, step)| epoch.epoch == at && epoch.step >= step);
            if stop { Next::Stop } else { Next::Continue }
        };
        let keep = |snapshot: &Snapshot| {
            kept = Some(snapshot.clone());
            Ok(())
        };
        block_on(fit_validated(&mut engine, &training.run(), from, watch, keep)).unwrap();
        (block_on(engine.parameters()).unwrap(), kept)
    };
    let (whole, _) = run(None, None);
    for stop_at in [(7, 5), (7, usize::MAX)] {
        let (_, kept) = run(Some((stop_at.0, stop_at.1.min(29))), None);
        assert!(kept.is_some(), "{stop_at:?}");
        assert!(run(None, kept).0 == whole, "{stop_at:?}");
    }
    let bytes = |text: &str| trained(text).to_bytes().unwrap();
    assert!(bytes(&panel([1.0, 3.0], opposite)) == bytes(&panel([1.0, 3.0], opposite)));
}

#[test]
fn bad_weights_are_refused_with_their_place() {
    let with = |from: &str, to: &str| {
        let text = panel([1.0, 1.0], opposite);
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    let line = |id: &str, t: usize, end: &str| {
        format!("{id},{t},{},{},{end}\n", if id == "a" { sign(t) } else { -sign(t) }, sign(t))
    };
    let negative = with(&line("b", 9, "1"), &line("b", 9, "-0.5"));
    assert_eq!(
        training(&negative).unwrap_err().to_string(),
        "t, series `b`: column `w` is -0.5 at 9, expected a weight of at least 0"
    );
    let zeros = training(&panel([0.0, 0.0], opposite)).unwrap_err().to_string();
    assert_eq!(
        zeros,
        "t: column `w` is 0 at the last row of all 452 training windows, expected a weight above 0 at one at least"
    );
    for bad in ["inf", "many"] {
        let text = with(&line("b", 9, "1"), &line("b", 9, bad));
        let message = Table::read("t", text.as_bytes(), &read(&task())).unwrap_err().to_string();
        assert!(message.starts_with("t, row 251, column `w`"), "{message}");
    }
    let named_twice = Task { future: vec!["w".into()], ..task() };
    let table = table(&panel([1.0, 1.0], opposite));
    let message = refrain::forecast::Plan::of(&named_twice, &table).unwrap_err().to_string();
    assert!(message.contains("column `w` is named twice"), "{message}");
}

/// `refrain` with these arguments, in `folder`: its exit code, and what it has said.
fn refrain(folder: &Path, arguments: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("refrain"));
    command.env_remove("XDG_RUNTIME_DIR").current_dir(folder).args(arguments.split_whitespace());
    let output = command.args(["--device", "cpu"]).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn the_command_draws_says_so_and_forecasts_without_the_column() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("t.csv"), panel([1.0, 3.0], opposite)).unwrap();
    let without: String =
        panel([1.0, 3.0], opposite).lines().map(|line| format!("{}\n", line.rsplit_once(',').unwrap().0)).collect();
    fs::write(here.join("without.csv"), &without).unwrap();
    let flags = "--id id --time t --target y --past x --window 4 --horizon 2 --season 1 --hidden 6 --epochs 3 --val 20 --test 20";
    let train = |more: &str| refrain(here, &format!("train t.csv {flags} {more}"));
    let (code, text, message) = train("--weight w --budget 0 --out m --checkpoint c");
    assert_eq!(code, Some(0), "{message}");
    assert!(text.contains(" windows, drawn in proportion to w), "), "{text}");
    let (_, text, _) = train("--budget 0 --out even");
    assert!(!text.contains("drawn"), "{text}");
    let file = |name: &str| fs::read(here.join(name)).unwrap();
    assert!(file("m") != file("even"));
    // `all` leaves it out, and a search draws too.
    let all = flags.replace("--past x", "--past all");
    let (code, text, message) =
        refrain(here, &format!("train t.csv {all} --weight w --budget 1 --out searched --json"));
    assert_eq!(code, Some(0), "{message}");
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(document["plan"]["weight"] == "w" && !document["plan"]["past"].to_string().contains('w'), "{text}");
    assert!(!document["search"].as_array().unwrap().is_empty());

    for arguments in ["forecast m without.csv", "backtest m without.csv"] {
        let (code, _, message) = refrain(here, arguments);
        assert_eq!(code, Some(0), "{arguments}: {message}");
    }
    let (code, _, message) = refrain(here, "backtest m without.csv --refit 1");
    assert!(code == Some(1) && message.contains("column `w`: there is no such column"), "{message}");
    assert_eq!(refrain(here, "backtest m t.csv --refit 1").0, Some(0));
    let (code, text, message) = refrain(here, "train t.csv --init m --epochs 1");
    assert!(code == Some(0) && text.contains("drawn in proportion to w"), "{text}{message}");
    let (code, _, message) = refrain(here, "train t.csv --weight x --init m");
    assert!(code == Some(2) && message.contains("--weight"), "{message}");

    // A checkpoint is of a run with these weights.
    let resumed = |more: &str| train(&format!("--weight w --budget 0 --resume c --out n {more}"));
    assert_eq!(resumed("").0, Some(0));
    assert!(file("m") == file("n"));
    fs::write(here.join("t.csv"), panel([1.0, 4.0], opposite)).unwrap();
    let (code, _, message) = resumed("");
    assert!(code == Some(1) && message.contains("another run: its `weights`"), "{message}");
}
