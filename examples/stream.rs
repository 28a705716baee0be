//! A control loop at 1 kHz: every millisecond three sensors in, one command out, on one thread that does nothing else.
//! Prints how long the network takes. `cargo run --release --example stream`

use refrain::{Gru, Result};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Runs for so many milliseconds, and returns the median, the 99th percentile and the longest of the latencies.
pub fn run(ticks: u32) -> Result<[Duration; 3]> {
    let mut network = Gru::builder(3, 64).head(1).build()?; // or Network::open("controller.safetensors")
    let mut stream = network.stream(1)?;
    let mut latencies = Vec::new();
    let begin = Instant::now();
    for tick in 0..ticks {
        sleep((begin + tick * Duration::from_millis(1)).saturating_duration_since(Instant::now()));
        let sensors = [0.0, 0.3, 0.6].map(|phase: f32| (phase + tick as f32 / 50.0).sin());
        let start = Instant::now();
        let command = stream.step(&sensors)?;
        latencies.push(start.elapsed());
        assert!(command[0].is_finite());
    }
    latencies.sort_unstable();
    let at = |part: f64| latencies[((latencies.len() - 1) as f64 * part).round() as usize];
    let [median, most, worst] = [at(0.5), at(0.99), at(1.0)];
    println!("{ticks} steps: median {median:.1?}, 99 % below {most:.1?}, worst {worst:.1?}");
    Ok([median, most, worst])
}

fn main() -> Result<()> {
    run(5000).map(drop)
}
