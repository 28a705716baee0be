//! Words in times that no format reads: months in other languages than English, and zones by their names.

use super::format::{is_month, is_weekday};
use super::pieces::{Piece, pieces};

/// Words that formats have, beside the names of months and weekdays.
const KNOWN: [&str; 4] = ["am", "pm", "utc", "gmt"];

/// Why a text, which may be a time, is none under any format, where that is because of a word.
pub fn unreadable(text: &str) -> Option<String> {
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let pieces = pieces(text);
    let clock = |three: &[Piece<'_>]| matches!(three, [Piece::Digits(_), Piece::Mark(':'), Piece::Digits(_)]);
    let clock = pieces.windows(3).position(clock);
    let words = || {
        pieces.iter().enumerate().filter_map(|(place, piece)| match *piece {
            Piece::Word(word) if !is_known(word) => Some((place, word)),
            _ => None,
        })
    };
    let zone = words().find(|(place, word)| clock.is_some_and(|clock| *place > clock) && word.len() > 1);
    if let Some((_, word)) = zone {
        let zone = text[text.rfind(word)?..].trim_end_matches(']');
        return Some(format!(
            "zones are read as offsets from UTC such as +01:00, and not by name such as `{zone}`, unless all rows have \
             one name and `ReadOptions::time_format` has it too: '%Y-%m-%d %H:%M {zone}'"
        ));
    }
    let (_, month) = words().find(|(_, word)| word.chars().count() > 2)?;
    Some(format!("names of months are read in English alone, March or Mar, and not `{month}`: write numbers"))
}

fn is_known(word: &str) -> bool {
    is_month(word) || is_weekday(word) || KNOWN.iter().any(|known| word.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_no_format_has_are_named() {
        for (text, word) in [
            ("15 mars 2024", "`mars`"),
            ("15 de marzo de 2024", "`marzo`"),
            ("März 2024", "`März`"),
            ("2024-01-01 00:00 CET", "`CET`"),
            ("2024-01-01 00:00:00 Europe/Berlin", "`Europe/Berlin`"),
            ("2024-01-01T00:00+01:00[Europe/Berlin]", "`Europe/Berlin`"),
        ] {
            assert!(unreadable(text).is_some_and(|why| why.contains(word)), "{text}: {:?}", unreadable(text));
        }
        for text in
            ["15 March 2024", "2024-01-01T00:00Z", "Mon, 1 Jan 2024 5:00 PM", "2024-13-01", "1st 2024", "soon", ""]
        {
            assert_eq!(unreadable(text), None, "{text}");
        }
    }
}
