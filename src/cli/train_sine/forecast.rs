//! The free-running forecast as a table, as a picture, and as a drawing in the terminal.

use crate::cli::plot::{FORECAST, TRUTH};
use refrain::plot::{Axis, Frame, HEAD, Svg, WIDTH, head};
use refrain::words::significant;
use std::fmt::Write;
use textplots::{Chart, ColorPlot, Plot, Shape};

/// Given points that pictures show at most; the table has them all.
const SHOWN: usize = 100;
/// The drawing in the terminal, in dots: two to a character across, four down.
const DOTS: (u32, u32) = (144, 56);
/// Pixels of the picture from top to bottom.
const HEIGHT: f64 = 440.0;
/// From one tick of the picture to the next, in points.
const TICK: i32 = 10;
/// Where the free run starts: between the last given point, at -1, and the first of the forecast, at 0.
const START: f64 = -0.5;

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
            chart.linecolorplot(&truth, TRUTH.into()).linecolorplot(&forecast, FORECAST.into())
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
    pub fn svg(&self) -> String {
        let [truth, given, forecast] = self.lines().map(|line| {
            let wide = line.into_iter().map(|(k, value)| (f64::from(k), f64::from(value)));
            wide.collect::<Vec<_>>()
        });
        let error = format!("RMSE {} over {} points", significant(self.rmse), self.forecast.len());
        let mut svg = Svg::new(WIDTH, HEIGHT, &self.title, &format!("The forecast against the truth: {error}."));
        let names = [("truth", "truth"), ("given window", "known"), (&format!("forecast, {error}"), "forecast")];
        head(&mut svg, &self.title, &names.map(|(name, class)| (name.to_owned(), class)));

        let (first, last) = (truth[0].0, self.forecast.len() as f64);
        let values = [&truth, &given, &forecast].into_iter().flatten().map(|&(_, value)| value);
        let x = Axis { low: first, high: last, log: false };
        let frame = Frame::new(HEAD + 10.0, HEIGHT, x, Axis::of(values));
        frame.ground(&mut svg, START, last);
        let ticks = (first as i32..=last as i32).filter(|k| k % TICK == 0);
        frame.axes(&mut svg, &ticks.map(|k| (f64::from(k), k.to_string())).collect::<Vec<_>>());
        frame.name_below(&mut svg, "points from the start of the free run");
        frame.edge(&mut svg, START);
        frame.beside(&mut svg, START, "free run");
        for (points, class) in [(truth, "truth"), (given, "known"), (forecast, "forecast")] {
            svg.curve(&frame.all(&points), class);
        }
        svg.finish()
    }
}
