//! Columns with all kinds of marks, alone and together.

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

#[test]
fn a_mark_of_thousands_is_said_by_itself_or_by_a_word() {
    let said = |text: &str| text.parse::<Thousands>().map_err(|error| error.to_string());
    assert_eq!(
        (said("'"), said("space"), said("none")),
        (Ok(Thousands::Apostrophe), Ok(Thousands::Space), Ok(Thousands::None))
    );
    for bad in ["_", "", ",,", "comma"] {
        assert_eq!(said(bad), Err(format!("thousands is {bad}, expected `,`, `.`, `'`, space or none")));
    }
}
