//! A training loop of one's own: forward pass, loss, way back, step of the optimiser. The network learns to say at every
//! step whether the ones so far are odd or even in number. `cargo run --release --example training_loop`

use rand::RngExt;
use refrain::data::Sequences;
use refrain::loss::Loss;
use refrain::optim::Optimizer;
use refrain::rng::{Purpose, generator};
use refrain::{Gru, Result};

/// Takes so many steps, and returns the loss of the first and of the last.
pub fn run(steps: usize) -> Result<[f64; 2]> {
    let mut network = Gru::builder(1, 16).head(1).every_step().build()?;
    let mut rng = generator(0, Purpose::Data);
    let mut losses = [0.0; 2];
    for step in 0..steps {
        let bits: Vec<f32> = (0..64 * 12).map(|_| f32::from(rng.random::<bool>() as u8)).collect();
        let parity = |row: &[f32]| {
            let ones = row.iter().scan(0.0, |ones, bit| (*ones += bit, Some(*ones % 2.0)).1);
            ones.collect::<Vec<f32>>()
        };
        let targets: Vec<f32> = bits.chunks(12).flat_map(parity).collect();
        let batch = Sequences::new(64, 12, bits); // rows, steps

        let (outputs, tape) = network.forward(&batch)?;
        let (loss, d_outputs) = network.loss(Loss::BinaryCrossEntropy, &batch, &outputs, &targets)?;
        let gradients = network.backward(tape, &d_outputs)?;
        network.update(&gradients.parameters, &Optimizer::adam(1e-2))?;

        losses = [if step == 0 { loss } else { losses[0] }, loss];
        if (step + 1) % 50 == 0 {
            println!("Step {}: loss {loss:.4}", step + 1);
        }
    }
    Ok(losses)
}

fn main() -> Result<()> {
    run(500).map(drop)
}
