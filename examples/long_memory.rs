//! The adding problem: two of T steps are marked, and the target is the sum of their numbers. Always answering 1 has a
//! mean squared error of 1/6. The RNN does not do much better, because its gradient fades on the way back; the gated
//! cells do. Source: Hochreiter and Schmidhuber 1997, Long Short-Term Memory, section 5.4; marks as Bai et al. 2018.
//! `cargo run --release --example long_memory`, or `-- gpu`

use rand::RngExt;
use refrain::rng::{Purpose, generator};
use refrain::{Dataset, Device, Fit, Gru, Lstm, Result, Rnn};

/// Trains on `rows` sequences of `steps` steps, and returns the test MSE of each cell, with about 4500 weights each.
pub fn run(device: &str, rows: usize, steps: usize, epochs: usize) -> Result<Vec<f64>> {
    let (train, test) = adding(rows, steps)?.split(1.0 / 9.0, 0)?;
    let cells = [Rnn::builder(2, 65), Lstm::builder(2, 32).forget_bias(1.0), Gru::builder(2, 37)];
    let device = Device::named(device)?;
    let measured = cells.map(|cell| {
        let mut network = cell.head(1).device(device.clone()).build()?;
        let start = std::time::Instant::now();
        network.fit(&train, Fit::default().epochs(epochs).adam(2e-3).clip(1.0).cosine(0))?;
        let mse = network.evaluate(&test)?.loss;
        println!("T {steps}: test MSE {mse:.2e} after {:.1} s, {}", start.elapsed().as_secs_f64(), network.spec());
        Ok(mse)
    });
    measured.into_iter().collect()
}

fn adding(rows: usize, steps: usize) -> Result<Dataset> {
    let mut rng = generator(0, Purpose::Data);
    let (mut x, mut sums) = (Vec::new(), vec![0.0; rows]);
    for sum in &mut sums {
        let first = rng.random_range(0..steps);
        let second = (first + rng.random_range(1..steps)) % steps;
        for step in 0..steps {
            let (number, marked) = (rng.random::<f32>(), step == first || step == second);
            x.extend([number, f32::from(u8::from(marked))]);
            *sum += if marked { number } else { 0.0 };
        }
    }
    Dataset::new(x, [rows, steps, 2])?.targets(sums)
}

fn main() -> Result<()> {
    let device = std::env::args().nth(1).unwrap_or("cpu".into());
    [100, 200].into_iter().try_for_each(|steps| run(&device, 18_000, steps, 20).map(drop))
}
