//! Pictures: what all of them share. They are SVG, and text in them is text.

mod axis;
mod svg;

pub use axis::{Axis, whole_ticks};
pub use svg::{Anchor, Svg};

use svg::LETTER;

/// Pixels of a picture across.
pub const WIDTH: f64 = 960.0;
/// Pixels above the first axes of a picture.
pub const HEAD: f64 = 62.0;
/// Pixels right of axes, and below them.
const RIGHT: f64 = 24.0;
const BELOW: f64 = 44.0;

/// The title of a picture, and its curves' names in a row below: words and the class of each.
pub fn head(svg: &mut Svg, title: &str, names: &[(String, &str)]) {
    const SAMPLE: f64 = 24.0;
    const GAP: f64 = 8.0;
    let mut x = 20.0;
    svg.text((x, 22.0), Anchor::Start, "big", title);
    for (name, class) in names {
        if class.starts_with("band") {
            svg.rectangle((x, 43.0), (x + SAMPLE, 53.0), class);
        } else {
            svg.line((x, 48.0), (x + SAMPLE, 48.0), class);
        }
        svg.text((x + SAMPLE + GAP, 48.0), Anchor::Start, "", name);
        x += SAMPLE + 3.0 * GAP + LETTER * name.chars().count() as f64;
    }
}

/// Places of a pair of axes.
#[derive(Clone, Debug)]
pub struct Frame {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
    x: Axis,
    y: Axis,
}

impl Frame {
    /// Axes between the heights `top` and `bottom`, labels below included; wide enough at the left for every label.
    pub fn new(top: f64, bottom: f64, x: Axis, y: Axis) -> Self {
        let longest = y.ticks().iter().map(|(_, label)| label.len()).max().unwrap_or(0);
        Frame { left: 24.0 + LETTER * longest as f64, top, right: WIDTH - RIGHT, bottom: bottom - BELOW, x, y }
    }

    /// The place of a value of x, in pixels from the left.
    pub fn x(&self, value: f64) -> f64 {
        self.left + self.x.place(value) * (self.right - self.left)
    }

    /// The place of a point; where its value is not finite, neither is that.
    pub fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.x(x), self.bottom - self.y.place(y) * (self.bottom - self.top))
    }

    /// The places of points, likewise.
    pub fn all(&self, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
        points.iter().map(|&point| self.at(point)).collect()
    }

    /// The ground behind what lies between two values of x.
    pub fn ground(&self, svg: &mut Svg, from: f64, to: f64) {
        svg.rectangle((self.x(from), self.top), (self.x(to), self.bottom), "ground");
    }

    /// An upright at a value of x.
    pub fn edge(&self, svg: &mut Svg, x: f64) {
        svg.line((self.x(x), self.top), (self.x(x), self.bottom), "edge");
    }

    /// Words beside the upright at a value of x, on the side where there is room.
    pub fn beside(&self, svg: &mut Svg, x: f64, words: &str) {
        let right = self.x(x) + LETTER * words.chars().count() as f64 + 12.0 < self.right;
        let (shift, anchor) = if right { (6.0, Anchor::Start) } else { (-6.0, Anchor::End) };
        svg.text((self.x(x) + shift, self.top + 10.0), anchor, "", words);
    }

    /// Both axes and their grid, with these ticks below.
    pub fn axes(&self, svg: &mut Svg, ticks: &[(f64, String)]) {
        for (value, label) in self.y.ticks() {
            let (_, y) = self.at((self.x.low, value));
            svg.line((self.left, y), (self.right, y), "grid");
            svg.text((self.left - 8.0, y), Anchor::End, "", &label);
        }
        for (value, label) in ticks {
            let (x, half) = (self.x(*value), 0.5 * LETTER * label.chars().count() as f64);
            svg.line((x, self.top), (x, self.bottom), "grid");
            // A label at the edge of the picture stands as far inside as it must.
            let x = x.clamp(half.min(WIDTH / 2.0), (WIDTH - half).max(WIDTH / 2.0));
            svg.text((x, self.bottom + 14.0), Anchor::Middle, "", label);
        }
        svg.line((self.left, self.top), (self.left, self.bottom), "axis");
        svg.line((self.left, self.bottom), (self.right, self.bottom), "axis");
    }

    /// What the axis below counts.
    pub fn name_below(&self, svg: &mut Svg, words: &str) {
        svg.text(((self.left + self.right) / 2.0, self.bottom + 33.0), Anchor::Middle, "", words);
    }
}
