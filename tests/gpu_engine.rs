//! The GPU engine against the oracle. Needs an adapter, a software one will do; with none it fails with the remedy.

use refrain::engine::gpu::{Gpu, GpuEngine, Options, choose};
use refrain::verify::{self, TOLERANCE};
use std::sync::Arc;

fn open(options: Options) -> Arc<Gpu> {
    let adapter = pollster::block_on(choose("gpu")).unwrap_or_else(|error| panic!("{error}"));
    pollster::block_on(Gpu::open(&adapter.expect("`gpu` finds an adapter or fails"), options))
        .expect("the device opens")
}

#[test]
fn agrees_with_the_oracle() {
    let gpu = open(Options::default());
    let mut failed = Vec::new();
    for case in verify::cases().iter().filter(|case| case.rows < 100) {
        let errors =
            pollster::block_on(verify::measure(case, |spec, parameters| GpuEngine::new(gpu.clone(), spec, parameters)));
        match errors {
            Ok(errors) if errors.within(&TOLERANCE) => {}
            other => failed.push(format!("{case}: {other:?}")),
        }
    }
    assert!(failed.is_empty(), "{} cases:\n{}", failed.len(), failed[..failed.len().min(10)].join("\n"));
}
