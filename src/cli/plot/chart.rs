//! The drawing of forecasts in the terminal.

use super::{FORECAST, GIVEN};
use crate::cli::console::{escaped, significant};
use refrain::forecast::picture::Picture;
use refrain::plot::Axis;
use textplots::{Chart, ColorPlot, Plot, Shape};

/// The drawing, in dots: two to a character across, four down.
const DOTS: (u32, u32) = (144, 56);

/// A drawing of the first panel in dots, with a line of explanation.
pub fn drawn(picture: &Picture, colour: bool) -> String {
    let Some(panel) = picture.panels.first() else { return String::new() };
    let values = panel.values();
    let Axis { low, high, .. } = values;
    // The dots are placed in f32, in which the difference of large values would not be finite: their places are
    // drawn where the values themselves do not fit.
    let fits = high.abs().max(low.abs()) < 1e30 && high - low > 1e-5 * high.abs().max(low.abs()).max(1e-30);
    let place = |value: f64| if fits { value as f32 } else { values.place(value) as f32 };
    let points = |points: Vec<(f64, f64)>| {
        let shown = points.into_iter().filter(|(_, value)| value.is_finite());
        shown.map(|(row, value)| (row as f32, place(value))).collect::<Vec<_>>()
    };
    let truth = points(panel.truth());
    let forecasts = panel.forecasts.last().map_or(Vec::new(), |forecast| panel.level(forecast, picture.middle));
    let forecasts = points(forecasts);
    let (truth, forecast) = (Shape::Lines(&truth), Shape::Points(&forecasts));
    let last = (panel.times.len().max(2) - 1) as f32;
    let mut chart = Chart::new_with_y_range(DOTS.0, DOTS.1, 0.0, last, place(low), place(high));
    let chart = if colour {
        chart.linecolorplot(&truth, GIVEN.into()).linecolorplot(&forecast, FORECAST.into())
    } else {
        chart.lineplot(&truth).lineplot(&forecast)
    };
    chart.axis();
    chart.figures();
    let [from, to] = [panel.times.first(), panel.times.last()].map(|time| time.map_or("", String::as_str));
    let scale =
        if fits { String::new() } else { format!("; from 0 to 1: {} to {}", significant(low), significant(high)) };
    let (title, known) = (escaped(&panel.title), picture.known);
    format!("{title}\n{chart}line: {known}; dots: forecast; {from} to {to}{scale}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use refrain::forecast::picture::Panel;

    fn picture(truth: Vec<f64>, step: Vec<f64>) -> Picture {
        let panel = Panel {
            title: "y".to_owned(),
            times: (0..=truth.len()).map(|row| row.to_string()).collect(),
            forecasts: vec![(truth.len(), vec![step])],
            truth,
        };
        let levels = vec![None, Some(0.05), Some(0.95)];
        Picture { title: "Forecast".to_owned(), known: "known", panels: vec![panel], left_out: 0, levels, middle: 0 }
    }

    #[test]
    fn a_drawing_says_what_it_shows() {
        let drawn = drawn(&picture(vec![1.0, 2.0, 3.0], vec![4.0, 3.0, 5.0]), false);
        assert!(drawn.starts_with("y\n") && drawn.ends_with("line: known; dots: forecast; 0 to 3"), "{drawn}");
        assert!(!drawn.contains('\u{1b}'));
    }

    #[test]
    fn every_finite_series_is_drawn() {
        for truth in [vec![3e38; 5], vec![f64::MAX, f64::MIN], vec![0.0], vec![1e-300; 3], vec![f64::NAN; 2], vec![]] {
            assert!(drawn(&picture(truth, vec![1e38, -3e38, f64::MAX]), false).len() < 20_000);
        }
    }
}
