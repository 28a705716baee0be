//! What a forecaster makes of a table.

use crate::js::{Result, in_words, pixels, value};
use refrain::forecast;
use refrain::forecast::picture::Picture;
use wasm_bindgen::prelude::*;

/// The errors of a forecaster, beside those of forecasts that need no network.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Backtest {
    pub(crate) found: forecast::Backtest,
    pub(crate) picture: Picture,
    pub(crate) lost: Option<String>,
}

#[wasm_bindgen]
impl Backtest {
    /// The errors.
    #[wasm_bindgen(getter, unchecked_return_type = "BacktestResult")]
    pub fn result(&self) -> Result<JsValue> {
        value(&self.found)
    }

    /// Why the processor computed it, where the GPU was lost.
    #[wasm_bindgen(getter)]
    pub fn lost(&self) -> Option<String> {
        self.lost.clone()
    }

    /// The last forecasts and what came, as the text of an SVG file so many pixels wide.
    pub fn svg(&self, width: f64) -> Result<String> {
        Ok(self.picture.svg(pixels(width)?))
    }
}

/// What comes after a table's end.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Forecast {
    pub(crate) found: forecast::Forecast,
    pub(crate) picture: Picture,
    pub(crate) lost: Option<String>,
}

#[wasm_bindgen]
impl Forecast {
    /// The table of forecasts, as CSV.
    pub fn csv(&self) -> String {
        self.found.sheet().to_csv()
    }

    /// Plain sentences: which series are left out.
    #[wasm_bindgen(getter)]
    pub fn notes(&self) -> Vec<String> {
        self.found.notes.iter().map(in_words).collect()
    }

    /// Why the processor computed it, where the GPU was lost.
    #[wasm_bindgen(getter)]
    pub fn lost(&self) -> Option<String> {
        self.lost.clone()
    }

    /// History and forecast, as the text of an SVG file so many pixels wide.
    pub fn svg(&self, width: f64) -> Result<String> {
        Ok(self.picture.svg(pixels(width)?))
    }
}
