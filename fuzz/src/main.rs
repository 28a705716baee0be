//! Fuzzing without a sanitizer or a nightly compiler: mutations of the corpus under a seed. The arguments
//! `[SECONDS [SEED [TARGET..]]]` give each target so many seconds. An input that panics or takes seconds is kept in
//! `artifacts`, and ends the run with exit code 1. The argument `corpus` writes the corpus for cargo-fuzz.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use refrain_fuzz::targets::{ALL, Target, attempt};
use refrain_fuzz::{corpus, mutate::mutate};
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs, panic, process};

/// What an input may take.
const SLOW: Duration = Duration::from_secs(5);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    if arguments.first().is_some_and(|argument| argument == "corpus") {
        for (name, _) in ALL {
            let folder = home.join("corpus").join(name);
            fs::create_dir_all(&folder)?;
            for (n, input) in corpus::of(name).iter().enumerate() {
                fs::write(folder.join(n.to_string()), input)?;
            }
        }
        return Ok(());
    }
    let number = |place: usize, default| arguments.get(place).map_or(Ok(default), |text| text.parse::<u64>());
    let (seconds, seed) = (number(0, 60)?, number(1, 0)?);
    let wanted = arguments.get(2..).unwrap_or_default();
    let mut faults = 0;
    for (name, target) in ALL {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            let (inputs, found) = fuzz(name, target, Duration::from_secs(seconds), seed, &home.join("artifacts"))?;
            println!("{name}: {inputs} inputs, {found} faults");
            faults += found;
        }
    }
    process::exit(i32::from(faults > 0))
}

/// Runs a target on mutations; how many, and how many of them are faults.
fn fuzz(name: &str, target: Target, time: Duration, seed: u64, artifacts: &Path) -> Result<(u64, u64), Box<dyn Error>> {
    const MOST_FAULTS: u64 = 5;
    let seeds = corpus::of(name);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let start = Instant::now();
    let (mut inputs, mut faults) = (0, 0);
    for (n, input) in seeds.iter().enumerate() {
        target(input).map_err(|error| format!("{name}: seed {n} is not read: {error}"))?;
    }
    let mut input = seeds[0].clone();
    while start.elapsed() < time && faults < MOST_FAULTS {
        // Some mutations are mutated again, and most begin anew.
        if rng.random_ratio(3, 4) {
            input = seeds[rng.random_range(0..seeds.len())].clone();
        }
        let other = &seeds[rng.random_range(0..seeds.len())];
        mutate(&mut rng, &mut input, other);
        inputs += 1;
        let began = Instant::now();
        let panicked = panic::catch_unwind(|| attempt(target, &input)).is_err();
        if panicked || began.elapsed() > SLOW {
            fs::create_dir_all(artifacts)?;
            let path = artifacts.join(format!("{name}-{seed}-{inputs}"));
            fs::write(&path, &input)?;
            let what = if panicked { "panicked" } else { "took seconds" };
            println!("{name}: an input {what}: {}", path.display());
            faults += 1;
        }
    }
    Ok((inputs, faults))
}
