//! Training steps of the CPU engine over a table of shapes, on one thread and on all. Each network is held against the oracle
//! on a few rows and steps before it is timed; criterion's elements are steps; the processor, its SIMD level and the threads stand in the bench's id.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use refrain::data::Windows;
use refrain::engine::cpu::{CpuEngine, Options};
use refrain::engine::{Adam, Engine, Steps};
use refrain::model::{CellKind, Spec};
use refrain::verify::{Case, TOLERANCE, measure, numbers};
use std::time::Duration;

/// (B, T, I, H), one output, read from the last step.
const SHAPES: [(usize, usize, usize, usize); 7] = [
    (32, 50, 1, 20),
    (100, 5, 10, 20),
    (1000, 50, 1, 20),
    (1000, 50, 1, 64),
    (64, 100, 64, 128),
    (1000, 50, 1, 128),
    (32, 100, 256, 512),
];

fn train_step(c: &mut Criterion) {
    for (rows, steps, input, hidden) in SHAPES {
        for cell in [CellKind::RnnTanh, CellKind::Lstm, CellKind::Gru] {
            let case =
                Case { spec: Spec::new(cell, input, hidden, 1), rows, steps, states: false, scale: 1.0, seed: 0 };
            let small = Case { rows: rows.min(17), steps: steps.min(5), ..case };
            let errors = pollster::block_on(measure(&small, CpuEngine::new)).expect("the case runs");
            assert!(errors.within(&TOLERANCE), "{small}: {errors}");

            let (parameters, sequences, targets) = numbers(&case);
            let windows = Windows::from_sequences(sequences.x, input, steps, targets, 1).expect("the lengths fit");
            let mut group = c.benchmark_group(format!("train-step/{cell}"));
            group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
            // Small steps are queued together, as training does.
            let queued = (2_000_000 / (rows * steps * hidden)).clamp(1, 25);
            group.throughput(Throughput::Elements(queued as u64));
            for threads in [Some(1), None] {
                let options = Options { threads, ..Options::default() };
                let mut engine = CpuEngine::with_options(case.spec, &parameters, options).expect("the network fits");
                engine.load(&windows).expect("the windows fit");
                let ids: Vec<u32> = (0..rows as u32).cycle().take(queued * rows).collect();
                let device = format!("{} ({})", engine.device().name, engine.device().driver);
                let id = BenchmarkId::new(device, format!("B={rows} T={steps} I={input} H={hidden}"));
                let mut taken = 0;
                group.bench_function(id, |bencher| {
                    bencher.iter(|| {
                        let steps = Steps { ids: &ids, batch: rows, adam: Adam::default(), taken };
                        engine.train(&steps).expect("the steps run");
                        taken += queued as u64;
                    });
                });
                let losses = pollster::block_on(engine.losses()).expect("the losses are read");
                assert!(losses.iter().all(|loss| loss.is_finite()), "{case}: {losses:?}");
            }
            group.finish();
        }
    }
}

criterion_group!(benches, train_step);
criterion_main!(benches);
