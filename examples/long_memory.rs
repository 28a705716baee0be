//! The adding problem: how far back does a network remember?
//!
//! A sequence has two features, a random number and a mark, and two of its steps are marked. The target is the sum of
//! the two marked numbers. Whoever always answers 1 has a mean squared error of 1/6; to do better, a number must be
//! carried across up to T steps. The Elman RNN does not learn to, because its gradient fades on the way; the gated
//! cells do. Source: Hochreiter and Schmidhuber 1997, Long Short-Term Memory, section 5.4; with the marks anywhere, as
//! Bai et al. 2018.
//!
//! ```text
//! cargo run --release --example long_memory            # on the CPU engine
//! cargo run --release --example long_memory -- gpu     # or another --device
//! ```

use rand::RngExt;
use refrain::data::Windows;
use refrain::engine::{Device, Engine};
use refrain::model::{CellKind, Layout, Model, Spec, initial_parameters};
use refrain::optim::{Clip, Optimizer, Schedule};
use refrain::rng::{Purpose, generator};
use refrain::train::{self, Options, State};
use std::ops::ControlFlow;
use std::time::Instant;

const TRAIN: usize = 16_000;
const TEST: usize = 2_000;
const BATCH: usize = 32;
const EPOCHS: usize = 20;

/// Cells with about 4500 weights each.
const CELLS: [(CellKind, usize); 3] = [(CellKind::RnnTanh, 65), (CellKind::Lstm, 32), (CellKind::Gru, 37)];

fn main() -> refrain::Result<()> {
    let wanted = std::env::args().nth(1).unwrap_or_else(|| "cpu".to_owned());
    pollster::block_on(run(&wanted))
}

async fn run(wanted: &str) -> refrain::Result<()> {
    let device = Device::select(wanted).await?;
    println!("test MSE of the adding problem; always answering 1 gives 0.1667\n");
    println!("{:>4}  {:<9} {:>6} {:>8}  {:>9} {:>8}", "T", "cell", "hidden", "weights", "test MSE", "seconds");
    for steps in [100, 200] {
        let windows = adding(steps)?;
        for (cell, hidden) in CELLS {
            let start = Instant::now();
            let model = initial(cell, hidden);
            let mut engine = device.engine(model.spec, &model.parameters)?;
            engine.load_data(&windows)?;
            let ids: Vec<u32> = (0..TRAIN as u32).collect();
            let watch = async |_: &mut _, _: &train::Progress<'_>| Ok(ControlFlow::Continue(()));
            train::fit(&mut engine, &options(), &ids, State::default(), watch).await?;

            let held_out: Vec<u32> = (TRAIN as u32..(TRAIN + TEST) as u32).collect();
            let test = train::evaluate(&mut engine, &windows, &held_out, 500).await?;
            let (name, weights, seconds) = (cell.name(), model.parameters.len(), start.elapsed().as_secs_f64());
            println!("{steps:>4}  {name:<9} {hidden:>6} {weights:>8}  {:>9.2e} {seconds:>8.1}", test.mse);
        }
    }
    Ok(())
}

fn options() -> Options {
    let total = (EPOCHS * TRAIN.div_ceil(BATCH)) as u64;
    Options {
        epochs: EPOCHS,
        batch: BATCH,
        optimizer: Optimizer::adam(2e-3),
        clip: Some(Clip { max_norm: 1.0 }),
        schedule: Schedule::Cosine { warm_up: 0, total, floor: 0.0 },
        ..Options::default()
    }
}

/// A network with PyTorch's initial weights, but for an LSTM's forget gates: they begin open, with a bias of 1. Source:
/// Jozefowicz et al. 2015, An Empirical Exploration of Recurrent Network Architectures.
fn initial(cell: CellKind, hidden: usize) -> Model {
    let spec = Spec::new(cell, 2, hidden, 1);
    let mut parameters = initial_parameters(&spec, 0);
    if cell == CellKind::Lstm {
        for layer in Layout::new(&spec).layers() {
            // The gates are i, f, g, o; the two biases add up.
            let forget = hidden..2 * hidden;
            parameters[layer.bias_ih.clone()][forget.clone()].fill(1.0);
            parameters[layer.bias_hh.clone()][forget].fill(0.0);
        }
    }
    Model::new(spec, parameters)
}

/// Sequences of `steps` steps, first those to train on, then those held out.
fn adding(steps: usize) -> refrain::Result<Windows> {
    let mut rng = generator(0, Purpose::Data);
    let mut x = Vec::with_capacity((TRAIN + TEST) * steps * 2);
    let mut sums = Vec::with_capacity(TRAIN + TEST);
    for _ in 0..TRAIN + TEST {
        let first = rng.random_range(0..steps);
        let second = (first + rng.random_range(1..steps)) % steps;
        let mut sum = 0.0;
        for step in 0..steps {
            let (number, marked) = (rng.random::<f32>(), step == first || step == second);
            x.extend([number, f32::from(u8::from(marked))]);
            sum += if marked { number } else { 0.0 };
        }
        sums.push(sum);
    }
    Windows::from_sequences(x, 2, steps, sums, 1)
}
