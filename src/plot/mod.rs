//! Pictures: what all of them share. They are SVG, and text in them is text.

mod axis;
mod svg;

pub use axis::{Axis, whole_ticks};
pub use svg::{Anchor, Svg};

use svg::LETTER;

/// Pixels of a picture across, where nothing else is asked for.
pub const WIDTH: f64 = 960.0;
/// Pixels of a letter of a title.
const TITLE_LETTER: f64 = 10.5;
/// Pixels right of axes, and below them.
const RIGHT: f64 = 24.0;
const BELOW: f64 = 44.0;
/// Pixels left of a title, of a sample of a curve, and beside it.
const SIDE: f64 = 20.0;
const SAMPLE: f64 = 24.0;
const GAP: f64 = 8.0;

/// The title of a picture and below it its curves' names, in as many lines as its width makes of them.
#[derive(Clone, Debug)]
pub struct Head {
    title: Vec<String>,
    /// Place, words and class of each name.
    names: Vec<((f64, f64), String, &'static str)>,
    /// Pixels above the axes.
    pub height: f64,
}

impl Head {
    /// Of words and class of each curve.
    pub fn new(width: f64, title: &str, names: &[(String, &'static str)]) -> Self {
        const LINE: f64 = 24.0;
        let letters = ((width - 2.0 * SIDE) / TITLE_LETTER) as usize;
        let mut lines = vec![String::new()];
        for word in title.split_whitespace() {
            let last = lines.last_mut().expect("there is a first line");
            match last.chars().count() + word.chars().count() {
                0.. if last.is_empty() => *last += word,
                count if count < letters => *last = format!("{last} {word}"),
                _ => lines.push(word.to_owned()),
            }
        }
        let (mut x, mut y) = (SIDE, 24.0 * lines.len() as f64 + LINE);
        let mut placed = Vec::new();
        for (words, class) in names {
            let size = SAMPLE + 3.0 * GAP + LETTER * words.chars().count() as f64;
            if x > SIDE && x + size - 2.0 * GAP > width {
                (x, y) = (SIDE, y + LINE);
            }
            placed.push(((x, y), words.clone(), *class));
            x += size;
        }
        Head { title: lines, names: placed, height: y + 14.0 }
    }

    /// Adds it to a picture.
    pub fn draw(&self, svg: &mut Svg) {
        for (line, words) in self.title.iter().enumerate() {
            svg.text((SIDE, 22.0 + 24.0 * line as f64), Anchor::Start, "big", words);
        }
        for ((x, y), words, class) in &self.names {
            if class.starts_with("band") {
                svg.rectangle((*x, y - 5.0), (x + SAMPLE, y + 5.0), class);
            } else {
                svg.line((*x, *y), (x + SAMPLE, *y), class);
            }
            svg.text((x + SAMPLE + GAP, *y), Anchor::Start, "", words);
        }
    }
}

/// Places of a pair of axes.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Pixels of the whole picture across.
    width: f64,
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
    x: Axis,
    y: Axis,
}

impl Frame {
    /// Axes in a picture of that width, between the heights `top` and `bottom`, labels below included; wide enough at
    /// the left for every label.
    pub fn new(width: f64, [top, bottom]: [f64; 2], x: Axis, y: Axis) -> Self {
        let longest = y.ticks().iter().map(|(_, label)| label.len()).max().unwrap_or(0);
        Frame { width, left: 24.0 + LETTER * longest as f64, top, right: width - RIGHT, bottom: bottom - BELOW, x, y }
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

    /// How many labels of so many letters there is room for below, two at least.
    pub fn room(&self, letters: usize) -> usize {
        (((self.right - self.left) / (LETTER * (letters as f64 + 2.0))) as usize).max(2)
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
            let x = x.clamp(half.min(self.width / 2.0), (self.width - half).max(self.width / 2.0));
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
