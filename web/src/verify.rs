//! The kernels of a device against the f64 reference.

use crate::device::Device;
use crate::js::{Result, options, refused, told, value};
use js_sys::Function;
use refrain::engine;
use refrain::verify::{Row, cases, groups, half_cases, measure, option_cases, segment_cases};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct VerifyOptions {
    every: Option<usize>,
}

#[derive(Serialize)]
struct Progress<'a> {
    done: usize,
    total: usize,
    rows: &'a [Row],
}

/// Holds a device against the f64 reference, over the table of networks and batch shapes of `refrain verify`. The
/// callback is told of every case, and `false` ends it. Returns a row of the worst errors for each cell and precision.
#[wasm_bindgen(unchecked_return_type = "VerifyRow[]")]
pub async fn verify(
    device: &Device,
    #[wasm_bindgen(js_name = "options", unchecked_optional_param_type = "VerifyOptions")] wanted: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "Callback<VerifyProgress>")] callback: Option<Function>,
) -> Result<JsValue> {
    let VerifyOptions { every } = options(&wanted)?;
    let half = if let engine::Device::Gpu(_) = device.0 { half_cases() } else { Vec::new() };
    let cases: Vec<_> = [cases(), option_cases(), segment_cases(), half]
        .concat()
        .into_iter()
        .step_by(every.unwrap_or(1).max(1))
        .collect();
    let groups = groups(&cases);
    let mut rows: Vec<Row> = groups.iter().map(|group| Row::new(group[0])).collect();
    let mut done = 0;
    for (n, group) in groups.iter().enumerate() {
        for &case in group {
            let errors = measure(case, |spec, parameters| device.0.engine_with(spec, parameters, case.precision));
            rows[n].note(case, errors.await.map_err(refused)?);
            done += 1;
            if !told(callback.as_ref(), &Progress { done, total: cases.len(), rows: &rows }).await? {
                return value(&rows);
            }
        }
    }
    value(&rows)
}
