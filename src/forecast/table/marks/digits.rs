//! A number as its digits and marks.

use super::mark::{Thousands, mark};

/// The digits of a number between its marks.
#[derive(Debug)]
pub struct Digits {
    pub marks: Vec<Thousands>,
    /// One more than there are marks.
    pub groups: Vec<usize>,
    /// Whether it begins with 0.
    pub zero: bool,
    /// Whether it has an exponent.
    pub exponent: bool,
}

impl Digits {
    /// Takes a number apart; `None` of what has anything else in it.
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (text, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(text, rest)| (text, Some(rest)));
        if let Some(exponent) = exponent {
            let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
        }
        let (mut marks, mut groups, mut digits) = (Vec::new(), Vec::new(), 0);
        for character in text.chars() {
            if character.is_ascii_digit() {
                digits += 1;
            } else {
                marks.push(mark(character)?);
                groups.push(std::mem::take(&mut digits));
            }
        }
        groups.push(digits);
        let some = groups.iter().any(|&digits| digits > 0);
        some.then_some(Digits { marks, groups, zero: text.starts_with('0'), exponent: exponent.is_some() })
    }
}
