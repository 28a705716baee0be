//! The drawing of the free-running forecast in the terminal.

use crate::cli::plot::{FORECAST, TRUTH};
use refrain::exercise::FreeRun;
use refrain::words::significant;
use textplots::{Chart, ColorPlot, Plot, Shape};

/// The drawing, in dots: two to a character across, four down.
const DOTS: (u32, u32) = (144, 56);

/// A drawing of dots, with a line of explanation. The dotted upright is where the forecast begins.
pub fn drawn(run: &FreeRun, colour: bool) -> String {
    let [truth, given, forecast] = run.lines();
    let (low, high) = run.range();
    let (shown, steps) = (given.len() as f32, run.forecast.len() as f32);
    let (truth, forecast) = (Shape::Points(&truth), Shape::Lines(&forecast));
    let mut chart = Chart::new_with_y_range(DOTS.0, DOTS.1, -shown, steps, low, high);
    let chart = if colour {
        chart.linecolorplot(&truth, TRUTH.into()).linecolorplot(&forecast, FORECAST.into())
    } else {
        chart.lineplot(&truth).lineplot(&forecast)
    };
    chart.axis();
    chart.figures();
    let steps = run.forecast.len();
    format!(
        "Free run: {steps} points fed with its own output, RMSE {}\n{chart}dots: truth; line: forecast, from 0 on",
        significant(run.rmse)
    )
}
