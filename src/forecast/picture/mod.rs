//! Forecasts over time: what is known, what is forecast, how sure that is, and what came; a panel for each target.

mod of;

pub use of::network_in_words;

use super::number::Level;
use crate::plot::{Anchor, Axis, Frame, Head, Svg};
use crate::words::significant;

/// Pixels of a panel from top to bottom, and of its title.
const PANEL: f64 = 260.0;
const TITLE: f64 = 28.0;
/// Labels of the axis of time, at most.
const TICKS: usize = 6;

/// A picture of forecasts.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// What is forecast, how far, and by which network.
    pub title: String,
    /// What the values are called that no network has made: `known`, or `truth` where forecasts are compared with them.
    pub known: &'static str,
    /// The targets that are shown.
    pub panels: Vec<Panel>,
    /// Targets that have no panel.
    pub left_out: usize,
    /// What each forecast gives at a step (V).
    pub levels: Vec<Level>,
    /// The place of the point among them.
    pub middle: usize,
}

/// One target over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// What it is called.
    pub title: String,
    /// The time of each row.
    pub times: Vec<String>,
    /// What is known, from the first row on; NaN where nothing was measured.
    pub truth: Vec<f64>,
    /// Forecasts: the first row of each, and its steps, `[steps][V]`.
    pub forecasts: Vec<(usize, Vec<Vec<f64>>)>,
}

impl Panel {
    /// What is known, as points: row and value.
    pub fn truth(&self) -> Vec<(f64, f64)> {
        self.truth.iter().enumerate().map(|(row, &value)| (row as f64, value)).collect()
    }

    /// A level of a forecast, as points: row and value; they begin at the last value before them.
    pub fn level(&self, forecast: &(usize, Vec<Vec<f64>>), level: usize) -> Vec<(f64, f64)> {
        let (first, steps) = forecast;
        let before = first.checked_sub(1).and_then(|row| Some((row as f64, *self.truth.get(row)?)));
        let steps = steps.iter().enumerate().map(|(step, values)| ((first + step) as f64, values[level]));
        before.filter(|(_, value)| value.is_finite()).into_iter().chain(steps).collect()
    }

    /// A sentence for those who cannot see the panel.
    fn described(&self) -> String {
        let [from, to] = [self.times.first(), self.times.last()].map(|time| time.map_or("", String::as_str));
        let values = self.values();
        format!(
            "{}: {from} to {to}, values from {} to {}.",
            self.title,
            significant(values.low),
            significant(values.high)
        )
    }

    /// The axis of its values.
    pub fn values(&self) -> Axis {
        let forecasts = self.forecasts.iter().flat_map(|(_, steps)| steps.iter().flatten());
        Axis::of(self.truth.iter().chain(forecasts).copied())
    }

    /// The labels of the axis of time, `most` or fewer, as short as tells them apart.
    fn labels(&self, most: usize) -> Vec<(f64, String)> {
        let ticks = ticks(&self.times, most);
        let short = |letters: usize| {
            let label = |&row: &usize| (row as f64, self.times[row].chars().take(letters).collect::<String>());
            ticks.iter().map(label).collect::<Vec<_>>()
        };
        let clock = ticks.iter().any(|&row| !at_midnight(&self.times[row]));
        let labels = short(if clock { 16 } else { 10 });
        if labels.windows(2).any(|pair| pair[0].1 == pair[1].1) { short(24) } else { labels }
    }
}

impl Picture {
    /// The picture, so many pixels wide, as the text of an SVG file.
    pub fn svg(&self, width: f64) -> String {
        let left_out = match self.left_out {
            0 => String::new(),
            count => format!(" ({count} more not shown)"),
        };
        let bands = self.bands();
        let intervals = bands.iter().map(|&(low, high)| {
            let covered = self.levels[high].unwrap_or(1.0) - self.levels[low].unwrap_or(0.0);
            (format!("{:.0} % interval", 100.0 * covered), "band")
        });
        let names = [(self.known.to_owned(), "known"), ("forecast".to_owned(), "forecast")];
        let names: Vec<_> = names.into_iter().chain(intervals).collect();
        let described: Vec<String> = self.panels.iter().map(|panel| panel.described()).collect();

        let title = format!("{}{left_out}", self.title);
        let head = Head::new(width, &title, &names);
        let height = head.height + PANEL * self.panels.len() as f64;
        let mut svg = Svg::new(width, height, &title, &described.join(" "));
        head.draw(&mut svg);
        for (n, panel) in self.panels.iter().enumerate() {
            self.draw_panel(panel, width, head.height + PANEL * n as f64, &mut svg);
        }
        svg.finish()
    }

    /// Places of levels that are bounds of one interval, the widest first.
    fn bands(&self) -> Vec<(usize, usize)> {
        let bounds: Vec<usize> = (0..self.levels.len()).filter(|&place| self.levels[place].is_some()).collect();
        (0..bounds.len() / 2).map(|n| (bounds[n], bounds[bounds.len() - 1 - n])).collect()
    }

    fn draw_panel(&self, panel: &Panel, width: f64, top: f64, svg: &mut Svg) {
        svg.text((width / 2.0, top + TITLE / 2.0), Anchor::Middle, "medium", &panel.title);
        let last = (panel.times.len().max(2) - 1) as f64;
        let rows = Axis { low: 0.0, high: last, log: false };
        let frame = Frame::new(width, [top + TITLE, top + PANEL], rows, panel.values());
        for (first, steps) in &panel.forecasts {
            frame.ground(svg, (*first as f64 - 0.5).max(0.0), (first + steps.len() - 1) as f64);
        }
        frame.axes(svg, &panel.labels(frame.room(10).min(TICKS)));
        for forecast in &panel.forecasts {
            for (below, above) in self.bands() {
                let [below, above] = [below, above].map(|level| frame.all(&panel.level(forecast, level)));
                svg.band(&below, &above, "band");
            }
            frame.edge(svg, (forecast.0 as f64 - 0.5).max(0.0));
        }
        svg.curve(&frame.all(&panel.truth()), "known");
        for forecast in &panel.forecasts {
            svg.curve(&frame.all(&panel.level(forecast, self.middle)), "forecast");
        }
    }
}

/// Rows that are labelled, `most` or fewer: where days begin or, of months, years; else evenly spaced.
fn ticks(times: &[String], most: usize) -> Vec<usize> {
    let rows = |begins: fn(&str) -> bool| (0..times.len()).filter(|&row| begins(&times[row])).collect::<Vec<_>>();
    let days = if times.iter().all(|time| at_midnight(time)) { Vec::new() } else { rows(at_midnight) };
    let years = rows(|time| time.len() == 7 && time.ends_with("-01"));
    let whole = [days, years].into_iter().find(|rows| rows.len() > 1).unwrap_or_else(|| (0..times.len()).collect());
    let every = whole.len().div_ceil(most).max(1);
    whole.into_iter().step_by(every).collect()
}

/// Whether a time is a date alone, or has a clock that stands at midnight.
fn at_midnight(time: &str) -> bool {
    time.get(10..).is_none_or(|clock| clock.is_empty() || clock.get(1..).is_some_and(|hour| hour.starts_with("00:00")))
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
        Picture { title: "Forecast".to_owned(), known: "known", panels: vec![panel], left_out: 2, levels, middle: 0 }
    }

    #[test]
    fn a_picture_has_its_curves_its_interval_and_its_times() {
        let svg = picture().svg(960.0);
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>") && !svg.contains("NaN"));
        for words in ["Forecast (2 more not shown)", "90 % interval", "2024-01-03", "known"] {
            assert!(svg.contains(words), "`{words}` is missing in {svg}");
        }
        assert_eq!((svg.matches("<polygon").count(), svg.contains("00:00</text>")), (1, false), "{svg}");
    }

    #[test]
    fn a_band_begins_at_the_last_known_value_and_gaps_stay_gaps() {
        let svg = picture().svg(960.0);
        let band = svg.lines().find(|line| line.starts_with("<polygon")).unwrap();
        let known = svg.lines().find(|line| line.starts_with("<polyline class=\"known\"")).unwrap();
        let last = known.trim_end_matches("\"/>").rsplit(' ').next().unwrap();
        assert!(band.contains(&format!("points=\"{last} ")), "{band} does not begin at {last}");

        let mut gaps = picture();
        gaps.panels[0].truth[1] = f64::NAN;
        let svg = gaps.svg(960.0);
        assert_eq!((svg.matches("<polyline class=\"known\"").count(), svg.matches("<circle").count()), (1, 1), "{svg}");
    }

    #[test]
    fn every_finite_series_is_drawn() {
        for values in [vec![3e38; 5], vec![f64::MAX, f64::MIN], vec![0.0], vec![1e-300; 3], vec![f64::NAN; 2], vec![]] {
            let mut picture = picture();
            picture.panels[0].forecasts = vec![(values.len(), vec![vec![1e38, -3e38, f64::MAX]])];
            picture.panels[0].times = (0..=values.len()).map(|row| row.to_string()).collect();
            picture.panels[0].truth = values.clone();
            let svg = picture.svg(960.0);
            assert!(!svg.contains("NaN") && !svg.contains("inf") && svg.len() < 20_000, "{values:?}: {svg}");
        }
    }

    #[test]
    fn ticks_stand_where_days_and_years_begin() {
        let hours: Vec<String> = (20..70).map(|t| format!("2024-01-{:02} {:02}:00", 1 + t / 24, t % 24)).collect();
        assert_eq!(ticks(&hours, 6), [4, 28]);
        let months: Vec<String> = (0..30).map(|t| format!("{}-{:02}", 2000 + t / 12, 1 + t % 12)).collect();
        assert_eq!(ticks(&months, 6), [0, 12, 24]);
        let rows: Vec<String> = (0..13).map(|t| t.to_string()).collect();
        assert_eq!(ticks(&rows, 6), [0, 3, 6, 9, 12]);
        assert_eq!(ticks(&rows[..1], 6), [0]);
    }
}
