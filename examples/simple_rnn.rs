//! The course's first program: SimpleRNN (10 inputs, 20 hidden units, 1 output) is fitted to one random batch
//! (100, 5, 10).

use refrain::engine::{Engine, cpu::CpuEngine};
use refrain::exercise::random_batch;
use refrain::model::{CellKind, Spec, initial_parameters};
use refrain::train;
use std::ops::ControlFlow;

fn main() -> refrain::Result<()> {
    let spec = Spec::new(CellKind::RnnTanh, 10, 20, 1); // inputs, hidden units, outputs
    let mut rnn = CpuEngine::new(spec, &initial_parameters(&spec, 0))?;

    let batch = random_batch(0, 100, 5, 10, 1)?; // seed, rows, time steps, inputs, outputs
    rnn.load_data(&batch)?;

    let rows: Vec<u32> = (0..100).collect();
    let options = train::Options { epochs: 100, batch: 100, ..Default::default() }; // Adam(1e-3)
    let training = train::fit(&mut rnn, &options, &rows, train::State::default(), async |_, progress| {
        if let Some(report) = &progress.report {
            println!("Epoch [{}/{}], Loss: {:.4}", progress.epoch, progress.epochs, report.loss);
        }
        Ok(ControlFlow::Continue(()))
    });
    pollster::block_on(training)?;
    Ok(())
}
