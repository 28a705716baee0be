//! Forecasts over time: what is known, what is forecast, how sure that is, and what came; a panel for each target.

use super::{DrawResult, FORECAST, GIVEN, GROUND, LEFT, TEXT, font, legend, range};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::prelude::*;
use refrain::forecast::Level;
use std::ops::Range;
use textplots::{Chart, ColorPlot, Plot, Shape};

/// A panel of the picture, and what is above the first, in pixels.
const PANEL: (u32, u32) = (960, 260);
const HEAD: u32 = 62;
/// The drawing in the terminal, in dots: two to a character across, four down.
const DOTS: (u32, u32) = (144, 56);

/// A picture of forecasts.
#[derive(Debug)]
pub struct Picture {
    pub title: String,
    pub panels: Vec<Panel>,
    /// Targets that have no panel.
    pub left_out: usize,
    /// What each forecast gives at a step (V).
    pub levels: Vec<Level>,
    /// The place of the point among them.
    pub middle: usize,
}

/// One target over time.
#[derive(Debug)]
pub struct Panel {
    pub title: String,
    /// The time of each row.
    pub times: Vec<String>,
    /// What is known, from the first row on.
    pub truth: Vec<f64>,
    /// Forecasts: the first row of each, and its steps, [steps][V].
    pub forecasts: Vec<(usize, Vec<Vec<f64>>)>,
}

impl Panel {
    fn truth(&self) -> Vec<(f32, f32)> {
        self.truth.iter().enumerate().map(|(row, &value)| (row as f32, value as f32)).collect()
    }

    /// A level of a forecast; the points begin at the last value before them.
    fn level(&self, forecast: &(usize, Vec<Vec<f64>>), level: usize, joined: bool) -> Vec<(f32, f32)> {
        let (first, steps) = forecast;
        let before = joined.then(|| first.checked_sub(1)).flatten();
        let before = before.and_then(|row| Some((row as f32, *self.truth.get(row)? as f32)));
        let steps = steps.iter().enumerate().map(|(step, values)| ((first + step) as f32, values[level] as f32));
        before.into_iter().chain(steps).collect()
    }

    fn range(&self) -> (f32, f32) {
        let forecasts = self.forecasts.iter().flat_map(|(_, steps)| steps.iter().flatten());
        range(self.truth.iter().chain(forecasts).map(|&value| value as f32))
    }
}

impl Picture {
    /// The picture, as the text of an SVG file.
    pub fn svg(&self) -> anyhow::Result<String> {
        let mut text = String::new();
        let size = (PANEL.0, HEAD + PANEL.1 * self.panels.len() as u32);
        self.draw(&SVGBackend::with_string(&mut text, size).into_drawing_area())
            .map_err(|error| anyhow::anyhow!("cannot draw the picture: {error}"))?;
        Ok(text)
    }

    /// Places of levels that are bounds of one interval, the widest first.
    fn bands(&self) -> Vec<(usize, usize)> {
        let bounds: Vec<usize> = (0..self.levels.len()).filter(|&place| self.levels[place].is_some()).collect();
        (0..bounds.len() / 2).map(|n| (bounds[n], bounds[bounds.len() - 1 - n])).collect()
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> DrawResult<B> {
        area.fill(&WHITE)?;
        let (head, body) = area.split_vertically(HEAD);
        let left_out = match self.left_out {
            0 => String::new(),
            count => format!(" ({count} more not shown)"),
        };
        head.draw(&Text::new(format!("{}{left_out}", self.title), (LEFT, 16), font(20)))?;
        let intervals: Vec<String> = self
            .bands()
            .iter()
            .map(|&(low, high)| {
                let covered = self.levels[high].unwrap_or(1.0) - self.levels[low].unwrap_or(0.0);
                format!("{:.0} % interval", 100.0 * covered)
            })
            .collect();
        let bands = intervals.iter().zip(1..).map(|(name, n)| (name.as_str(), shade(n).stroke_width(10)));
        let lines = [("known", GIVEN.stroke_width(2)), ("forecast", FORECAST.stroke_width(2))];
        legend(&head, 48, lines.into_iter().chain(bands))?;
        for (panel, area) in self.panels.iter().zip(body.split_evenly((self.panels.len(), 1))) {
            self.draw_panel(panel, &area)?;
        }
        area.present()
    }

    fn draw_panel<B: DrawingBackend>(&self, panel: &Panel, area: &DrawingArea<B, Shift>) -> DrawResult<B> {
        let (low, high) = panel.range();
        let last = (panel.times.len().max(2) - 1) as f32;
        let ticks = ticks(&panel.times);
        let clock = ticks.iter().any(|&row| !at_midnight(&panel.times[row]));
        let label = |row: &f32| {
            let time = panel.times.get(row.round() as usize).map_or("", String::as_str);
            time.chars().take(if clock { 16 } else { 10 }).collect::<String>()
        };
        let rows = Rows { last, ticks };
        let mut chart = ChartBuilder::on(area)
            .margin(10)
            .margin_right(24)
            .caption(&panel.title, font(15))
            .x_label_area_size(26)
            .y_label_area_size(LEFT - 10)
            .build_cartesian_2d(rows, low..high)?;
        for (first, steps) in &panel.forecasts {
            let (begin, end) = (*first as f32 - 0.5, (first + steps.len() - 1) as f32);
            chart.draw_series([Rectangle::new([(begin, low), (end, high)], GROUND.filled())])?;
        }
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(BLACK.mix(0.08))
            .axis_style(BLACK.mix(0.4))
            .label_style(font(13))
            .y_labels(5)
            .x_label_formatter(&label)
            .y_label_formatter(&|value| plain(*value, high - low))
            .draw()?;
        for forecast in &panel.forecasts {
            for (&(below, above), n) in self.bands().iter().zip(1..) {
                let mut outline = panel.level(forecast, below, false);
                outline.extend(panel.level(forecast, above, false).into_iter().rev());
                chart.draw_series([Polygon::new(outline, shade(n).filled())])?;
            }
            let edge = forecast.0 as f32 - 0.5;
            chart.draw_series(DashedLineSeries::new(
                [(edge, low), (edge, high)],
                5,
                4,
                TEXT.mix(0.6).stroke_width(1),
            ))?;
        }
        chart.draw_series(LineSeries::new(panel.truth(), GIVEN.stroke_width(2)))?;
        for forecast in &panel.forecasts {
            let points = panel.level(forecast, self.middle, true);
            chart.draw_series(LineSeries::new(points, FORECAST.stroke_width(2)))?;
        }
        Ok(())
    }

    /// A drawing of the first panel in dots, with a line of explanation.
    pub fn drawn(&self, colour: bool) -> String {
        let Some(panel) = self.panels.first() else { return String::new() };
        let (low, high) = panel.range();
        let truth = panel.truth();
        let forecasts: Vec<(f32, f32)> =
            panel.forecasts.last().map_or(Vec::new(), |forecast| panel.level(forecast, self.middle, true));
        let (truth, forecast) = (Shape::Lines(&truth), Shape::Points(&forecasts));
        let last = (panel.times.len().max(2) - 1) as f32;
        let mut chart = Chart::new_with_y_range(DOTS.0, DOTS.1, 0.0, last, low, high);
        let chart = if colour {
            let [known, forecasted] = [GIVEN, FORECAST].map(|RGBColor(r, g, b)| (r, g, b));
            chart.linecolorplot(&truth, known.into()).linecolorplot(&forecast, forecasted.into())
        } else {
            chart.lineplot(&truth).lineplot(&forecast)
        };
        chart.axis();
        chart.figures();
        let [from, to] = [panel.times.first(), panel.times.last()].map(|time| time.map_or("", String::as_str));
        format!("{}\n{chart}line: known; dots: forecast; {from} to {to}", panel.title)
    }
}

/// The colour of the n-th band, counted from 1: inner ones lie on outer ones.
fn shade(n: usize) -> RGBColor {
    let RGBColor(r, g, b) = FORECAST;
    let part = 0.22 + 0.12 * (n as f64 - 1.0);
    let mix = |channel: u8| (255.0 - (255.0 - f64::from(channel)) * part.min(0.8)) as u8;
    RGBColor(mix(r), mix(g), mix(b))
}

/// The axis of time, with its labels at the ticks.
struct Rows {
    last: f32,
    ticks: Vec<usize>,
}

impl Ranged for Rows {
    type FormatOption = DefaultFormatting;
    type ValueType = f32;

    fn map(&self, row: &f32, (left, right): (i32, i32)) -> i32 {
        left + (row / self.last * (right - left) as f32).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f32> {
        self.ticks.iter().map(|&row| row as f32).collect()
    }

    fn range(&self) -> Range<f32> {
        0.0..self.last
    }
}

/// Rows that are labelled, six or fewer: where days begin or, of months, years; else evenly spaced.
fn ticks(times: &[String]) -> Vec<usize> {
    let rows = |begins: fn(&str) -> bool| (0..times.len()).filter(|&row| begins(&times[row])).collect::<Vec<_>>();
    let days = if times.iter().all(|time| at_midnight(time)) { Vec::new() } else { rows(at_midnight) };
    let years = rows(|time| time.len() == 7 && time.ends_with("-01"));
    let whole = [days, years].into_iter().find(|rows| rows.len() > 1).unwrap_or_else(|| (0..times.len()).collect());
    let every = whole.len().div_ceil(6).max(1);
    whole.into_iter().step_by(every).collect()
}

/// Whether a time is a date alone, or has a clock that stands at midnight.
fn at_midnight(time: &str) -> bool {
    time.get(10..).is_none_or(|clock| clock.is_empty() || clock[1..].starts_with("00:00"))
}

/// A number on an axis of that span.
fn plain(value: f32, span: f32) -> String {
    if !(1e-4..1e6).contains(&span) {
        return format!("{value:.2e}");
    }
    let digits = (1.0 - span.log10().floor()).clamp(0.0, 6.0) as usize;
    let text = format!("{value:.digits$}");
    if text.trim_start_matches(['-', '0', '.']).is_empty() { "0".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Picture {
        let forecast = (0..4).map(|step| vec![5.0, 4.0 - f64::from(step), 6.0 + f64::from(step)]).collect();
        let panel = Panel {
            title: "y".to_owned(),
            times: (1..=9).map(|day| format!("2024-01-0{day} 00:00:00")).collect(),
            truth: vec![1.0, 2.0, 3.0, 4.0, 5.0],
            forecasts: vec![(5, forecast)],
        };
        let levels = vec![None, Some(0.05), Some(0.95)];
        Picture { title: "Forecast".to_owned(), panels: vec![panel], left_out: 2, levels, middle: 0 }
    }

    #[test]
    fn a_picture_has_its_curves_its_interval_and_its_times() {
        let svg = picture().svg().unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>") && !svg.contains("NaN"));
        for words in ["Forecast (2 more not shown)", "90 % interval", "2024-01-03", "known"] {
            assert!(svg.contains(words), "`{words}` is missing in {svg}");
        }
        assert_eq!((svg.matches("<polygon").count(), svg.contains("00:00")), (1, false), "{svg}");
    }

    #[test]
    fn a_drawing_says_what_it_shows() {
        let drawn = picture().drawn(false);
        assert!(drawn.starts_with("y\n") && drawn.ends_with("2024-01-01 00:00:00 to 2024-01-09 00:00:00"), "{drawn}");
        assert!(!drawn.contains('\u{1b}'));
    }

    #[test]
    fn ticks_stand_where_days_and_years_begin() {
        let hours: Vec<String> = (20..70).map(|t| format!("2024-01-{:02} {:02}:00", 1 + t / 24, t % 24)).collect();
        assert_eq!(ticks(&hours), [4, 28]);
        let months: Vec<String> = (0..30).map(|t| format!("{}-{:02}", 2000 + t / 12, 1 + t % 12)).collect();
        assert_eq!(ticks(&months), [0, 12, 24]);
        let rows: Vec<String> = (0..13).map(|t| t.to_string()).collect();
        assert_eq!(ticks(&rows), [0, 3, 6, 9, 12]);
        assert_eq!(ticks(&rows[..1]), [0]);
    }

    #[test]
    fn numbers_on_axes_have_the_digits_that_tell_them_apart() {
        let shown = [(1.5, 10.0), (1234.0, 5000.0), (0.1234, 0.05), (-0.0, 3.0), (2e7, 1e7)];
        assert_eq!(shown.map(|(value, span)| plain(value, span)), ["2", "1234", "0.123", "0", "2.00e7"]);
    }
}
