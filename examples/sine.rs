//! A sine, and a network's forecast of it that is fed with its own output. `cargo run --release --example sine`

use refrain::{Dataset, Fit, Lstm, Result};

/// Trains for so many epochs, and returns the root of the mean squared error of 100 points that the network goes on
/// alone.
pub fn run(epochs: usize) -> Result<f32> {
    let sine = |t: usize| (t as f32 / 8.0).sin();
    let data = Dataset::windows((0..1000).map(sine), 1, 50, 1)?; // inputs, window, horizon

    let mut network = Lstm::builder(1, 20).head(1).build()?;
    let fit = Fit::default().epochs(epochs).adam(5e-3).cosine(0).validate(0.1);
    network.fit(&data, fit.on_epoch(|epoch| println!("{epoch}")))?;
    println!("{}", network.evaluate(&data)?);

    let mut stream = network.stream(1)?;
    let mut y = 0.0;
    for t in 1000..1050 {
        y = stream.step(&[sine(t)])?[0];
    }
    let mut squares = 0.0;
    for t in 1050..1150 {
        squares += (y - sine(t)).powi(2);
        y = stream.step(&[y])?[0];
    }
    let rmse = (squares / 100.0).sqrt();
    println!("Free run: 100 points fed with its own output, RMSE {rmse:.4}");
    Ok(rmse)
}

fn main() -> Result<()> {
    run(50).map(drop)
}
