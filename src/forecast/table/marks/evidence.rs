//! What the numbers of a column say of the marks.

use super::digits::Digits;
use super::mark::Thousands;
use super::reading::{EVERY, POINT, readings, select};

/// What a column says of the marks.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The readings that take all of its numbers.
    pub readings: u8,
    /// The marks that were seen.
    pub seen: u8,
    /// Numbers without marks.
    pub largest_whole: f64,
    pub digits: usize,
    /// The largest number with one mark, if that is the decimal mark.
    pub largest_marked: f64,
    /// Whether a number has one digit, a mark, and three.
    pub four: bool,
    /// The first number that can be read in two ways, and its line.
    pub example: Option<(u64, Box<str>)>,
    /// Whether all of its values are numbers, or missing.
    pub numeric: bool,
}

impl Evidence {
    pub fn new() -> Self {
        Evidence {
            readings: EVERY,
            seen: 0,
            largest_whole: 0.0,
            digits: 0,
            largest_marked: 0.0,
            four: false,
            example: None,
            numeric: true,
        }
    }

    /// Takes a value in, which is not missing.
    pub fn add(&mut self, text: &str, line: u64) {
        if !self.numeric {
            return;
        }
        let text = text.trim();
        if self.add_plain(text) {
            return;
        }
        let Some(number) = Digits::of(text) else {
            self.numeric = text.parse::<f64>().is_ok(); // inf is refused by its place
            return;
        };
        let magnitude = |text: &str| text.trim_start_matches(['-', '+']).parse().unwrap_or(0.0);
        if number.marks.is_empty() {
            self.largest_whole = self.largest_whole.max(magnitude(text));
            self.digits = self.digits.max(number.groups[0]);
            return;
        }
        let readings = readings(&number);
        if readings == 0 {
            self.numeric = false;
            return;
        }
        self.readings &= readings;
        self.seen |= number.marks.iter().fold(0, |seen, mark| seen | mark.bit());
        if number.marks.len() == 1 {
            self.four |= number.groups[0] == 1;
            self.largest_marked = self.largest_marked.max(magnitude(&text.replace(',', ".")));
        }
        if self.example.is_none() && roles(readings, self.seen).is_some() {
            self.example = Some((line, text.into()));
        }
    }

    /// Takes in a number such as 1504, 12.5 or -0.75, which most are: whole, or with a point and other than three
    /// digits after it. False where it is another.
    fn add_plain(&mut self, text: &str) -> bool {
        let text = text.strip_prefix('-').unwrap_or(text);
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let Some((whole, part)) = text.split_once('.') else {
            let plain = !text.is_empty() && digits(text);
            if plain {
                self.largest_whole = self.largest_whole.max(text.parse().unwrap_or(0.0));
                self.digits = self.digits.max(text.len());
            }
            return plain;
        };
        let plain = part.len() != 3 && !(whole.is_empty() && part.is_empty()) && digits(whole) && digits(part);
        if plain {
            self.readings &= POINT;
            self.seen |= Thousands::Point.bit();
        }
        plain
    }
}

/// The mark, of those that were seen, that some readings take for the decimal mark and others for thousands.
pub fn roles(readings: u8, seen: u8) -> Option<Thousands> {
    [Thousands::Comma, Thousands::Point].into_iter().find(|&mark| {
        let as_decimal = select(readings, |reading| reading.is_decimal(mark));
        let as_thousands = select(readings, |reading| reading.thousands == mark);
        seen & mark.bit() != 0 && as_decimal != 0 && as_thousands != 0
    })
}
