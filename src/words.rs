//! How numbers and text are shown.

/// Whether a character does something to the text around it rather than being seen: it moves the cursor, turns the
/// direction of reading, or is not there at all.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(character, '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// A number with four significant digits, in the notation that reads better.
pub fn significant(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-3..1e4).contains(&size) {
        return format!("{number:.3e}");
    }
    let digits = if size == 0.0 { 0 } else { size.log10().floor() as i32 };
    format!("{number:.*}", (3 - digits).max(0) as usize)
}

/// A number of things: `1 window`, `2 windows`.
pub fn counted(count: usize, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {what}{ending}")
}

#[cfg(test)]
mod tests {
    use super::significant;

    #[test]
    fn four_digits_are_shown_of_any_number() {
        let shown = [0.0, 1.2345678e-5, 0.0086421, 0.5, 12.34567, 9999.9, -0.25, 123456.0].map(significant);
        assert_eq!(shown, ["0.000", "1.235e-5", "0.008642", "0.5000", "12.35", "10000", "-0.2500", "1.235e5"]);
    }
}
