//! Losses over the epochs.

use super::{DrawResult, FORECAST, GIVEN, LEFT, TEXT, font, legend};
use plotters::coord::Shift;
use plotters::prelude::*;
use refrain::train::Finished;

/// The picture, in pixels, and what is above its axes.
const SIZE: (u32, u32) = (960, 420);
const HEAD: i32 = 62;

/// The picture of a run: its training and validation losses, on a logarithmic scale, and the best epoch.
pub fn losses(finished: &Finished) -> anyhow::Result<String> {
    let mut text = String::new();
    draw(finished, &SVGBackend::with_string(&mut text, SIZE).into_drawing_area())
        .map_err(|error| anyhow::anyhow!("cannot draw the losses: {error}"))?;
    Ok(text)
}

fn draw<B: DrawingBackend>(finished: &Finished, area: &DrawingArea<B, Shift>) -> DrawResult<B> {
    let curve = |losses: &[f64]| {
        let points = losses.iter().enumerate().map(|(n, &loss)| ((n + 1) as f64, loss.max(f64::MIN_POSITIVE)));
        points.filter(|(_, loss)| loss.is_finite()).collect::<Vec<_>>()
    };
    let curves = [(curve(&finished.history), GIVEN), (curve(&finished.val), FORECAST)];
    let (low, high) = curves
        .iter()
        .flat_map(|(points, _)| points)
        .fold((f64::INFINITY, 0f64), |(low, high), &(_, loss)| (low.min(loss), high.max(loss)));
    let last = (finished.epochs as f64).max(2.0);

    area.fill(&WHITE)?;
    let (head, body) = area.split_vertically(HEAD);
    head.draw(&Text::new("Loss over the epochs", (LEFT, 16), font(20)))?;
    let names = [("training", GIVEN.stroke_width(2)), ("validation", FORECAST.stroke_width(2))];
    legend(&head, 48, names.into_iter().take(if finished.val.is_empty() { 1 } else { 2 }))?;
    let mut chart = ChartBuilder::on(&body)
        .margin(14)
        .x_label_area_size(44)
        .y_label_area_size(LEFT - 14)
        .build_cartesian_2d(1.0..last, (0.9 * low.min(high)..1.1 * high).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.08))
        .axis_style(BLACK.mix(0.4))
        .label_style(font(13))
        .axis_desc_style(font(15))
        .x_desc("epoch")
        .x_label_formatter(&|epoch| format!("{epoch:.0}"))
        .y_label_formatter(&|&loss| crate::cli::console::significant(loss))
        .draw()?;
    for (points, colour) in curves {
        chart.draw_series(LineSeries::new(points, colour.stroke_width(2)))?;
    }
    if let Some(best) = finished.best {
        let at = best.epoch as f64;
        let line = [(at, 0.9 * low), (at, 1.1 * high)];
        chart.draw_series(DashedLineSeries::new(line, 5, 4, TEXT.stroke_width(1)))?;
        let words = format!("best, epoch {}", best.epoch);
        let side = if at > 0.8 * last { at - 0.13 * last } else { at + 0.01 * last };
        chart.draw_series([Text::new(words, (side, 1.05 * high), font(14))])?;
    }
    area.present()
}
