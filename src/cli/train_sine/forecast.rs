//! The free-running forecast as a table, as a picture, and as a drawing in the terminal.

use crate::cli::console::significant;
use crate::cli::plot::{DrawResult, FORECAST, GIVEN, GROUND, LEFT, Line, TEXT, TRUTH, font, legend};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::fmt::Write;
use textplots::{Chart, ColorPlot, Plot, Shape};

/// Given points that pictures show at most; the table has them all.
const SHOWN: usize = 100;
/// The drawing in the terminal, in dots: two to a character across, four down.
const DOTS: (u32, u32) = (144, 56);
/// The picture, in pixels.
const SIZE: (u32, u32) = (960, 440);
/// Pixels of the picture above the axes.
const HEAD: i32 = 62;
/// Where the free run starts: between the last given point, at -1, and the first of the forecast, at 0.
const START: f32 = -0.5;

/// A window, what a network made of it on its own output, and what was true.
#[derive(Debug)]
pub struct Forecast {
    pub title: String,
    /// The window, T points.
    pub given: Vec<f32>,
    /// Without noise, from the window's first point on.
    pub truth: Vec<f32>,
    /// From the first point after the window on.
    pub forecast: Vec<f32>,
    /// The forecast against the truth.
    pub rmse: f64,
}

impl Forecast {
    /// One row per point: `k,truth,given,forecast`, empty where there is no value.
    pub fn csv(&self) -> String {
        let mut table = String::from("k,truth,given,forecast\n");
        for (k, truth) in self.truth.iter().enumerate() {
            let cell = |value: Option<&f32>| value.map(f32::to_string).unwrap_or_default();
            let forecast = k.checked_sub(self.given.len()).and_then(|step| self.forecast.get(step));
            let row = writeln!(table, "{k},{truth},{},{}", cell(self.given.get(k)), cell(forecast));
            row.expect("writing to a string does not fail");
        }
        table
    }

    /// The points to show as (k, value), k counted from the first point of the forecast: truth, given, forecast. The
    /// forecast's line begins at the last given point.
    fn lines(&self) -> [Vec<(f32, f32)>; 3] {
        let given = self.given.len();
        let first = given.saturating_sub(SHOWN);
        let at = |start: usize, values: &[f32]| {
            let points = values.iter().enumerate().map(|(k, &value)| ((start + k) as f32 - given as f32, value));
            points.collect::<Vec<_>>()
        };
        let run = [&self.given[given - 1..], &self.forecast].concat();
        [at(first, &self.truth[first..]), at(first, &self.given[first..]), at(given - 1, &run)]
    }

    /// The range of the values shown, with a margin.
    fn range(&self) -> (f32, f32) {
        let lines = self.lines();
        let values = lines.iter().flatten().map(|&(_, value)| value);
        let (low, high) = values.fold((-1f32, 1f32), |(low, high), value| (low.min(value), high.max(value)));
        let margin = 0.08 * (high - low);
        (low - margin, high + margin)
    }

    /// A drawing of dots, with a line of explanation. The dotted upright is where the forecast begins.
    pub fn drawn(&self, colour: bool) -> String {
        let [truth, given, forecast] = self.lines();
        let (low, high) = self.range();
        let (shown, steps) = (given.len() as f32, self.forecast.len() as f32);
        let (truth, forecast) = (Shape::Points(&truth), Shape::Lines(&forecast));
        let mut chart = Chart::new_with_y_range(DOTS.0, DOTS.1, -shown, steps, low, high);
        let chart = if colour {
            let [grey, orange] = [TRUTH, FORECAST].map(|RGBColor(r, g, b)| (r, g, b));
            chart.linecolorplot(&truth, grey.into()).linecolorplot(&forecast, orange.into())
        } else {
            chart.lineplot(&truth).lineplot(&forecast)
        };
        chart.axis();
        chart.figures();
        let steps = self.forecast.len();
        format!(
            "Free run: {steps} points fed with its own output, RMSE {}\n{chart}dots: truth; line: forecast, from 0 on",
            significant(self.rmse)
        )
    }

    /// The picture, as the text of an SVG file.
    pub fn svg(&self) -> anyhow::Result<String> {
        let mut text = String::new();
        self.draw(&SVGBackend::with_string(&mut text, SIZE).into_drawing_area())
            .map_err(|error| anyhow::anyhow!("cannot draw forecast.svg: {error}"))?;
        Ok(text)
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> DrawResult<B> {
        let [truth, given, forecast] = self.lines();
        let name = format!("forecast, RMSE {} over {} points", significant(self.rmse), self.forecast.len());
        let lines = [
            Line { points: truth, colour: TRUTH, width: 5, name: "truth".to_owned() },
            Line { points: given, colour: GIVEN, width: 2, name: "given window".to_owned() },
            Line { points: forecast, colour: FORECAST, width: 2, name },
        ];
        let (low, high) = self.range();
        let (first, last) = (lines[0].points[0].0, self.forecast.len() as f32);

        area.fill(&WHITE)?;
        let (head, body) = area.split_vertically(HEAD);
        head.draw(&Text::new(self.title.as_str(), (LEFT, 16), font(20)))?;
        legend(&head, 54, lines.iter().map(|line| (line.name.as_str(), line.colour.stroke_width(line.width))))?;
        let mut chart = ChartBuilder::on(&body)
            .margin(14)
            .x_label_area_size(44)
            .y_label_area_size(LEFT - 14)
            .build_cartesian_2d(first..last, low..high)?;
        chart.draw_series([Rectangle::new([(START, low), (last, high)], GROUND.filled())])?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(BLACK.mix(0.08))
            .axis_style(BLACK.mix(0.4))
            .label_style(font(13))
            .axis_desc_style(font(15))
            .x_desc("points from the start of the free run")
            .y_desc("value")
            .x_labels(12)
            .y_labels(6)
            .x_label_formatter(&|k| format!("{k:.0}"))
            .y_label_formatter(&|value| format!("{:.1}", (10.0 * value).round() / 10.0 + 0.0)) // + 0.0: no "-0.0"
            .draw()?;
        chart.draw_series(DashedLineSeries::new([(START, low), (START, high)], 5, 4, TEXT.stroke_width(1)))?;
        for (side, k, words) in [(HPos::Right, START - 1.0, "given"), (HPos::Left, START + 1.0, "free run")] {
            let style = font(14).pos(Pos::new(side, VPos::Top));
            chart.draw_series([Text::new(words, (k, high - 0.02 * (high - low)), style)])?;
        }
        for line in lines {
            chart.draw_series(LineSeries::new(line.points, line.colour.stroke_width(line.width)))?;
        }
        area.present()
    }
}
