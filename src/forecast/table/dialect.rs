//! How a table is written: guessed from its beginning where the options do not say.

use super::options::ReadOptions;
use crate::forecast::time::{parse_civil, parse_number};
use csv::{ByteRecord, ReaderBuilder};

/// Rows that are looked at.
const ROWS: usize = 100;

/// The marks of a table, and whether its first row has names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    pub delimiter: u8,
    pub decimal: u8,
    pub header: bool,
}

impl Dialect {
    /// Guesses what `options` leave open from the first bytes of a table; `whole` where these are all that there is.
    pub fn guess(sample: &[u8], whole: bool, options: &ReadOptions) -> Self {
        let delimiter = options.delimiter.unwrap_or_else(|| delimiter(sample, whole));
        let rows = rows(sample, whole, delimiter);
        let decimal = options.decimal.unwrap_or_else(|| decimal(&rows));
        let header = options.header.unwrap_or_else(|| rows.first().is_some_and(|row| is_header(row, decimal)));
        Dialect { delimiter, decimal, header }
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

/// A comma, where fields look like `1,5` and none looks like `1.5`.
fn decimal(rows: &[ByteRecord]) -> u8 {
    let has = |mark: u8| rows.iter().flatten().any(|field| is_fraction(field, mark));
    if has(b',') && !has(b'.') { b',' } else { b'.' }
}

/// Whether a field is a number with this decimal mark.
fn is_fraction(field: &[u8], mark: u8) -> bool {
    let mut parts = field.trim_ascii().splitn(2, |&byte| byte == mark);
    let (Some(whole), Some(part)) = (parts.next(), parts.next()) else { return false };
    let whole = whole.strip_prefix(b"-").unwrap_or(whole);
    whole.iter().all(u8::is_ascii_digit) && part.first().is_some_and(u8::is_ascii_digit)
}

/// Whether a first row is names: some field is, and none is a number or a time.
fn is_header(row: &ByteRecord, decimal: u8) -> bool {
    let texts = || row.iter().map(|field| String::from_utf8_lossy(field).replace(char::from(decimal), "."));
    let value = |text: &str| parse_civil(text).is_some() || parse_number(text).is_some();
    texts().any(|text| !text.trim().is_empty()) && !texts().any(|text| value(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn guesses(text: &str, expected: (char, char, bool)) {
        let found = Dialect::guess(text.as_bytes(), true, &ReadOptions::default());
        assert_eq!((found.delimiter.into(), found.decimal.into(), found.header), expected, "{text}");
    }

    #[test]
    fn marks_and_names_are_guessed() {
        guesses("date,y\n2024-01-01,1.5\n", (',', '.', true));
        guesses("date;y\n2024-01-01;1,5\n2024-01-02;2\n", (';', ',', true));
        guesses("a,b;c,d\n1,5;2,5\n1,5;2,5", (';', ',', true));
        guesses("2024-01-01\t1\n", ('\t', '.', false));
        guesses("y\n1\n2\n", (',', '.', true));
        guesses("\"Month\",\"#Passengers\"\n\"1749-01\",58.0\n", (',', '.', true));
        guesses("t|\"a,b\"\n1|2\n", ('|', '.', true));
        guesses("1,2\n3,4\n", (',', '.', false));
        guesses("a,b,c\n1,2\n3,4,5\n", (',', '.', true));
        guesses("a,b\n\"1,5\",\"2,5\"\n", (',', ',', true));
        guesses("", (',', '.', false));
    }

    #[test]
    fn a_row_that_the_sample_cuts_is_left_out() {
        let found = Dialect::guess(b"a,b\n1,2\n3", false, &ReadOptions::default());
        assert_eq!(found, Dialect { delimiter: b',', decimal: b'.', header: true });
        let said =
            ReadOptions { delimiter: Some(b';'), decimal: Some(b','), header: Some(false), ..Default::default() };
        let found = Dialect::guess(b"a,b\n1,2\n3", false, &said);
        assert_eq!(found, Dialect { delimiter: b';', decimal: b',', header: false });
    }
}
