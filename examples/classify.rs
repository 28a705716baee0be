//! Sequences of unequal length, each to be told which of three waves it is: a sine, a square or a sawtooth, of any
//! frequency and phase, under noise as large as they are. Rows are padded to the longest, and what the padding holds is
//! never read: here it is NaN.
//!
//! ```text
//! cargo run --release --example classify            # on the CPU engine
//! cargo run --release --example classify -- gpu     # or another --device
//! ```

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use refrain::data::Windows;
use refrain::engine::{Device, Engine};
use refrain::loss::Loss;
use refrain::model::{CellKind, Spec, initial_parameters};
use refrain::optim::{Clip, Optimizer};
use refrain::rng::{Purpose, generator};
use refrain::train::{self, Options, State};
use std::ops::ControlFlow;

const NAMES: [&str; 3] = ["sine", "square", "sawtooth"];
const TRAIN: usize = 3_000;
const TEST: usize = 600;
/// Steps of the shortest and of the longest sequence.
const STEPS: (usize, usize) = (8, 80);
const NOISE: f32 = 1.0;

fn main() -> refrain::Result<()> {
    let wanted = std::env::args().nth(1).unwrap_or_else(|| "cpu".to_owned());
    pollster::block_on(run(&wanted))
}

async fn run(wanted: &str) -> refrain::Result<()> {
    let (windows, classes) = waves()?;
    let spec = Spec::new(CellKind::Gru, 1, 32, NAMES.len());
    let mut gru = Device::select(wanted).await?.engine(spec, &initial_parameters(&spec, 0))?;
    gru.load_data(&windows)?;

    let ids: Vec<u32> = (0..TRAIN as u32).collect();
    let options = Options {
        epochs: 20,
        loss: Loss::CrossEntropy,
        optimizer: Optimizer::adam(5e-3),
        clip: Some(Clip { max_norm: 1.0 }),
        ..Options::default()
    };
    let watch = async |_: &mut _, progress: &train::Progress<'_>| {
        if let Some(report) = &progress.report {
            println!("Epoch [{}/{}], Loss: {:.4}", progress.epoch, progress.epochs, report.loss);
        }
        Ok(ControlFlow::Continue(()))
    };
    train::fit(&mut gru, &options, &ids, State::default(), watch).await?;

    let held_out: Vec<u32> = (TRAIN as u32..(TRAIN + TEST) as u32).collect();
    let scores = gru.predict(&held_out, 100).await?;
    let mut table = [[0; NAMES.len()]; NAMES.len()];
    for (scores, &class) in scores.chunks_exact(NAMES.len()).zip(&classes[TRAIN..]) {
        let best = (0..NAMES.len()).fold(0, |best, next| if scores[next] > scores[best] { next } else { best });
        table[class][best] += 1;
    }
    let right: usize = (0..NAMES.len()).map(|class| table[class][class]).sum();
    println!(
        "\nOf {TEST} sequences held out, {right} are told right. Rows: what they are; columns: what they are taken for."
    );
    println!("{:<9}{:>9}{:>9}{:>9}", "", NAMES[0], NAMES[1], NAMES[2]);
    for (name, [a, b, c]) in NAMES.iter().zip(table) {
        println!("{name:<9}{a:>9}{b:>9}{c:>9}");
    }
    Ok(())
}

/// The sequences and their classes, first those to train on, then those held out.
fn waves() -> refrain::Result<(Windows, Vec<usize>)> {
    let mut rng = generator(0, Purpose::Data);
    let count = TRAIN + TEST;
    let mut x = vec![f32::NAN; count * STEPS.1];
    let (mut classes, mut lengths) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for row in x.chunks_exact_mut(STEPS.1) {
        let class = rng.random_range(0..NAMES.len());
        let length = rng.random_range(STEPS.0..=STEPS.1);
        draw(&mut rng, class, &mut row[..length]);
        classes.push(class);
        lengths.push(length as u32);
    }
    let targets = classes.iter().map(|&class| class as f32).collect();
    Ok((Windows::from_sequences(x, 1, STEPS.1, targets, 1)?.with_lengths(lengths)?, classes))
}

/// One wave, of 8 to 16 steps a turn.
fn draw(rng: &mut ChaCha8Rng, class: usize, row: &mut [f32]) {
    let (turn, phase) = (rng.random_range(8.0..16.0), rng.random::<f32>());
    for (step, value) in row.iter_mut().enumerate() {
        let place = (phase + step as f32 / turn).fract();
        let wave = match class {
            0 => (std::f32::consts::TAU * place).sin(),
            1 => {
                if place < 0.5 {
                    1.0
                } else {
                    -1.0
                }
            }
            _ => 2.0 * place - 1.0,
        };
        *value = wave + NOISE * (2.0 * rng.random::<f32>() - 1.0);
    }
}
