//! `refrain benchmark` as a user runs it, in a temporary folder.

use assert_cmd::Command;
use refrain::forecast::sample::demand;
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Exit code, stdout and stderr of `refrain benchmark` with these arguments, in `folder`.
fn benchmark(folder: &Path, arguments: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("refrain"));
    command.env_remove("XDG_RUNTIME_DIR").current_dir(folder).arg("benchmark").args(arguments.split_whitespace());
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// Four tables: a demand, a line, values about 0, and one that has words for numbers.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("tables")).unwrap();
    fs::write(here.join("tables/demand.csv"), demand(1, 300, 0)).unwrap();
    let line: String = (0..120).map(|t| format!("{t},{}\n", 3 * t + t % 2)).collect();
    fs::write(here.join("tables/line.csv"), format!("t,y\n{line}")).unwrap();
    let under: String = (0..120).map(|t| format!("{t},{}\n", t * t % 31 - 15)).collect();
    fs::write(here.join("tables/under.csv"), format!("t,y\n{under}")).unwrap();
    fs::write(here.join("tables/words.csv"), "t,y\n1,many\n2,few\n").unwrap();
    fs::write(here.join("tables/notes.txt"), "nothing").unwrap();
    folder
}

const SMALL: &str = "--budget 0 --epochs 3 --device cpu";

#[test]
fn all_tables_are_compared_and_one_that_fails_does_not_stop_the_rest() {
    let folder = folder();
    let here = folder.path();
    let (code, text, errors) =
        benchmark(here, &format!("tables {SMALL} --json --model rows --model segrnn --out r.csv"));
    assert_eq!(code, Some(0), "{errors}");
    let document: Value = serde_json::from_str(&text).unwrap();
    let names = |list: &str| {
        document[list].as_array().unwrap().iter().map(|of| of["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (names("tables").join(" "), names("failed").join(" ")),
        ("demand.csv line.csv under.csv".into(), "words.csv".into())
    );
    assert!(document["failed"][0]["reason"].as_str().unwrap().contains("many"), "{document}");
    let line = &document["tables"][1];
    let methods = line["methods"].as_array().unwrap();
    let of =
        |name: &str| methods.iter().find(|method| method["name"] == name).unwrap_or_else(|| panic!("{name}: {line}"));
    let relative = |name: &str| of(name)["relative"].as_f64().unwrap();
    assert_eq!(methods.len(), 7);
    // A line is what smoothing with a slope goes on with, and Theta with half of it.
    assert!(relative("ets") < 0.1 && relative("theta") < 0.7, "{line}");
    assert_eq!(relative("seasonal naive"), 1.0);
    let (smape, mase) = (of("mean")["smape"].as_f64().unwrap(), of("mean")["mase"].as_f64().unwrap());
    let [ours, theirs] = [smape, mase].map(|error| error / 2.0);
    let reference = of("seasonal naive");
    let expected = ours / reference["smape"].as_f64().unwrap() + theirs / reference["mase"].as_f64().unwrap();
    assert!((relative("mean") - expected).abs() < 1e-9);
    // Of values below 0, as the last table's, sMAPE says nothing.
    let below = document["tables"][2]["methods"].as_array().unwrap();
    let [naive, mean] = [3, 4].map(|place| (below[place]["mase"].as_f64().unwrap(), &below[place]["relative"]));
    assert!((mean.0 / naive.0 - mean.1.as_f64().unwrap()).abs() < 1e-9 && *naive.1 == 1.0, "{below:?}");

    let ranks = document["ranks"]["methods"].as_array().unwrap();
    let sum: f64 = ranks.iter().map(|method| method["rank"].as_f64().unwrap()).sum();
    assert_eq!((document["ranks"]["tables"].as_u64(), sum), (Some(3), 28.0));
    let csv = fs::read_to_string(here.join("r.csv")).unwrap();
    assert_eq!((csv.lines().count(), csv.lines().next()), (22, Some("table,method,smape,mase,relative,seconds")));
}

#[test]
fn a_table_of_errors_and_ranks_is_printed() {
    let folder = folder();
    let here = folder.path();
    let (code, text, errors) = benchmark(here, &format!("tables {SMALL} --except temperature --horizon 6"));
    assert_eq!(code, Some(0), "{errors}");
    for words in ["demand.csv: 1 series, 1 target, season 24, 6 rows ahead", "theta", "Ranks over 3 tables", "Friedman"]
    {
        assert!(text.contains(words), "`{words}` is missing in:\n{text}");
    }
    assert!(errors.contains("words.csv is left out"), "{errors}");
    // The baselines forecast the same rows as `refrain backtest` has them.
    fs::remove_file(here.join("tables/words.csv")).unwrap();
    fs::remove_file(here.join("tables/line.csv")).unwrap();
    fs::remove_file(here.join("tables/under.csv")).unwrap();
    let flags = "--budget 0 --epochs 3 --device cpu --horizon 6 --target demand";
    let (_, text, _) = benchmark(here, &format!("tables {flags} --json"));
    let ours: Value = serde_json::from_str(&text).unwrap();
    let refrain = |arguments: String| {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("refrain"));
        command.current_dir(here).args(arguments.split_whitespace()).assert().success().get_output().stdout.clone()
    };
    refrain(format!("train tables/demand.csv {flags} --out m --quiet"));
    let theirs = refrain("backtest m tables/demand.csv --stride 6 --json --device cpu".to_owned());
    let theirs: Value = serde_json::from_slice(&theirs).unwrap();
    for (place, other) in [(0, 0), (1, 1), (2, 2), (3, 3)] {
        let [ours, theirs] = [&ours["tables"][0]["methods"][place], &theirs["methods"][other]];
        assert_eq!((&ours["smape"], &ours["mase"]), (&theirs["smape"], &theirs["mase"]), "{ours}");
    }
}

#[test]
fn folders_without_tables_are_refused() {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("empty")).unwrap();
    let (code, _, errors) = benchmark(here, "empty --device cpu");
    assert_eq!(
        (code, errors.as_str()),
        (Some(1), "error: empty: expected tables, files that end in .csv or .parquet, found none\n")
    );
    assert_eq!(benchmark(here, "nowhere --device cpu").0, Some(1));
    fs::write(here.join("empty/t.csv"), "y\nfew\n").unwrap();
    let (code, _, errors) = benchmark(here, "empty --device cpu --quiet");
    assert!(code == Some(1) && errors.ends_with("none of its 1 tables could be forecast\n"), "{errors}");
    let (code, _, errors) = benchmark(here, "empty --device cpu --out empty/t.csv");
    assert!(code == Some(2) && errors.contains("another file than DIR"), "{errors}");
}
