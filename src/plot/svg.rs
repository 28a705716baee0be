//! SVG as text: shapes whose colours are classes, so that a picture is dark where its reader's pages are.

use crate::words::is_hidden;
use std::fmt::Write;

/// Pixels of a letter of the labels, about; of the figures of an axis too.
pub const LETTER: f64 = 7.5;
/// The colours: what is known, truth, forecasts, what is behind them, text and lines; the same on dark ground.
const STYLE: &str = "\
text{font-family:sans-serif;font-size:13px;fill:#3c3c3c}.big{font-size:20px}.medium{font-size:15px}\
.paper{fill:#fff}.ground{fill:#fdf6ec}.grid{stroke:#000;stroke-opacity:.08}.axis{stroke:#000;stroke-opacity:.4}\
.edge{stroke:#3c3c3c;stroke-opacity:.6;stroke-dasharray:5 4}\
polyline,line{fill:none;stroke-linejoin:round}.known{stroke:#1f4e79;stroke-width:2}.truth{stroke:#96a0ac;stroke-width:5}\
.forecast{stroke:#d95f02;stroke-width:2}circle{stroke:none!important}circle.known{fill:#1f4e79}circle.truth{fill:#96a0ac}\
circle.forecast{fill:#d95f02}.band{fill:#d95f02;fill-opacity:.22;stroke:none}\
@media (prefers-color-scheme:dark){text{fill:#d5d9de}.paper{fill:#16191d}.ground{fill:#262019}\
.grid{stroke:#fff;stroke-opacity:.12}.axis{stroke:#fff;stroke-opacity:.5}.edge{stroke:#d5d9de}\
.known{stroke:#7fb2e5}.truth{stroke:#5d6672}.forecast{stroke:#ff9a4d}circle.known{fill:#7fb2e5}\
circle.truth{fill:#5d6672}circle.forecast{fill:#ff9a4d}.band{fill:#ff9a4d}}";

/// Where a text stands against its point.
#[derive(Clone, Copy, Debug)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A picture on its way.
#[derive(Debug)]
pub struct Svg {
    text: String,
}

impl Svg {
    /// An empty picture of that many pixels; `title` and `description` are for those who hear it.
    pub fn new(width: f64, height: f64, title: &str, description: &str) -> Self {
        let (title, description) = (xml(title), xml(description));
        let text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>{title}</title>\n<desc>{description}</desc>\n\
             <style>{STYLE}</style>\n<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n"
        );
        Svg { text }
    }

    /// Words at a point, centred on its height.
    pub fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, class: &str, words: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let words = xml(words);
        self.add(format_args!(
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" dy=\".35em\" text-anchor=\"{anchor}\">{words}</text>"
        ));
    }

    /// A rectangle between two corners.
    pub fn rectangle(&mut self, (left, top): (f64, f64), (right, bottom): (f64, f64), class: &str) {
        let (width, height) = ((right - left).max(0.0), (bottom - top).max(0.0));
        self.add(format_args!(
            "<rect class=\"{class}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
        ));
    }

    /// A line between two points.
    pub fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        self.add(format_args!("<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"));
    }

    /// A line through points. It is broken where one is not finite, and a point between two breaks is a dot.
    pub fn curve(&mut self, points: &[(f64, f64)], class: &str) {
        for run in finite_runs(points) {
            match run {
                [(x, y)] => self.add(format_args!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>")),
                run => {
                    let points = pairs(run.iter().copied());
                    self.add(format_args!("<polyline class=\"{class}\" points=\"{points}\"/>"));
                }
            }
        }
    }

    /// The band between two lines with the same x, broken where either is not finite.
    pub fn band(&mut self, below: &[(f64, f64)], above: &[(f64, f64)], class: &str) {
        let both: Vec<_> = below.iter().copied().zip(above.iter().copied()).collect();
        let runs = both.split(|(low, high)| !(low.1.is_finite() && high.1.is_finite()));
        for run in runs.filter(|run| !run.is_empty()) {
            let (there, back) = (run.iter().map(|(low, _)| *low), run.iter().rev().map(|(_, high)| *high));
            let points = pairs(there.chain(back));
            self.add(format_args!("<polygon class=\"{class}\" points=\"{points}\"/>"));
        }
    }

    /// The whole picture.
    pub fn finish(mut self) -> String {
        self.text += "</svg>\n";
        self.text
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        writeln!(self.text, "{element}").expect("writing to a string does not fail");
    }
}

/// The longest runs of finite points.
fn finite_runs(points: &[(f64, f64)]) -> impl Iterator<Item = &[(f64, f64)]> {
    points.split(|(_, y)| !y.is_finite()).filter(|run| !run.is_empty())
}

fn pairs(points: impl Iterator<Item = (f64, f64)>) -> String {
    points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
}

/// Text as XML. Characters that XML does not allow at all are left out, and so are those that turn a line around.
fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\n' | '\t' => escaped.push(' '),
            '\u{fffe}' | '\u{ffff}' => {}
            shown if !is_hidden(shown) => escaped.push(shown),
            _ => {}
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_what_xml_allows() {
        assert_eq!(xml("a<b> & \"c\"\u{1b}[2J\0\u{9b}\u{202e}\u{ffff}\té"), "a&lt;b&gt; &amp; &quot;c&quot;[2J é");
    }

    #[test]
    fn lines_and_bands_break_where_a_value_is_missing() {
        let mut svg = Svg::new(10.0, 10.0, "t", "d");
        let gap = f64::NAN;
        svg.curve(&[(0.0, gap), (1.0, 1.0), (2.0, gap), (3.0, 2.0), (4.0, 3.0)], "known");
        let below = [(0.0, 1.0), (1.0, gap), (2.0, 3.0), (3.0, 4.0)];
        svg.band(&below, &[(0.0, 2.0), (1.0, 2.0), (2.0, 5.0), (3.0, 6.0)], "band");
        let text = svg.finish();
        assert!(text.contains("<circle class=\"known\" cx=\"1.0\" cy=\"1.0\""), "{text}");
        assert!(text.contains("<polyline class=\"known\" points=\"3.0,2.0 4.0,3.0\"/>"), "{text}");
        assert!(text.contains("<polygon class=\"band\" points=\"0.0,1.0 0.0,2.0\"/>"), "{text}");
        assert!(text.contains("points=\"2.0,3.0 3.0,4.0 3.0,6.0 2.0,5.0\""), "{text}");
        assert!(!text.contains("NaN"));
    }
}
