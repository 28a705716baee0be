//! Pictures: what all of them share. They are SVG, and text in them is text.

mod loss_curves;
pub mod panels;

pub use loss_curves::losses;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

pub const TRUTH: RGBColor = RGBColor(150, 160, 172);
pub const GIVEN: RGBColor = RGBColor(31, 78, 121);
pub const FORECAST: RGBColor = RGBColor(217, 95, 2);
pub const GROUND: RGBColor = RGBColor(253, 246, 236);
pub const TEXT: RGBColor = RGBColor(60, 60, 60);
/// Pixels left of the axes.
pub const LEFT: i32 = 70;

/// A curve of a picture.
pub struct Line {
    pub points: Vec<(f32, f32)>,
    pub colour: RGBColor,
    pub width: u32,
    pub name: String,
}

pub type DrawResult<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

pub fn font(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&TEXT)
}

/// Curves' names in a row, centred `y` pixels below the top. The legends of plotters lie on the data.
pub fn legend<'a, B: DrawingBackend>(
    head: &DrawingArea<B, Shift>,
    y: i32,
    names: impl IntoIterator<Item = (&'a str, ShapeStyle)>,
) -> DrawResult<B> {
    let (sample, gap, letter) = (24, 8, 8);
    let mut x = LEFT;
    for (name, style) in names {
        head.draw(&PathElement::new([(x, y), (x + sample, y)], style))?;
        let style = font(14).pos(Pos::new(HPos::Left, VPos::Center));
        head.draw(&Text::new(name.to_owned(), (x + sample + gap, y), style))?;
        x += sample + 2 * gap + letter * name.chars().count() as i32;
    }
    Ok(())
}

/// A range of values with a margin; of one value, some room about it.
pub fn range(values: impl Iterator<Item = f32>) -> (f32, f32) {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    match high - low {
        span if span > 0.0 => (low - 0.06 * span, high + 0.06 * span),
        0.0 => (low - 0.5 * low.abs().max(1.0), low + 0.5 * low.abs().max(1.0)),
        _ => (0.0, 1.0),
    }
}
