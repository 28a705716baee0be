//! Backtests of models that are trained again as time goes on.

use assert_cmd::Command;
use pollster::block_on;
use refrain::engine::Device;
use refrain::forecast::table::{ReadOptions, Table};
use refrain::forecast::{Backtest, BacktestOptions, Forecaster, Part, Recipe, Task, backtest_refitted};
use refrain::loss::Loss;
use refrain::train::Next;
use std::fs;
use std::path::Path;

/// A series with a season of 4 rows, which turns round from row 172 on.
fn series(id: &str, rows: usize, level: f64) -> String {
    let value = |t: usize| {
        let noise = ((t * 7919 + 13) % 101) as f64 / 101.0;
        level + [0.0, 3.0, 5.0, 2.0][t % 4] * if t < 172 { 1.0 } else { -1.0 } + noise
    };
    (0..rows).map(|t| format!("{id},{t},{:.3}\n", value(t))).collect()
}

fn task() -> Task {
    let parts = (Part::Rows(8), Part::Rows(120));
    let task = Task { window: Some(8), horizon: Some(4), season: Some(4), ..Task::new(["y"]) };
    Task { val: parts.0, test: parts.1, ..task }
}

fn read() -> ReadOptions {
    task().read_options(ReadOptions { id: Some("id".into()), time: Some("t".into()), ..ReadOptions::default() })
}

fn table(text: &str) -> Table {
    Table::read("t", format!("id,t,y\n{text}").as_bytes(), &read()).unwrap()
}

fn recipe() -> Recipe {
    // A loss that does not depend on the rows.
    Recipe { loss: Some(Loss::Mae), hidden: Some(6), epochs: Some(40), budget: 0.0, seed: 3, ..Recipe::default() }
}

fn fitted(table: &Table, task: &Task) -> Forecaster {
    let device = block_on(Device::select("cpu")).unwrap();
    block_on(Forecaster::fit(&device, table, task, &read(), &recipe(), |_| Next::Continue)).unwrap().0
}

fn refitted(forecaster: &Forecaster, table: &Table, count: usize) -> refrain::Result<Backtest> {
    let device = block_on(Device::select("cpu")).unwrap();
    let options = BacktestOptions { keep: true, coverage: Some(0.5), ..BacktestOptions::default() };
    let watch = |_: usize, _: &_| Next::Continue;
    block_on(backtest_refitted(&device, forecaster, table, &read(), &options, count, watch)).map(Option::unwrap)
}

#[test]
fn each_stretch_is_forecast_by_the_model_of_the_rows_before_it() {
    let table = table(&(series("a", 300, 10.0) + &series("b", 280, 50.0)));
    let forecaster = fitted(&table, &task());
    let found = refitted(&forecaster, &table, 2).unwrap();
    // 117 origins of each series, 39 in a stretch.
    let refits = found.refits.as_ref().unwrap();
    let sizes: Vec<(usize, [usize; 2])> = refits.stretches.iter().map(|part| (part.windows, part.rows)).collect();
    assert_eq!(sizes, [(78, [0, 0]), (78, [402, 16]), (78, [480, 16])]);
    assert_eq!((found.windows, refits.stretches[1].from.as_str()), (234, "219"));

    // The same as a new model of the table up to there.
    let until = table.until(&[219, 199]);
    let new = fitted(&until, &Task { test: Part::Rows(0), ..task() });
    let device = block_on(Device::select("cpu")).unwrap();
    let forecast = block_on(new.forecast(&device, &until, None, Some(0.5))).unwrap();
    for (series, origin) in [(0, 219), (1, 199)] {
        let same = |sample: &&refrain::forecast::Sample| (sample.series, sample.origin) == (series, origin);
        assert_eq!(found.forecasts.iter().find(same).unwrap().values, forecast.series[series].values);
    }
    // Only a model that was trained again has seen the season turned round.
    let [first, _, last] = &refits.stretches[..] else { panic!("three stretches") };
    assert_eq!(first.refitted, first.without);
    assert!(last.refitted.mae < 0.9 * last.without.mae, "{} {}", last.refitted.mae, last.without.mae);
    assert!(found.model().scores.mae < refits.without.scores.mae);
    let plain = BacktestOptions::default();
    let plain = block_on(forecaster.backtest(&device, &table, &plain)).unwrap();
    let (ours, theirs) = (refits.without.scores.mae, plain.model().scores.mae);
    assert!((ours - theirs).abs() < 1e-9 && (plain.methods[1].scores.mae - found.methods[1].scores.mae).abs() < 1e-9);
}

#[test]
fn no_training_sees_what_comes_after() {
    let text = series("a", 300, 10.0);
    let forecaster = fitted(&table(&text), &task());
    let found = refitted(&forecaster, &table(&text), 3).unwrap();
    // 117 origins: the third training is before row 180 + 87.
    let cut = 267;
    let changed: String = text
        .lines()
        .enumerate()
        .map(|(row, line)| if row < cut { format!("{line}\n") } else { format!("a,{row},{}\n", row * row) })
        .collect();
    let other = refitted(&forecaster, &table(&changed), 3).unwrap();
    let before = |found: &Backtest| {
        found.forecasts.iter().filter(|sample| sample.origin <= cut).map(|s| s.values.clone()).collect::<Vec<_>>()
    };
    assert_eq!((before(&found).len(), before(&found) == before(&other)), (88, true));
    assert!(found.forecasts[88] != other.forecasts[88]);
}

/// `refrain` with these arguments, in `folder`.
fn refrain(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("refrain"));
    command.env_remove("XDG_RUNTIME_DIR").current_dir(folder).args(arguments.split_whitespace());
    command
}

#[test]
fn the_command_says_what_each_training_gave() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("t.csv"), format!("id,t,y\n{}", series("a", 200, 10.0))).unwrap();
    let flags = "--id id --time t --val 20 --test 60 --window 8 --horizon 4 --season 4 --hidden 6 --epochs 5 \
                 --budget 0 --members 2 --device cpu --quiet --target y --out m";
    refrain(here, &format!("train t.csv {flags}")).assert().success();
    let output = |more: &str| {
        let run = refrain(here, &format!("backtest m t.csv --device cpu {more}")).assert();
        let output = run.get_output().clone();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, text, _) = output("--refit 2");
    assert_eq!(code, Some(0));
    for words in ["Trained again, from", "as it is", "159", "178", "all"] {
        assert!(text.contains(words), "`{words}` is missing in:\n{text}");
    }
    assert_eq!(output("--refit 2 --json").1, output("--refit 2 --json").1);
    let document: serde_json::Value = serde_json::from_str(&output("--refit 2 --json").1).unwrap();
    assert_eq!(document["refits"]["stretches"].as_array().unwrap().len(), 3);
    let (code, _, message) = output("--refit 57");
    assert_eq!(code, Some(2));
    assert!(
        message.ends_with("error: --refit is 57, expected 1 to 56, fewer than the 57 origins that there are\n"),
        "{message}"
    );
    let (code, _, message) = output("--refit 2 --from 20 --to 40");
    assert_eq!(code, Some(1));
    assert!(message.contains("begin later with --from"), "{message}");
}
