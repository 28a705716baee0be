//! Training steps of the CPU engine over the benchmark table, on one thread and on all. Each network is compared with
//! the oracle on a few rows and steps before it is timed; criterion's elements are steps; the processor, its SIMD level
//! and the threads stand in the bench's id.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use refrain::bench_table::{Row, What, cell_name, rows};
use refrain::data::Windows;
use refrain::engine::cpu::{CpuEngine, Options};
use refrain::engine::{Engine, Steps};
use refrain::verify::{TOLERANCE, measure, numbers};
use std::time::Duration;

fn train_step(c: &mut Criterion) {
    // The largest takes seconds a step: it is left to `refrain bench`.
    for row in rows().iter().filter(|row| row.what == What::Train && row.spec.hidden <= 512) {
        let &Row { spec, rows, steps, .. } = row;
        let small = row.small_case(0);
        let errors = pollster::block_on(measure(&small, CpuEngine::new)).expect("the case runs");
        assert!(errors.within(&TOLERANCE), "{small}: {errors}");

        let (parameters, sequences, targets) = numbers(&row.case(0));
        let windows =
            Windows::from_sequences(sequences.x.into(), spec.input, steps, targets, 1).expect("the lengths fit");
        let mut group = c.benchmark_group(format!("train-step/{}", cell_name(spec.cell)));
        group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
        // Small steps are queued together, as training does.
        let queued = (2_000_000 / (rows * steps * spec.hidden)).clamp(1, 25);
        group.throughput(Throughput::Elements(queued as u64));
        for threads in [Some(1), None] {
            let options = Options { threads, ..Options::default() };
            let mut engine = CpuEngine::with_options(spec, &parameters, options).expect("the network fits");
            engine.load_data(&windows).expect("the windows fit");
            let ids: Vec<u32> = (0..rows as u32).cycle().take(queued * rows).collect();
            let device = format!("{} ({})", engine.device().name, engine.device().driver);
            let mut taken = 0;
            group.bench_function(BenchmarkId::new(device, row), |bencher| {
                bencher.iter(|| {
                    let steps = Steps { taken, ..Steps::new(&ids, rows) };
                    engine.train(&steps).expect("the steps run");
                    taken += queued as u64;
                });
            });
            let losses = pollster::block_on(engine.losses()).expect("the losses are read");
            assert!(losses.iter().all(|loss| loss.is_finite()), "{row}: {losses:?}");
        }
        group.finish();
    }
}

criterion_group!(benches, train_step);
criterion_main!(benches);
