//! A forecast that runs on its own output, as a table and as a picture.

use crate::plot::{Axis, Frame, Head, Svg};
use crate::words::significant;
use std::fmt::Write;

/// Given points that pictures show at most; the table has them all.
const SHOWN: usize = 100;
/// Pixels of the picture below its head.
const HEIGHT: f64 = 378.0;
/// From one tick of the picture to the next, in points, or a multiple of it.
const TICK: i32 = 10;
/// Where the free run starts: between the last given point, at -1, and the first of the forecast, at 0.
const START: f64 = -0.5;

/// A window, what a network made of it on its own output, and what was true.
#[derive(Debug)]
pub struct FreeRun {
    /// What the picture is called.
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

impl FreeRun {
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
    pub fn lines(&self) -> [Vec<(f32, f32)>; 3] {
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
    pub fn range(&self) -> (f32, f32) {
        let lines = self.lines();
        let values = lines.iter().flatten().map(|&(_, value)| value);
        let (low, high) = values.fold((-1f32, 1f32), |(low, high), value| (low.min(value), high.max(value)));
        let margin = 0.08 * (high - low);
        (low - margin, high + margin)
    }

    /// The picture, so many pixels wide, as the text of an SVG file.
    pub fn svg(&self, width: f64) -> String {
        let [truth, given, forecast] = self.lines().map(|line| {
            let wide = line.into_iter().map(|(k, value)| (f64::from(k), f64::from(value)));
            wide.collect::<Vec<_>>()
        });
        let error = format!("RMSE {} over {} points", significant(self.rmse), self.forecast.len());
        let names = [("truth", "truth"), ("given window", "known"), (&format!("forecast, {error}"), "forecast")];
        let head = Head::new(width, &self.title, &names.map(|(name, class)| (name.to_owned(), class)));
        let height = head.height + HEIGHT;
        let mut svg = Svg::new(width, height, &self.title, &format!("The forecast against the truth: {error}."));
        head.draw(&mut svg);

        let (first, last) = (truth[0].0, self.forecast.len() as f64);
        let values = [&truth, &given, &forecast].into_iter().flatten().map(|&(_, value)| value);
        let x = Axis { low: first, high: last, log: false };
        let frame = Frame::new(width, [head.height + 10.0, height], x, Axis::of(values));
        frame.ground(&mut svg, START, last);
        let every = TICK * ((last - first) / f64::from(TICK) / frame.room(3) as f64).ceil() as i32;
        let ticks = (first as i32..=last as i32).filter(|k| k % every == 0);
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
