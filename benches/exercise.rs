//! Training steps of the exercise (I 1, H 20, O 1, batch 32, T 50) on every device of this machine. Each engine's first
//! loss and parameters are compared with the oracle before anything is timed; the device stands in the bench's id.

use criterion::{Criterion, criterion_group, criterion_main};
use pollster::block_on;
use refrain::data::Windows;
use refrain::engine::gpu::{Gpu, Options, adapters};
use refrain::engine::{Device, Engine, Steps, cpu};
use refrain::model::{CellKind, Spec, initial_parameters};
use refrain::verify::{Case, TOLERANCE, measure};
use std::time::Duration;

const ROWS: usize = 32;
const TIME: usize = 50;
/// Steps of an epoch, queued together, as training does.
const EPOCH: usize = 25;

fn windows() -> Windows {
    let count = ROWS * EPOCH;
    let point = |n: usize, t: usize| (n as f32 * 0.7 + t as f32 * std::f32::consts::TAU / 49.0).sin();
    let x = (0..count * TIME).map(|k| point(k / TIME, k % TIME)).collect();
    let targets = (0..count).map(|n| point(n, TIME)).collect();
    Windows::from_sequences(x, 1, TIME, targets, 1).expect("the lengths fit")
}

/// Times one epoch of `engine`; criterion divides by its steps.
fn time_epoch<E: Engine>(c: &mut Criterion, cell: CellKind, mut engine: E) {
    let ids: Vec<u32> = (0..(ROWS * EPOCH) as u32).collect();
    engine.load_data(&windows()).expect("the windows fit");
    let mut taken = 0;
    let mut group = c.benchmark_group(format!("train-step/{cell}"));
    group.throughput(criterion::Throughput::Elements(EPOCH as u64));
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    group.bench_function(engine.device().name.clone(), |bencher| {
        bencher.iter(|| {
            engine.train(&Steps { taken, ..Steps::new(&ids, ROWS) }).expect("the steps are queued");
            taken += EPOCH as u64;
            let losses = block_on(engine.losses()).expect("the losses are read");
            assert!(losses.len() == EPOCH && losses.iter().all(|loss| loss.is_finite()), "{losses:?}");
        });
    });
    group.finish();
}

fn exercise(c: &mut Criterion) {
    let open = |adapter| Device::Gpu(block_on(Gpu::open(adapter, Options::default())).expect("the adapter opens"));
    let mut devices = vec![Device::Cpu(cpu::Options::default())];
    devices.extend(block_on(adapters()).iter().map(open));
    for cell in [CellKind::RnnTanh, CellKind::Lstm, CellKind::Gru] {
        let spec = Spec::new(cell, 1, 20, 1);
        let case = Case::new(spec, ROWS, TIME);
        let parameters = initial_parameters(&spec, 0);
        for device in &devices {
            let make = |spec: Spec, parameters: &[f32]| device.engine(spec, parameters);
            let errors = block_on(measure(&case, make)).expect("the case runs");
            assert!(errors.within(&TOLERANCE), "{device:?}: {case}: {errors}");
            time_epoch(c, cell, make(spec, &parameters).expect("the network fits"));
        }
    }
}

criterion_group!(benches, exercise);
criterion_main!(benches);
