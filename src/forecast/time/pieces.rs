//! A text cut up into digits, letters and marks.

/// A piece of a text: digits, letters, or one other character.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Piece<'a> {
    Digits(&'a str),
    Word(&'a str),
    Mark(char),
}

/// The pieces of a text; of white space that follows white space none.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let kind = |character: char| (character.is_ascii_digit(), character.is_alphabetic());
        let run = match kind(first) {
            (false, false) => first.len_utf8(),
            of => rest.find(|character| kind(character) != of).unwrap_or(rest.len()),
        };
        let (piece, after) = rest.split_at(run);
        pieces.push(match kind(first) {
            (true, _) => Piece::Digits(piece),
            (_, true) => Piece::Word(piece),
            _ => Piece::Mark(if first.is_whitespace() { ' ' } else { first }),
        });
        rest = after.trim_start_matches(|next: char| first.is_whitespace() && next.is_whitespace());
    }
    pieces
}
