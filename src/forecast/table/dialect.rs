//! How a table is written: guessed from its beginning where the options do not say.

use super::marks::is_number;
use super::options::ReadOptions;
use super::text::Text;
use super::times;
use crate::forecast::time::is_time;
use csv::{ByteRecord, ReaderBuilder};

/// Bytes and rows that are looked at.
const SAMPLE: usize = 1 << 20;
const ROWS: usize = 100;
/// Fewest columns that a first row of 0, 1, 2, ... names.
const COUNTED: usize = 3;

/// What parts the fields of a table, and whether its first row has names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    pub delimiter: u8,
    pub header: bool,
}

impl Dialect {
    /// Guesses what `options` leave open.
    pub fn guess(text: &Text, options: &ReadOptions) -> Self {
        let whole = text.bytes.len() <= SAMPLE;
        let sample = &text.bytes[..text.bytes.len().min(SAMPLE)];
        let known =
            options.known.delimiter.filter(|&mark| rows(sample, whole, mark).first().is_some_and(|row| row.len() > 1));
        let guess = || known.unwrap_or_else(|| delimiter(sample, whole));
        let delimiter = options.delimiter.or(text.delimiter).unwrap_or_else(guess);
        let rows = rows(sample, whole, delimiter);
        let header = options.header.unwrap_or_else(|| is_header(&rows, options));
        Dialect { delimiter, header }
    }
}

/// The first rows, without one that the sample may have cut.
fn rows(sample: &[u8], whole: bool, delimiter: u8) -> Vec<ByteRecord> {
    let mut reader = ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(sample);
    let mut rows: Vec<ByteRecord> = reader.byte_records().map_while(Result::ok).take(ROWS + 1).collect();
    if rows.len() > 1 && (!whole || rows.len() > ROWS) {
        rows.pop();
    }
    rows
}

/// The delimiter under which all rows have the same number of fields, more than one; a comma, which may be a decimal
/// mark, last. Where no delimiter does that, the one that cuts the first row into the most fields.
fn delimiter(sample: &[u8], whole: bool) -> u8 {
    let marks = [b';', b'\t', b'|', b','];
    let fields = |mark: u8| rows(sample, whole, mark).iter().map(ByteRecord::len).collect::<Vec<_>>();
    let even = |mark: &u8| {
        let fields = fields(*mark);
        fields.first().is_some_and(|&first| first > 1 && fields.iter().all(|&count| count == first))
    };
    let most = || marks.into_iter().max_by_key(|&mark| fields(mark).first().copied().unwrap_or(0));
    marks.into_iter().find(even).or_else(most).unwrap_or(b',')
}

/// Whether the first row is names: it has those that were asked for; or some field is a word, and none is a number or a
/// time, or one is a word and those below it are not; or it counts its columns from 0.
fn is_header(rows: &[ByteRecord], options: &ReadOptions) -> bool {
    let Some((first, rest)) = rows.split_first() else { return false };
    let names: Vec<String> = first.iter().map(|field| String::from_utf8_lossy(field).trim().to_owned()).collect();
    let time = options.time.iter().filter(|time| *time != times::NONE);
    let asked = time.chain(&options.id).chain(options.columns.iter().flatten());
    let mut asked = asked.peekable();
    let value = |text: &str| is_number(text) || is_time(text);
    let word = |text: &str| !text.is_empty() && !value(text);
    if asked.peek().is_some() && asked.all(|name| names.contains(name)) || names.iter().all(|name| !value(name)) {
        return names.iter().any(|name| !name.is_empty());
    }
    let below = |column: usize| {
        let fields = rest.iter().filter_map(|row| row.get(column)).map(String::from_utf8_lossy);
        let mut fields = fields.filter(|text| !super::is_missing(text.trim())).peekable();
        fields.peek().is_some() && fields.all(|text| value(text.trim()))
    };
    let counted = || {
        let number = |(place, name): (usize, &String)| name.parse() == Ok(place);
        let index = usize::from(names[0].is_empty()); // a column of row numbers has no name
        names.len() >= COUNTED && names[index..].iter().enumerate().all(number)
    };
    (0..names.len()).any(|column| word(&names[column]) && !super::is_missing(&names[column]) && below(column))
        || counted()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(text: &str, options: &ReadOptions) -> Dialect {
        Dialect::guess(&Text::read("t", text.as_bytes()).unwrap(), options)
    }

    #[track_caller]
    fn guesses(text: &str, expected: (char, bool)) {
        let found = guess(text, &ReadOptions::default());
        assert_eq!((found.delimiter.into(), found.header), expected, "{text}");
    }

    #[test]
    fn marks_and_names_are_guessed() {
        guesses("date,y\n2024-01-01,1.5\n", (',', true));
        guesses("date;y\n2024-01-01;1,5\n2024-01-02;2\n", (';', true));
        guesses("a,b;c,d\n1,5;2,5\n1,5;2,5", (';', true));
        guesses("2024-01-01\t1\n", ('\t', false));
        guesses("y\n1\n2\n", (',', true));
        guesses("\"Month\",\"#Passengers\"\n\"1749-01\",58.0\n", (',', true));
        guesses("t|\"a,b\"\n1|2\n", ('|', true));
        guesses("1,2\n3,4\n", (',', false));
        guesses("a,b,c\n1,2\n3,4,5\n", (',', true));
        guesses("a,b\n\"1,5\",\"2,5\"\n", (',', true));
        guesses("sep=;\ny\n\"1;5\"\n", (';', true));
        guesses("", (',', false));
    }

    #[test]
    fn names_may_be_numbers() {
        guesses("date,0,1,OT\n2024-01-01,1,2,3\n2024-01-02,1,2,3\n", (',', true));
        guesses("date,2023,2024\n1990/1/1 0:00,1,2\n", (',', true));
        guesses("0,1,2\n5,6,7\n", (',', true));
        guesses(",0,1\n0,6,7\n", (',', true));
        guesses("a,1,2\nb,3,4\n", (',', false));
        guesses("NA,1,2\n5,3,4\n", (',', false));
        guesses("2024-01-01,1\n2024-01-02,x\n", (',', false));
        let asked = ReadOptions { columns: Some(vec!["2".into()]), ..ReadOptions::default() };
        assert!(guess("1,2\n3,4\n", &asked).header);
        assert!(!guess("1,3\n3,4\n", &asked).header);
        let counted = ReadOptions { time: Some("none".into()), ..asked };
        assert!(guess("1,2\n3,4\n", &counted).header);
    }

    #[test]
    fn a_row_that_the_sample_cuts_is_left_out() {
        let rows = |whole| rows(b"a,b\n1,2\n3", whole, b',').len();
        assert_eq!((rows(false), rows(true)), (2, 3));
        let said = ReadOptions { delimiter: Some(b';'), header: Some(false), ..ReadOptions::default() };
        assert_eq!(guess("a,b\n1,2\n3", &said), Dialect { delimiter: b';', header: false });
    }

    #[test]
    fn what_is_known_of_the_delimiter_holds_where_it_occurs() {
        let known = super::super::Known { delimiter: Some(b' '), ..Default::default() };
        let options = ReadOptions { known, ..ReadOptions::default() };
        assert_eq!(guess("a b\n1 2\n", &options).delimiter, b' ');
        assert_eq!(guess("a,b\n1,2\n", &options).delimiter, b',');
        // A comma in numbers is none, where the first row has no other.
        let known = super::super::Known { delimiter: Some(b','), ..Default::default() };
        let options = ReadOptions { known, ..ReadOptions::default() };
        assert_eq!(guess("a;b\n1,5;2,5\n", &options).delimiter, b';');
    }
}
