//! The drawing of forecasts in the terminal, and what the flags of pictures take.

pub mod chart;

use std::path::PathBuf;

/// Colours of the terminal: what is known, what is forecast, and the truth behind a forecast.
pub const GIVEN: (u8, u8, u8) = (31, 78, 121);
pub const FORECAST: (u8, u8, u8) = (217, 95, 2);
pub const TRUTH: (u8, u8, u8) = (150, 160, 172);

/// Reads the path of a picture.
pub fn svg_file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension() {
        None => Ok(path),
        Some(ending) if ending.eq_ignore_ascii_case("svg") => Ok(path),
        Some(_) => {
            Err("expected a name that ends in .svg: pictures are written as SVG, and as nothing else".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::svg_file;

    #[test]
    fn pictures_are_svg() {
        assert!(["p.svg", "p.SVG", "p", "a.b/p"].into_iter().all(|path| svg_file(path).is_ok()));
        for path in ["p.png", "p.html", "p.pdf", "p.svg.gz"] {
            assert!(svg_file(path).unwrap_err().contains("ends in .svg"), "{path}");
        }
    }
}
