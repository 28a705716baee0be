//! `refrain` for JavaScript: networks that train and run in a browser, on WebGPU where it has that and else on the
//! processor. All that can take long is asynchronous, and calls back as it goes on; `types.ts` has the types of options
//! and results. Nothing here computes, and nothing knows a page.
#![cfg(target_arch = "wasm32")]
#![warn(missing_docs)]

mod bench;
mod dataset;
mod device;
mod exercise;
mod forecaster;
mod forecasts;
mod js;
mod lost;
mod network;
mod picture;
mod table;
mod verify;

pub use bench::bench;
pub use dataset::Dataset;
pub use device::Device;
pub use exercise::{Exercise, FreeRun};
pub use forecaster::Forecaster;
pub use forecasts::{Backtest, Forecast};
pub use network::Network;
pub use picture::{loss_curve, sample, stream};
pub use table::describe;
pub use verify::verify;

#[cfg(feature = "threads")]
pub use wasm_bindgen_rayon::init_thread_pool;

use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.ts");

/// A panic is a fault of ours: it becomes a JavaScript exception with its words, after which the module is to be
/// loaded anew.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|panic| wasm_bindgen::throw_val(js::panicked(&panic.to_string()))));
}
