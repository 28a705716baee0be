//! The course's first program: SimpleRNN (10 inputs, 20 hidden units, 1 output) is fitted to one random batch
//! (100, 5, 10). `cargo run --release --example simple_rnn`

use refrain::exercise::random_batch;
use refrain::{Fit, Result, Rnn};

pub fn main() -> Result<()> {
    let batch = random_batch(0, 100, 5, 10, 1)?.into(); // seed, rows, time steps, inputs, outputs
    let mut rnn = Rnn::builder(10, 20).head(1).build()?;
    rnn.fit(&batch, Fit::default().epochs(100).batch(100).adam(1e-3).on_epoch(|epoch| println!("{epoch}")))?;
    Ok(())
}
