//! The marks of a table's numbers: what stands before decimals, and what parts thousands. A file has one locale, so
//! that every column is evidence for all.

use serde::{Deserialize, Serialize};

/// What parts groups of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thousands {
    /// Nothing: 1504.
    None,
    /// 1,504; also 12,34,567.
    Comma,
    /// 1.504
    Point,
    /// 1 504, with any of Unicode's spaces that do not break.
    Space,
    /// 1'504 or 1’504
    Apostrophe,
}

/// What is known of the marks of a table; `None` is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// What stands before decimals: `.` or `,`.
    pub decimal: Option<u8>,
    /// What parts thousands.
    pub thousands: Option<Thousands>,
}

/// One way to read numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    pub decimal: u8,
    pub thousands: Thousands,
}

/// The ways to read numbers, the plainest first. A set of them is a mask of their places.
const READINGS: [Reading; 8] = {
    const fn reading(decimal: u8, thousands: Thousands) -> Reading {
        Reading { decimal, thousands }
    }
    [
        reading(b'.', Thousands::None),
        reading(b',', Thousands::None),
        reading(b'.', Thousands::Comma),
        reading(b',', Thousands::Point),
        reading(b'.', Thousands::Space),
        reading(b',', Thousands::Space),
        reading(b'.', Thousands::Apostrophe),
        reading(b',', Thousands::Apostrophe),
    ]
};
/// All of [`READINGS`].
const EVERY: u8 = 0xff;
/// Those of a decimal point.
const POINT: u8 = 0b0101_0101;

/// A mark within a number.
fn mark(character: char) -> Option<Thousands> {
    match character {
        ',' => Some(Thousands::Comma),
        '.' => Some(Thousands::Point),
        ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' => Some(Thousands::Space),
        '\'' | '’' => Some(Thousands::Apostrophe),
        _ => None,
    }
}

impl Thousands {
    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl Reading {
    /// What a mark is under this reading: decimal, or a part of a grouped number, or neither.
    fn is_decimal(self, mark: Thousands) -> bool {
        matches!((self.decimal, mark), (b'.', Thousands::Point) | (b',', Thousands::Comma))
    }

    fn takes(self, number: &Digits) -> bool {
        let (marks, groups) = (&number.marks[..], &number.groups[..]);
        let (marks, groups) = match marks.last() {
            Some(&last) if self.is_decimal(last) => (&marks[..marks.len() - 1], &groups[..groups.len() - 1]),
            _ => (marks, groups),
        };
        if marks.is_empty() || number.exponent {
            return marks.is_empty();
        }
        let middle = &groups[1..groups.len() - 1];
        let even = middle.iter().all(|&digits| digits == 3)
            // The Indian system: thousands, then groups of two.
            || self.thousands == Thousands::Comma && groups[0] <= 2 && middle.iter().all(|&digits| digits == 2);
        marks.iter().all(|&mark| mark == self.thousands)
            && (1..=3).contains(&groups[0])
            && !number.zero
            && even
            && groups[groups.len() - 1] == 3
    }

    /// The number with a point and no other marks, as Rust reads it.
    pub fn plain(self, text: &str) -> String {
        let kept = text.chars().filter(|&character| mark(character).is_none_or(|mark| self.is_decimal(mark)));
        kept.map(|character| if character == char::from(self.decimal) { '.' } else { character }).collect()
    }

    /// Whether a number is written so.
    pub fn reads(self, text: &str) -> bool {
        Digits::of(text).is_some_and(|number| self.takes(&number))
    }
}

/// The digits of a number between its marks.
#[derive(Debug)]
struct Digits {
    marks: Vec<Thousands>,
    /// One more than there are marks.
    groups: Vec<usize>,
    /// Whether it begins with 0.
    zero: bool,
    /// Whether it has an exponent.
    exponent: bool,
}

impl Digits {
    fn of(text: &str) -> Option<Self> {
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

    fn readings(&self) -> u8 {
        (0..READINGS.len()).filter(|&place| READINGS[place].takes(self)).map(|place| 1 << place).sum()
    }
}

/// Whether a field is a number, under some reading.
pub fn is_number(text: &str) -> bool {
    Digits::of(text).is_some_and(|digits| digits.readings() != 0) || text.trim().parse::<f64>().is_ok()
}

/// What a column says of the marks.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The readings that take all of its numbers.
    readings: u8,
    /// The marks that were seen.
    seen: u8,
    /// Numbers without marks.
    largest_whole: f64,
    digits: usize,
    /// The largest number with one mark, if that is the decimal mark.
    largest_marked: f64,
    /// Whether a number has one digit, a mark, and three.
    four: bool,
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
        let readings = number.readings();
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

    /// Takes in a number such as 12.5 or -0.75, which most are: a point, and other than three digits after it. False
    /// where it is another.
    fn add_plain(&mut self, text: &str) -> bool {
        let Some((whole, part)) = text.split_once('.') else { return false };
        let whole = whole.strip_prefix('-').unwrap_or(whole);
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let plain = part.len() != 3 && !(whole.is_empty() && part.is_empty()) && digits(whole) && digits(part);
        if plain {
            self.readings &= POINT;
            self.seen |= Thousands::Point.bit();
        }
        plain
    }
}

/// The mark, of those that were seen, that some readings take for the decimal mark and others for thousands.
fn roles(readings: u8, seen: u8) -> Option<Thousands> {
    [Thousands::Comma, Thousands::Point].into_iter().find(|&mark| {
        let as_decimal = select(readings, |reading| reading.is_decimal(mark));
        let as_thousands = select(readings, |reading| reading.thousands == mark);
        seen & mark.bit() != 0 && as_decimal != 0 && as_thousands != 0
    })
}

/// The readings of a set for which `kept` holds.
fn select(readings: u8, kept: impl Fn(Reading) -> bool) -> u8 {
    (0..READINGS.len())
        .filter(|&place| readings & 1 << place != 0 && kept(READINGS[place]))
        .map(|place| 1 << place)
        .sum()
}

/// `kept` of a set of readings, or the set where none is left.
fn prefer(readings: u8, kept: impl Fn(Reading) -> bool) -> u8 {
    match select(readings, kept) {
        0 => readings,
        some => some,
    }
}

/// The reading of a table whose columns say `evidence`, `wanted` columns first: those that are read. `said` holds, and
/// what is `known` of the tables of a model does where nothing contradicts it. Beside the reading, the marks that the
/// table has shown.
///
/// # Errors
/// The column whose numbers can be read in two ways.
pub fn settle(
    evidence: &[&Evidence],
    wanted: &[usize],
    said: Marks,
    known: Marks,
    delimiter: u8,
) -> Result<(Reading, Marks), usize> {
    let fits = |marks: Marks| {
        move |reading: Reading| {
            marks.decimal.is_none_or(|decimal| decimal == reading.decimal)
                && marks.thousands.is_none_or(|thousands| thousands == reading.thousands)
        }
    };
    let mut readings = select(EVERY, fits(said));
    if readings == 0 {
        // No column has shown that mark, or it is said to have two roles, which the values will contradict.
        let reading =
            Reading { decimal: said.decimal.unwrap_or(b'.'), thousands: said.thousands.unwrap_or(Thousands::None) };
        return Ok((reading, said));
    }
    let mut is_wanted = vec![false; evidence.len()];
    wanted.iter().for_each(|&column| is_wanted[column] = true);
    let marked = |column: &&Evidence| column.numeric && column.seen != 0;
    let others = (0..evidence.len()).filter(|&column| !is_wanted[column]);
    let order: Vec<&Evidence> = wanted.iter().copied().chain(others).map(|column| evidence[column]).collect();
    for column in order.iter().copied().filter(marked) {
        readings = prefer(readings, |reading| select(column.readings, |other| other == reading) != 0);
    }
    let seen = order.iter().copied().filter(marked).fold(0, |seen, column| seen | column.seen);
    readings = prefer(readings, fits(known));
    if delimiter == b',' {
        // Where a comma parts fields, a point does not part thousands.
        readings = prefer(readings, |reading| reading.thousands != Thousands::Point);
    }
    for column in order.iter().copied().filter(marked) {
        let Some(mark) = roles(readings & column.readings, column.seen) else { continue };
        if column.digits > 4 || column.digits == 4 && column.four {
            readings = prefer(readings, |reading| reading.is_decimal(mark));
        } else if column.largest_whole > column.largest_marked {
            // 926 beside 1.504: were these decimals, then numbers above some size would be whole, and those below not.
            readings = prefer(readings, |reading| reading.thousands == mark);
        }
    }
    let two_ways = |&column: &usize| {
        let column = evidence[column];
        marked(&column) && roles(readings & column.readings, column.seen).is_some()
    };
    if let Some(&column) = wanted.iter().find(|column| two_ways(column)) {
        return Err(column);
    }
    let reading = READINGS[readings.trailing_zeros() as usize];
    let point = if reading.decimal == b',' { Thousands::Comma } else { Thousands::Point };
    let decimal = said.decimal.or_else(|| (seen & point.bit() != 0).then_some(reading.decimal));
    let thousands = said.thousands.or_else(|| (seen & reading.thousands.bit() != 0).then_some(reading.thousands));
    Ok((reading, Marks { decimal, thousands }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(columns: &[&[&str]], said: Marks, known: Marks, delimiter: u8) -> Result<(Reading, Marks), usize> {
        let of = |values: &&[&str]| {
            let mut evidence = Evidence::new();
            values.iter().for_each(|value| evidence.add(value, 1));
            evidence
        };
        let evidence: Vec<Evidence> = columns.iter().map(of).collect();
        settle(&evidence.iter().collect::<Vec<_>>(), &[0], said, known, delimiter)
    }

    /// What the first value is, or `None` where it can be read in two ways.
    fn first(columns: &[&[&str]], delimiter: u8) -> Option<f64> {
        let (reading, _) = settled(columns, Marks::default(), Marks::default(), delimiter).ok()?;
        Some(reading.plain(columns[0][0]).parse().unwrap())
    }

    #[test]
    fn a_whole_column_says_what_its_marks_are() {
        for (values, expected) in [
            (&["1,504", "926"][..], 1504.0),
            (&["1.504", "926"], 1504.0),
            (&["1.504", "0.5", "12.25"], 1.504),
            (&["1,504", "1,50"], 1.504),
            (&["1,504", "1,504,000"], 1504.0),
            (&["1,504", "12,34,567"], 1504.0),
            (&["1.504", "1.504,5"], 1504.0),
            (&["1 504,25", "7"], 1504.25),
            (&["1\u{202f}504", "926"], 1504.0),
            (&["1\u{a0}504.5"], 1504.5),
            (&["1'504", "926"], 1504.0),
            (&["1’504.25"], 1504.25),
            (&["-1,504", "-926"], -1504.0),
            (&["1.504e3", "926"], 1504.0), // an exponent is of decimals
            (&["1.504", "0.926"], 1.504),
            (&["1.504", "1504"], 1.504),
            (&["1504", "926"], 1504.0),
            (&["0,504"], 0.504),
        ] {
            assert_eq!(first(&[values], b';'), Some(expected), "{values:?}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_no_guess() {
        for values in [&["1,504", "2,104"][..], &["1.504", "2.104"], &["1.504", "1"], &["100.000", "926"]] {
            assert_eq!(first(&[values], b';').is_none(), values[1] != "926", "{values:?}");
        }
        assert_eq!(first(&[&["1.504", "2.104"]], b','), Some(1.504));
        assert_eq!(first(&[&["1,504", "2,104"]], b','), None);
        // Another column tells, whether it is read or not.
        assert_eq!(first(&[&["1,504"], &["1.5"]], b';'), Some(1504.0));
        assert_eq!(first(&[&["1,504"], &["1,5"]], b';'), Some(1.504));
        assert_eq!(first(&[&["1.504"], &["1.5 kg", "1,5"]], b';'), None);
    }

    #[test]
    fn what_is_said_holds_and_what_is_known_helps() {
        let point = Marks { decimal: Some(b'.'), thousands: None };
        let comma = Marks { thousands: Some(Thousands::Comma), ..Marks::default() };
        let value = |said, known| {
            let (reading, marks) = settled(&[&["1,504"]], said, known, b';').unwrap();
            (reading.plain("1,504"), marks.thousands)
        };
        let open = Marks::default();
        let thousands = ("1504".to_owned(), Some(Thousands::Comma));
        for (said, known) in [(point, open), (comma, open), (open, comma), (open, point)] {
            assert_eq!(value(said, known), thousands);
        }
        let decimal = Marks { decimal: Some(b','), thousands: None };
        assert_eq!(value(decimal, comma).0, "1.504");
        let none = Marks { thousands: Some(Thousands::None), ..open };
        assert_eq!(value(none, comma).0, "1.504");
        // What contradicts the table is no help.
        let known = settled(&[&["1,5"]], open, Marks { decimal: Some(b'.'), thousands: None }, b';').unwrap();
        assert_eq!((known.0.decimal, known.1.decimal), (b',', Some(b',')));
        let whole = settled(&[&["1504"]], open, open, b';').unwrap();
        assert_eq!(whole.1, open);
    }
}
