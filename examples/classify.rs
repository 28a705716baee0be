//! Sequences of 8 to 80 steps, each to be told which of three waves it is: a sine, a square or a sawtooth, of any
//! frequency and phase, under noise as large as they are. `cargo run --release --example classify`, or `-- gpu`

use rand::RngExt;
use refrain::rng::{Purpose, generator};
use refrain::{Dataset, Device, Fit, Gru, Result};

/// Trains on so many sequences for so many epochs, and returns the accuracy on others.
pub fn run(device: &str, rows: usize, epochs: usize) -> Result<f64> {
    let (train, test) = waves(rows)?.split(0.2, 0)?;
    let mut gru = Gru::builder(1, 32).head(3).device(Device::named(device)?).build()?;
    let fit = Fit::default().epochs(epochs).adam(5e-3).clip(1.0);
    gru.fit(&train, fit.on_epoch(|epoch| println!("{epoch}")))?;
    let scores = gru.evaluate(&test)?;
    println!("\nHeld out: {scores}\nClasses: 0 sine, 1 square, 2 sawtooth");
    Ok(scores.accuracy.unwrap_or_default())
}

fn waves(rows: usize) -> Result<Dataset> {
    let mut rng = generator(0, Purpose::Data);
    let (mut sequences, mut classes) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        let (class, steps) = (rng.random_range(0..3), rng.random_range(8..=80));
        let (turn, phase) = (rng.random_range(8.0..16.0), rng.random::<f32>()); // steps of a turn, turns
        let wave = |step| match (class, (phase + step as f32 / turn).fract()) {
            (0, place) => (std::f32::consts::TAU * place).sin(),
            (1, place) => (0.5 - place).signum(),
            (_, place) => 2.0 * place - 1.0,
        };
        sequences.push((0..steps).map(|step| wave(step) + rng.random_range(-1.0..1.0)).collect::<Vec<f32>>());
        classes.push(class);
    }
    Dataset::from_rows(sequences, 1)?.classes(classes)
}

fn main() -> Result<()> {
    run(&std::env::args().nth(1).unwrap_or("cpu".into()), 3750, 20).map(drop)
}
