//! Sequences and what a network is to make of them.

use crate::js::{Result, floats, options, refused, wholes, wrong};
use refrain::network;
use serde::Deserialize;
use wasm_bindgen::prelude::*;

/// Rows of sequences, with their targets.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Dataset(pub(crate) network::Dataset);

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WindowOptions {
    inputs: Option<usize>,
    window: usize,
    horizon: Option<usize>,
}

#[wasm_bindgen]
impl Dataset {
    /// Sequences `x`, [rows, steps, inputs], with the targets or classes and the lengths that are given.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(js_name = "arrays", unchecked_param_type = "Arrays")] arrays: JsValue,
    ) -> Result<Dataset> {
        let x = floats(&arrays, "x")?.ok_or_else(|| wrong("x is not given, expected a Float32Array"))?;
        let shape = wholes(&arrays, "shape")?.and_then(|shape| <[usize; 3]>::try_from(shape).ok());
        let shape = shape.ok_or_else(|| wrong("shape is not given so, expected [rows, steps, inputs]"))?;
        let mut data = network::Dataset::new(x, shape).map_err(refused)?;
        if let Some(lengths) = wholes(&arrays, "lengths")? {
            data = data.lengths(lengths).map_err(refused)?;
        }
        if let Some(targets) = floats(&arrays, "targets")? {
            data = data.targets(targets).map_err(refused)?;
        }
        if let Some(classes) = wholes(&arrays, "classes")? {
            data = data.classes(classes).map_err(refused)?;
        }
        Ok(Dataset(data))
    }

    /// Every window of a series, [steps, inputs], with the steps that follow it as its target.
    pub fn windows(
        series: Vec<f32>,
        #[wasm_bindgen(js_name = "options", unchecked_param_type = "WindowOptions")] wanted: JsValue,
    ) -> Result<Dataset> {
        let WindowOptions { inputs, window, horizon } = options(&wanted)?;
        let data = network::Dataset::windows(series, inputs.unwrap_or(1), window, horizon.unwrap_or(1));
        data.map(Dataset).map_err(refused)
    }

    /// Rows.
    #[wasm_bindgen(getter)]
    pub fn rows(&self) -> usize {
        self.0.rows()
    }
}
