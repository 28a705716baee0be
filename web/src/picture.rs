//! Pictures and tables that need no network.

use crate::js::{Result, pixels, wrong};
use refrain::forecast::sample as samples;
use refrain::plot::{Axis, Frame, Head, Svg};
use refrain::train::{Best, Finished, loss_curves};
use wasm_bindgen::prelude::*;

/// Losses over the epochs as a picture so many pixels wide: of training, and of validation where `val` is not empty;
/// `best` is the best epoch, or 0.
#[wasm_bindgen(js_name = "lossCurve")]
pub fn loss_curve(history: Vec<f64>, val: Vec<f64>, best: usize, network: &str, width: f64) -> Result<String> {
    let width = pixels(width)?;
    let best = (1..=val.len()).contains(&best).then(|| Best { epoch: best, loss: val[best - 1], mae: None });
    let finished = Finished { epochs: history.len(), steps: 0, history, val, best, stopped: false };
    Ok(loss_curves(&finished, network, width))
}

/// A generated table, as CSV: `demand`, 2400 hours of it beside the temperature, or `visits`, 1100 days.
#[wasm_bindgen]
pub fn sample(
    #[wasm_bindgen(unchecked_param_type = "\"demand\" | \"visits\"")] name: &str,
    seed: u32,
) -> Result<String> {
    match name {
        "demand" => Ok(samples::demand(seed.into(), 2400, 0)),
        "visits" => Ok(samples::visits(seed.into(), 1100)),
        _ => Err(wrong(format!("there is no sample `{name}`: expected demand or visits"))),
    }
}

/// What went into a stream and what came out, the last of it, as a picture so many pixels wide; the last value is that
/// of step `step`.
#[wasm_bindgen(js_name = "streamPicture")]
pub fn stream(title: &str, inputs: Vec<f32>, outputs: Vec<f32>, step: usize, width: f64) -> Result<String> {
    /// Pixels below the head.
    const HEIGHT: f64 = 378.0;
    let width = pixels(width)?;
    let count = inputs.len().max(outputs.len());
    let first = step as f64 - count as f64 + 1.0;
    let points = |values: &[f32]| {
        let from = count - values.len();
        values.iter().enumerate().map(|(n, &y)| (first + (from + n) as f64, f64::from(y))).collect::<Vec<_>>()
    };
    let (inputs, outputs) = (points(&inputs), points(&outputs));
    let names = [("input".to_owned(), "known"), ("output".to_owned(), "forecast")];
    let head = Head::new(width, title, &names);
    let height = head.height + HEIGHT;
    let mut svg = Svg::new(width, height, title, &format!("The last {count} steps of the stream."));
    head.draw(&mut svg);
    let x = Axis { low: first, high: (step as f64).max(first + 1.0), log: false };
    let y = Axis::of(inputs.iter().chain(&outputs).map(|&(_, value)| value));
    let frame = Frame::new(width, [head.height + 10.0, height], x, y);
    frame.axes(&mut svg, &x.ticks().into_iter().filter(|(step, _)| *step >= 0.0).collect::<Vec<_>>());
    frame.name_below(&mut svg, "step");
    for (points, class) in [(inputs, "known"), (outputs, "forecast")] {
        svg.curve(&frame.all(&points), class);
    }
    Ok(svg.finish())
}
