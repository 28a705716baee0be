//! The command line as a user runs it, in a temporary folder.

use assert_cmd::Command;
use refrain::engine::Engine;
use refrain::engine::cpu::CpuEngine;
use refrain::exercise::{Sine, SineOptions, free_run};
use refrain::model::Model;
use refrain::train;
use refrain::verify;
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// `refrain` with these arguments, in `folder`.
fn refrain(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("refrain"));
    // As on a machine without a desktop, where Mesa would complain on stderr if it were let.
    command.env_remove("XDG_RUNTIME_DIR").current_dir(folder).args(arguments.split_whitespace());
    command
}

/// `refrain train-sine --device cpu` with these further arguments, in `folder`.
fn train_sine(folder: &Path, arguments: &str) -> Command {
    refrain(folder, &format!("train-sine --device cpu {arguments}"))
}

/// Stdout of a run that must succeed.
fn stdout(mut command: Command) -> String {
    String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap()
}

fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The keys of an object, sorted.
fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort();
    keys
}

#[test]
fn the_default_run_learns_the_sine_and_prints_one_document() {
    let folder = TempDir::new().unwrap();
    let text = stdout(train_sine(folder.path(), "--json"));
    let document: Value = serde_json::from_str(&text).expect("stdout holds the document alone");
    let mse = document["test"]["mse"].as_f64().unwrap();
    assert!(mse <= 5e-5, "test MSE {mse}");
    assert!((8e-3..9e-3).contains(&document["naive"]["mse"].as_f64().unwrap()), "{document}");

    let expected = [
        "batch",
        "cell",
        "device",
        "epochs",
        "files",
        "free_run",
        "hidden",
        "lr",
        "naive",
        "parameters",
        "precision",
        "seconds",
        "seed",
        "test",
        "train_loss",
    ];
    assert_eq!(keys(&document), expected);
    assert_eq!(keys(&document["device"]), ["backend", "driver", "name", "type"]);
    assert_eq!(keys(&document["test"]), ["mae", "mse", "rmse"]);
    assert_eq!(keys(&document["naive"]), ["mse"]);
    assert_eq!(keys(&document["free_run"]), ["rmse", "steps"]);
    assert_eq!(keys(&document["seconds"]), ["setup", "total", "training"]);
    let of = |name: &str| document[name].clone();
    assert_eq!((of("cell"), of("hidden"), of("parameters")), ("rnn".into(), 20.into(), 481.into()));
    assert_eq!((of("epochs"), of("batch"), of("lr"), of("seed")), (100.into(), 32.into(), 0.001.into(), 0.into()));
    assert_eq!(document["free_run"]["steps"], 100);
    assert_eq!(document["device"]["backend"], "native");
    assert_eq!(document["files"], serde_json::json!([]));
    assert_eq!(entries(folder.path()), [""; 0], "a file was written that nobody asked for");
}

#[test]
fn a_reader_sees_losses_every_ten_epochs_the_errors_and_the_drawing() {
    let folder = TempDir::new().unwrap();
    let text = stdout(train_sine(folder.path(), "--epochs 25 --samples 50 --seq-len 10"));
    let epochs: Vec<&str> = text.lines().filter(|line| line.starts_with("Epoch")).collect();
    assert_eq!(epochs.len(), 3, "{text}");
    for (line, start) in epochs.iter().zip(["Epoch [10/25], Loss: ", "Epoch [20/25], Loss: ", "Epoch [25/25], Loss: "])
    {
        let loss = line.strip_prefix(start).unwrap_or_else(|| panic!("{line} does not start with {start}"));
        assert!(loss.parse::<f64>().unwrap() > 0.0, "{line}");
    }
    for words in
        ["40 windows of 10 points to train on, 10 held out", "RMSE", "MAE", "repeat the last value", "Free run: 100"]
    {
        assert!(text.contains(words), "`{words}` is missing in:\n{text}");
    }
    let braille = |character: char| ('\u{2801}'..='\u{28ff}').contains(&character);
    assert!(text.chars().filter(|&character| braille(character)).count() > 100, "{text}");
    assert!(!text.contains('\u{1b}'), "colours outside a terminal:\n{text}");
    assert_eq!(entries(folder.path()), [""; 0]);
}

#[test]
fn quiet_says_nothing_and_json_leaves_stdout_to_the_document() {
    let folder = TempDir::new().unwrap();
    let small = "--epochs 10 --samples 20 --seq-len 5";
    train_sine(folder.path(), &format!("{small} --quiet")).assert().success().stdout("").stderr("");
    let json = train_sine(folder.path(), &format!("{small} --json")).assert().success();
    assert!(String::from_utf8_lossy(&json.get_output().stderr).contains("Epoch [10/10], Loss: "));
    let both = train_sine(folder.path(), &format!("{small} --json --quiet")).assert().success().stderr("");
    assert!(serde_json::from_slice::<Value>(&both.get_output().stdout).is_ok());
}

#[test]
fn the_files_hold_the_run_and_the_model_reproduces_it() {
    for cell in ["rnn", "lstm", "gru"] {
        let folder = TempDir::new().unwrap();
        let arguments =
            format!("--cell {cell} --epochs 10 --samples 100 --noise 0.05 --seed 3 --json --out deep/results");
        let printed: Value = serde_json::from_str(&stdout(train_sine(folder.path(), &arguments))).unwrap();
        let results = folder.path().join("deep/results");
        assert_eq!(entries(&results), ["forecast.csv", "forecast.svg", "metrics.json", "model.safetensors"]);
        let metrics: Value = serde_json::from_slice(&fs::read(results.join("metrics.json")).unwrap()).unwrap();
        assert_eq!(metrics, printed);
        let names = ["model.safetensors", "metrics.json", "forecast.csv", "forecast.svg"]
            .map(|name| format!("deep/results/{name}"));
        assert_eq!(metrics["files"], serde_json::json!(names));
        let picture = fs::read_to_string(results.join("forecast.svg")).unwrap();
        assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>") && !picture.contains("NaN"));

        let model = Model::load(&results.join("model.safetensors")).unwrap();
        assert_eq!(model.provenance["seed"], 3);
        let sine = Sine::new(&SineOptions { samples: 100, noise: 0.05, seed: 3, ..SineOptions::default() }).unwrap();
        let mut engine = CpuEngine::new(model.spec, &model.parameters).unwrap();
        engine.load_data(sine.windows()).unwrap();
        let ids = sine.test_ids();
        let test = pollster::block_on(train::evaluate(&mut engine, sine.windows(), &ids, 32)).unwrap();
        let printed = metrics["test"]["mse"].as_f64().unwrap();
        // The same sums, through JSON and back.
        assert!((test.mse - printed).abs() <= 1e-14 * printed, "{cell}: {} is not the {printed} of the run", test.mse);

        let window = sine.windows().window(ids[0] as usize);
        let forecast = pollster::block_on(free_run(&mut engine, window, 100)).unwrap();
        let truth = sine.truth(ids[0] as usize, 0, 150);
        let table = fs::read_to_string(results.join("forecast.csv")).unwrap();
        let mut rows = table.lines();
        assert_eq!(rows.next(), Some("k,truth,given,forecast"));
        for (k, row) in rows.enumerate() {
            let cells: Vec<&str> = row.split(',').collect();
            let shown = |value: Option<&f32>| value.map(f32::to_string).unwrap_or_default();
            let run = k.checked_sub(50).map(|step| &forecast[step]);
            assert_eq!(cells, [k.to_string(), truth[k].to_string(), shown(window.get(k)), shown(run)], "{cell}");
        }
        assert_eq!(table.lines().count(), 151);
    }
}

#[test]
fn the_same_seed_gives_the_same_model_and_another_seed_another() {
    let folder = TempDir::new().unwrap();
    let model = |seed: u32, out: &str| {
        train_sine(folder.path(), &format!("--epochs 5 --samples 100 --seed {seed} --out {out}")).assert().success();
        fs::read(folder.path().join(out).join("model.safetensors")).unwrap()
    };
    let first = model(1, "a");
    assert_eq!(first, model(1, "b"));
    assert_ne!(first, model(2, "c"));
    assert_ne!(first, model(2, "a"), "what stood there is replaced");
}

#[test]
fn bad_input_is_refused_in_one_line_with_nothing_written() {
    let usage = [
        ("--hidden 0", "'0' for '--hidden <N>': expected a whole number from 1 to 1048576"),
        ("--hidden 2.5", "--hidden"),
        ("--seq-len 1", "'1' for '--seq-len <N>': expected a whole number from 2"),
        ("--samples 1", "'1' for '--samples <N>': expected a whole number from 2"),
        ("--lr nan", "'nan' for '--lr <X>': expected a finite number above 0"),
        ("--lr 0", "expected a finite number above 0"),
        ("--epochs 0", "--epochs"),
        ("--batch 0", "--batch"),
        ("--noise -1", "'-1' for '--noise <X>': expected a finite number of at least 0"),
        ("--noise inf", "--noise"),
        ("--seed -1", "--seed"),
        ("--cell elman", "[possible values: rnn, rnn-relu, lstm, gru]"),
        ("--hiden 3", "a similar argument exists: '--hidden'"),
        ("--samples 1000000 --seq-len 1000000", "samples x seq-len is 1000000 x 1000000, expected at most"),
        ("surplus", "surplus"),
    ];
    let failure = [
        ("--device nosuch", "no adapter matches `nosuch`"),
        ("--device cpu --hidden 20000", "take fewer hidden units"),
        ("--device cpu --lr 1e30", "in epoch 1, step 2: take a smaller learning rate"),
    ];
    let cases = usage.map(|case| (case, 2)).into_iter().chain(failure.map(|case| (case, 1)));
    for ((arguments, expected), code) in cases {
        let folder = TempDir::new().unwrap();
        let mut command = refrain(folder.path(), &format!("train-sine {arguments} --quiet --out results"));
        let run = command.assert().code(code).stdout("");
        let message = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
        assert!(message.starts_with("error: ") && message.contains(expected), "{arguments}: {message}");
        assert_eq!(message.lines().count(), 1, "{arguments}: {message}");
        assert_eq!(entries(folder.path()), [""; 0], "{arguments}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_refused_before_training() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "mine").unwrap();
    fs::create_dir_all(folder.path().join("taken/metrics.json")).unwrap();
    for (out, expected) in [
        ("file", "error: --out: file"),
        ("file/under", "error: --out: cannot make the folder file/under"),
        ("taken", "error: --out: taken/metrics.json: cannot write it: a directory of that name is in the way"),
    ] {
        // More epochs than any test could wait for.
        let mut command = train_sine(folder.path(), &format!("--epochs 1000000000 --out {out}"));
        let run = command.timeout(std::time::Duration::from_secs(60)).assert().code(1).stdout("");
        let message = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
        assert!(message.starts_with(expected), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"mine");
    assert_eq!(entries(folder.path()), ["file", "taken"]);
    assert_eq!(entries(&folder.path().join("taken")), ["metrics.json"]);
}

#[test]
fn results_that_stood_survive_a_run_that_fails() {
    let folder = TempDir::new().unwrap();
    let good = "--epochs 1 --samples 20 --quiet --out results";
    train_sine(folder.path(), good).assert().success();
    let place = folder.path().join("results/model.safetensors");
    let before = fs::read(&place).unwrap();
    train_sine(folder.path(), &format!("{good} --epochs 3 --lr 1e30")).assert().code(2); // --epochs twice
    train_sine(folder.path(), "--lr 1e30 --quiet --out results").assert().code(1);
    assert_eq!(fs::read(&place).unwrap(), before);
    assert_eq!(entries(&folder.path().join("results")).len(), 4);
}

#[test]
fn bench_times_the_rows_asked_for_and_holds_them_against_pytorch() {
    let folder = TempDir::new().unwrap();
    let results = serde_json::json!([
        { "name": "train gru B=100 T=5 I=10 H=20", "device": "cpu", "threads": 1, "tf32": false, "median_ms": 1e3 },
        { "name": "train gru B=100 T=5 I=10 H=20", "device": "cpu", "threads": 2, "tf32": false, "median_ms": 2e3 },
    ]);
    let file = serde_json::json!({ "torch": "2", "cpu": "P", "cuda": null, "threads": [1, 2], "results": results });
    fs::write(folder.path().join("pytorch.json"), file.to_string()).unwrap();
    let bench = |arguments: &str| refrain(folder.path(), &format!("bench --device cpu --seconds 0.01 {arguments}"));
    let mut command = bench("--json --quiet --against pytorch.json --only");
    command.arg("gru B=100 ");
    let document: Value = serde_json::from_str(&stdout(command)).unwrap();
    assert_eq!(keys(&document), ["against", "device", "rows"]);
    let rows = document["rows"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["train gru B=100 T=5 I=10 H=20", "forward gru B=100 T=5 I=10 H=20"]);
    let [train, forward] = [&rows[0], &rows[1]];
    let time = |row: &Value, key: &str| row[key].as_f64().unwrap();
    for row in [train, forward] {
        assert!(0.0 < time(row, "low_ms") && time(row, "low_ms") <= time(row, "median_ms"), "{row}");
        assert!(time(row, "median_ms") <= time(row, "high_ms"), "{row}");
    }
    assert_eq!(time(train, "pytorch_ms"), 1e3, "the better of PyTorch's settings");
    assert!((time(train, "ratio") * time(train, "median_ms") / 1e3 - 1.0).abs() < 1e-12, "{train}");
    assert_eq!(keys(forward), ["cell", "high_ms", "low_ms", "median_ms", "name", "shape", "what"]);

    bench("--only block").assert().success().stderr("");
    let own = stdout(bench("--shape 3,4,2,5 --shape 1,1,1,1 --only lstm"));
    let named =
        ["train lstm B=3 T=4 I=2 H=5 ", "forward lstm B=3 T=4 I=2 H=5 ", "train lstm B=1 ", "forward lstm B=1 "];
    let lines: Vec<&str> = own.lines().filter(|line| line.contains("B=")).collect();
    assert_eq!(lines.len(), named.len(), "{own}");
    lines.iter().zip(named).for_each(|(line, named)| assert!(line.starts_with(named), "{own}"));
    let mut scaling = bench("--shape 3,4,2,5 --threads 1,2 --json --quiet --only");
    scaling.arg("train lstm");
    let scaling = stdout(scaling);
    let document: Value = serde_json::from_str(&scaling).unwrap();
    let threads: Vec<&Value> = document["rows"].as_array().unwrap().iter().map(|row| &row["threads"]).collect();
    assert_eq!(threads, [1, 2]);
    assert_eq!(document["rows"][0]["speedup"], 1.0);
    bench("--threads 0").assert().code(2).stdout("");
    bench("--shape 3,4,2").assert().code(2).stdout("");
    bench("--shape 3,4,2,0").assert().code(2).stdout("");
    bench("--shape 1,1,1,100000").assert().code(2).stdout("");
    bench("--shape 1000000000,2,1,1").assert().code(2).stdout("");
    bench("--only nosuch").assert().code(2).stdout("");
    bench("--seconds 0").assert().code(2).stdout("");
    bench("--against missing.json").assert().code(1).stdout("");
    assert_eq!(entries(folder.path()), ["pytorch.json"]);
}

#[test]
fn verify_counts_every_case_and_forces_kernels_on_an_adapter_alone() {
    let folder = TempDir::new().unwrap();
    let verify = |arguments: &str| refrain(folder.path(), &format!("verify --device cpu {arguments}"));
    let document: Value = serde_json::from_str(&stdout(verify("--json --quiet"))).unwrap();
    assert_eq!(keys(&document), ["device", "rows", "seconds", "tolerance"]);
    let rows = document["rows"].as_array().unwrap();
    let cells: Vec<&str> = rows.iter().map(|row| row["cell"].as_str().unwrap()).collect();
    assert_eq!(cells, ["rnn_tanh", "rnn_relu", "lstm", "gru"]);
    let cases: u64 = rows.iter().map(|row| row["cases"].as_u64().unwrap()).sum();
    assert_eq!(cases as usize, verify::cases().len() + verify::option_cases().len() + verify::segment_cases().len());
    assert!(rows.iter().all(|row| row["misses"].as_array().unwrap().is_empty()), "{document}");

    let refusals = [("--kernels scans", 1, "for an adapter"), ("--default-limits", 1, "for an adapter")];
    for (arguments, code, expected) in
        refusals.into_iter().chain([("--kernels nosuch", 2, "expected chosen, scans, steps, fused")])
    {
        let run = verify(arguments).assert().code(code).stdout("");
        let message = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
        assert!(message.contains(expected), "{arguments}: {message}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_a_run_cleanly() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};

    let folder = TempDir::new().unwrap();
    let mut run = Command::new(assert_cmd::cargo::cargo_bin!("refrain"))
        .args(["train-sine", "--device", "cpu", "--samples", "50", "--epochs", "1000000000", "--out", "results"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(run.stdout.take().unwrap());
    let mut lines = stdout.lines().map(Result::unwrap);
    lines.find(|line| line.starts_with("Epoch [10/")).expect("the run ended before its tenth epoch");
    assert_eq!(entries(folder.path()), [""; 0], "a second Ctrl-C would leave what stands here now");
    let interrupt = Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    lines.for_each(drop);
    let mut message = String::new();
    run.stderr.take().unwrap().read_to_string(&mut message).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(1), "{message}");
    assert!(message.contains("error: stopped by Ctrl-C after epoch "), "{message}");
    assert_eq!(entries(folder.path()), [""; 0], "the folder was made for nothing and must go");
}

/// As `refrain ... | head -1`.
#[cfg(unix)]
#[test]
fn a_reader_who_leaves_early_is_no_error() {
    let mut run = std::process::Command::new(assert_cmd::cargo::cargo_bin!("refrain"))
        .args(["devices", "--json"])
        .env_remove("XDG_RUNTIME_DIR")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(run.stdout.take());
    let output = run.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap()), (Some(141), String::new()));
}

#[test]
fn help_and_version_succeed_and_a_missing_command_does_not() {
    let folder = TempDir::new().unwrap();
    let refrain = |arguments| refrain(folder.path(), arguments);
    assert!(stdout(refrain("--help")).contains("train-sine"));
    assert!(stdout(refrain("train-sine --help")).contains("--seq-len"));
    assert!(stdout(refrain("--version")).starts_with("refrain "));
    refrain("").assert().code(2);
    refrain("no-such-command").assert().code(2).stdout("");
}
