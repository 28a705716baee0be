//! How fast a device is.

use crate::device::Device;
use crate::js::{Result, refused, value, wrong};
use refrain::bench_table::rows;
use refrain::measure;
use serde::Serialize;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds, of a page and of a worker.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// Times a row of the benchmark table for about so many seconds, after its numbers were compared with the f64 reference:
/// `train rnn B=32 T=50 I=1 H=20` is a training step of the exercise.
#[wasm_bindgen(unchecked_return_type = "BenchTiming")]
pub async fn bench(device: &Device, row: &str, seconds: f64) -> Result<JsValue> {
    #[derive(Serialize)]
    struct Timed<'a> {
        name: &'a str,
        #[serde(flatten)]
        timing: measure::Timing,
    }
    let found = rows().into_iter().find(|found| found.to_string() == row);
    let found = found.ok_or_else(|| wrong(format!("the benchmark table has no row `{row}`")))?;
    measure::check(&found, &device.0, 0).await.map_err(refused)?;
    let clock = || performance_now() / 1e3;
    let measured = measure::time(&found, &device.0, 0, seconds, false, clock).await.map_err(refused)?;
    value(&Timed { name: row, timing: measured.timing })
}
