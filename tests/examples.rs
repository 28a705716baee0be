//! Every example runs, with less to do than its `main` gives it.

use std::path::Path;

/// The examples as modules: `main` is what the tests leave out.
macro_rules! examples {
    ($($name:ident $path:literal),* $(,)?) => {
        $(
            #[path = $path]
            #[expect(dead_code, reason = "`main` runs longer than a test should")]
            mod $name;
        )*
        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

examples! {
    classify "../examples/classify.rs",
    long_memory "../examples/long_memory.rs",
    sequence_to_sequence "../examples/sequence_to_sequence.rs",
    sine "../examples/sine.rs",
    stream "../examples/stream.rs",
    training_loop "../examples/training_loop.rs",
}

#[path = "../examples/simple_rnn.rs"]
mod simple_rnn;

#[path = "../examples/forecast.rs"]
#[expect(dead_code, reason = "`main` reads a table of its own")]
mod forecast;

/// Those that are not among [`NAMES`]: the course's program and the forecast, which are run too, and the program that
/// prints a table.
const OTHERS: [&str; 3] = ["forecast", "generate_series", "simple_rnn"];

#[test]
fn every_example_is_run_and_named_in_the_readme() {
    let readme = include_str!("../README.md");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let names = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut found: Vec<String> = names.filter_map(|name| Some(name.strip_suffix(".rs")?.to_owned())).collect();
    found.sort_unstable();
    let mut expected: Vec<&str> = NAMES.iter().chain(&OTHERS).copied().collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
    let missing: Vec<&String> = found.iter().filter(|name| !readme.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "not in README.md: {missing:?}");
}

#[test]
fn a_sine_is_continued() {
    // Always answering 0 has 0.7.
    let rmse = sine::run(10).unwrap();
    assert!(rmse < 0.5, "{rmse}");
}

#[test]
fn waves_are_told_apart() {
    let accuracy = classify::run("cpu", 800, 8).unwrap();
    assert!(accuracy > 0.5, "{accuracy}, by chance 0.33");
}

#[test]
fn the_adding_problem_runs_with_every_cell() {
    let errors = long_memory::run("cpu", 450, 20, 3).unwrap();
    assert!(errors.len() == 3 && errors.iter().all(|&mse| mse < 0.5), "{errors:?}");
}

#[test]
fn a_stream_keeps_its_beat() {
    let [median, most, worst] = stream::run(100).unwrap();
    assert!(median <= most && most <= worst && median.as_secs_f64() < 0.01, "{median:?} {most:?} {worst:?}");
}

#[test]
fn a_training_loop_learns() {
    let [first, last] = training_loop::run(200).unwrap();
    assert!(last < 0.9 * first, "{first} {last}");
}

#[test]
fn an_encoder_learns_through_its_decoder() {
    let (losses, _) = sequence_to_sequence::run(12).unwrap();
    assert!(losses[11] < 0.9 * losses[0], "{losses:?}");
}

#[test]
fn the_courses_program_runs() {
    simple_rnn::main().unwrap();
}

#[test]
fn a_table_is_forecast() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demand.csv");
    std::fs::write(&path, refrain::forecast::sample::demand(0, 40 * 24, 24)).unwrap();
    pollster::block_on(forecast::run(path.to_str().expect("a path in UTF-8"), Some(1))).unwrap();
}
