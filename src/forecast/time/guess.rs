//! The formats that a written time may have.

use super::format::{Case, Format, Item, Length, Unit, Width, Zone, is_month, is_weekday};
use super::pieces::{Piece, pieces};

/// The years of dates without marks, such as 20240229: other numbers are numbers.
const YEARS: std::ops::RangeInclusive<i32> = 1800..=2199;

/// The formats under which `text` is a time, each with its rank: a format of a higher rank counts only where no value
/// of the column contradicts it less. Those of one rank are equally likely.
pub fn candidates(text: &str) -> Vec<(u8, Format)> {
    let text = text.trim();
    // The longest: Wednesday, September 30, 2024 11:59:59.123456789 PM +00:00
    if text.len() < 4 || text.len() > 64 || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Vec::new();
    }
    let pieces = pieces(text);
    let mut found = Vec::new();
    for (rank, mut items, rest) in dates(&pieces) {
        let Some(time) = time(rest) else { continue };
        items.extend(time);
        let format = Format { items };
        if format.parse(text).is_some() && !found.iter().any(|(_, other)| *other == format) {
            found.push((rank, format));
        }
    }
    found
}

/// Whether a text is a date or a time, and not a number at the same time.
pub fn is_time(text: &str) -> bool {
    candidates(text).iter().any(|(_, format)| !format.is_number())
}

fn case(word: &str) -> Case {
    if word.chars().all(char::is_uppercase) {
        Case::Upper
    } else if word.chars().all(char::is_lowercase) {
        Case::Lower
    } else {
        Case::Title
    }
}

/// The names of May are as long as its abbreviation.
fn length(word: &str) -> Length {
    if word.len() > 4 { Length::Full } else { Length::Three }
}

type Date<'a, 'b> = (u8, Vec<Item>, &'a [Piece<'b>]);

/// The ways to read a date at the front, and what follows it.
fn dates<'a, 'b>(pieces: &'a [Piece<'b>]) -> Vec<Date<'a, 'b>> {
    use Item::{Day, Mark, MonthName, Quarter, ShortYear, Year};
    use Piece::{Digits, Word};
    let (day, month) = (Day(Width::Two), Item::Month(Width::Two));
    let name = |word: &str| MonthName(length(word), case(word));
    let dash = |mark: char| matches!(mark, '-' | '/' | '.' | ' ');
    match *pieces {
        [Word(weekday), Piece::Mark(','), Piece::Mark(' '), ref rest @ ..] if is_weekday(weekday) => {
            let front = [Item::Weekday(long(weekday), case(weekday)), Mark(','), Mark(' ')];
            dates(rest).into_iter().map(|(rank, items, rest)| (rank, [&front[..], &items].concat(), rest)).collect()
        }
        [Word(weekday), Piece::Mark(' '), ref rest @ ..] if is_weekday(weekday) => {
            let front = [Item::Weekday(long(weekday), case(weekday)), Mark(' ')];
            dates(rest).into_iter().map(|(rank, items, rest)| (rank, [&front[..], &items].concat(), rest)).collect()
        }
        [Digits(a), Piece::Mark(m), Digits(b), Piece::Mark(n), Digits(c), ref rest @ ..] if m == n && dash(m) => {
            let of = |rank, parts: [Item; 3]| (rank, vec![parts[0], Mark(m), parts[1], Mark(m), parts[2]], rest);
            match [a.len(), b.len(), c.len()] {
                [4, 1 | 2, 1 | 2] => vec![of(0, [Year, month, day])],
                // A point stands between day and month only where the day comes first.
                [1 | 2, 1 | 2, 4] => vec![of(0, [day, month, Year]), of(u8::from(m == '.'), [month, day, Year])],
                [1 | 2, 1 | 2, 2] => vec![
                    of(0, [day, month, ShortYear]),
                    of(u8::from(m == '.'), [month, day, ShortYear]),
                    of(2, [ShortYear, month, day]),
                ],
                _ => Vec::new(),
            }
        }
        [Digits(a), Piece::Mark(m @ ('-' | '/' | ':' | ' ')), Word("Q" | "q"), Digits(b), ref rest @ ..]
            if [a.len(), b.len()] == [4, 1] =>
        {
            let Word(q) = pieces[2] else { return Vec::new() };
            vec![(0, [&[Year, Mark(m)][..], &marks(q), &[Quarter]].concat(), rest)]
        }
        [Digits(a), Word(q @ ("Q" | "q")), Digits(b), ref rest @ ..] if [a.len(), b.len()] == [4, 1] => {
            vec![(0, [&[Year][..], &marks(q), &[Quarter]].concat(), rest)]
        }
        [Word(q @ ("Q" | "q")), Digits(b), Piece::Mark(m @ ('-' | '/' | ' ')), Digits(a), ref rest @ ..]
            if [a.len(), b.len()] == [4, 1] =>
        {
            vec![(0, [&marks(q)[..], &[Quarter, Mark(m), Year]].concat(), rest)]
        }
        [Digits(b), Word(q @ ("Q" | "q")), Digits(a), ref rest @ ..] if [a.len(), b.len()] == [4, 1] => {
            vec![(0, [&[Quarter][..], &marks(q), &[Year]].concat(), rest)]
        }
        [Digits(a), Piece::Mark('-'), Word("W"), Digits(b), Piece::Mark('-'), Digits(c), ref rest @ ..]
            if [a.len(), b.len(), c.len()] == [4, 2, 1] =>
        {
            let items = [Item::WeekYear, Mark('-'), Mark('W'), Item::Week, Mark('-'), Item::WeekDay];
            vec![(0, items.to_vec(), rest)]
        }
        [Digits(a), Piece::Mark('-'), Word("W"), Digits(b), ref rest @ ..] if [a.len(), b.len()] == [4, 2] => {
            vec![(0, vec![Item::WeekYear, Mark('-'), Mark('W'), Item::Week], rest)]
        }
        [Digits(a), Word("W"), Digits(b), ref rest @ ..] if [a.len(), b.len()] == [4, 2] => {
            vec![(0, vec![Item::WeekYear, Mark('W'), Item::Week], rest)]
        }
        [Digits(a), Piece::Mark('-'), Word("M"), Digits(b), ref rest @ ..] if [a.len(), b.len()] == [4, 2] => {
            vec![(0, vec![Year, Mark('-'), Mark('M'), month], rest)]
        }
        [Digits(a), Word("M"), Digits(b), ref rest @ ..] if [a.len(), b.len()] == [4, 2] => {
            vec![(0, vec![Year, Mark('M'), month], rest)]
        }
        [Digits(a), Piece::Mark(m), Word(b), Piece::Mark(n), Digits(c), ref rest @ ..]
            if m == n && dash(m) && is_month(b) =>
        {
            match [a.len(), c.len()] {
                [1 | 2, 4] => vec![(0, vec![day, Mark(m), name(b), Mark(m), Year], rest)],
                [1 | 2, 2] => vec![(0, vec![day, Mark(m), name(b), Mark(m), ShortYear], rest)],
                [4, 1 | 2] => vec![(0, vec![Year, Mark(m), name(b), Mark(m), day], rest)],
                _ => Vec::new(),
            }
        }
        [Digits(a), Word(b), Digits(c), ref rest @ ..] if is_month(b) && a.len() <= 2 => match c.len() {
            4 => vec![(0, vec![day, name(b), Year], rest)],
            2 => vec![(0, vec![day, name(b), ShortYear], rest)],
            _ => Vec::new(),
        },
        [
            Word(b),
            Piece::Mark(m @ (' ' | '-')),
            Digits(a),
            Piece::Mark(','),
            Piece::Mark(' '),
            Digits(c),
            ref rest @ ..,
        ] if is_month(b) && a.len() <= 2 && c.len() == 4 => {
            vec![(0, vec![name(b), Mark(m), day, Mark(','), Mark(' '), Year], rest)]
        }
        [Word(b), Piece::Mark(m), Digits(a), Piece::Mark(n @ (' ' | '-' | '/' | ',')), Digits(c), ref rest @ ..]
            if is_month(b) && dash(m) && a.len() <= 2 && c.len() == 4 =>
        {
            vec![(0, vec![name(b), Mark(m), day, Mark(n), Year], rest)]
        }
        [Word(b), Piece::Mark(m), Digits(a), ref rest @ ..] if is_month(b) && dash(m) => match a.len() {
            4 => vec![(0, vec![name(b), Mark(m), Year], rest)],
            2 => vec![(0, vec![name(b), Mark(m), ShortYear], rest)],
            _ => Vec::new(),
        },
        [Digits(a), Piece::Mark(m), Word(b), ref rest @ ..] if is_month(b) && dash(m) && a.len() == 4 => {
            vec![(0, vec![Year, Mark(m), name(b)], rest)]
        }
        [Digits(a), Piece::Mark(m @ ('-' | '/')), Digits(b), ref rest @ ..] => match [a.len(), b.len()] {
            [4, 2] => vec![(0, vec![Year, Mark(m), month], rest)],
            [4, 3] if m == '-' => vec![(0, vec![Year, Mark(m), Item::DayOfYear], rest)],
            [1 | 2, 4] => vec![(0, vec![month, Mark(m), Year], rest)],
            _ => Vec::new(),
        },
        [Digits(a), ref rest @ ..] => digits(a, rest),
        _ => Vec::new(),
    }
}

fn long(weekday: &str) -> Length {
    if weekday.len() > 3 { Length::Full } else { Length::Three }
}

fn marks(word: &str) -> Vec<Item> {
    word.chars().map(Item::Mark).collect()
}

/// Dates without marks, and counts since 1970.
fn digits<'a, 'b>(text: &str, rest: &'a [Piece<'b>]) -> Vec<Date<'a, 'b>> {
    use Item::{Day, Hour, Minute, Month, Second, Year};
    let parts = [Year, Month(Width::Two), Day(Width::Two), Hour(Width::Two), Minute, Second];
    let year = text.get(..4).and_then(|year| year.parse().ok());
    let mut found = Vec::new();
    if year.is_some_and(|year| YEARS.contains(&year)) && matches!(text.len(), 6 | 8 | 10 | 12 | 14) {
        found.push((0, parts[..text.len() / 2 - 1].to_vec(), rest));
    }
    let unit = match text.len() {
        10 => Some(Unit::Seconds),
        13 => Some(Unit::Millis),
        16 => Some(Unit::Micros),
        19 => Some(Unit::Nanos),
        _ => None,
    };
    if let Some(unit) = unit {
        // A fraction is a part of the number.
        let rest = match rest {
            [Piece::Mark('.'), Piece::Digits(_)] if unit == Unit::Seconds => &[],
            rest => rest,
        };
        found.push((1, vec![Item::Epoch(unit)], rest));
    }
    found
}

/// The items of a time of day, which may be nothing.
fn time(pieces: &[Piece<'_>]) -> Option<Vec<Item>> {
    use Piece::{Digits, Mark, Word};
    let mut items = Vec::new();
    let mut rest = pieces;
    match *rest {
        [] => return Some(items),
        [Word("Z")] => return Some(vec![Item::Offset(Zone::Zulu)]),
        [Mark(','), Mark(' '), Digits(_), ..] => {
            items.extend([Item::Mark(','), Item::Mark(' ')]);
            rest = &rest[2..];
        }
        [Mark(' '), Digits(_), ..] | [Word("T"), Digits(_), ..] => {
            items.push(Item::Mark(if rest[0] == Mark(' ') { ' ' } else { 'T' }));
            rest = &rest[1..];
        }
        _ => return None,
    }
    let half = |pieces: &[Piece<'_>]| match *pieces {
        [Mark(' '), Word(word), ..] | [Word(word), ..] => {
            word.eq_ignore_ascii_case("am") || word.eq_ignore_ascii_case("pm")
        }
        _ => false,
    };
    let twelve = (1..rest.len()).any(|place| half(&rest[place..]));
    let hour = if twelve { Item::Hour12(Width::Two) } else { Item::Hour(Width::Two) };
    match *rest {
        [Digits(h), Mark(':'), Digits(m), ref after @ ..] if h.len() <= 2 && m.len() == 2 => {
            items.extend([hour, Item::Mark(':'), Item::Minute]);
            rest = after;
        }
        [Digits(all), ref after @ ..] if all.len() == 6 || all.len() == 4 && !twelve => {
            items.extend([hour, Item::Minute]);
            items.extend((all.len() == 6).then_some(Item::Second));
            rest = after;
        }
        [Digits(h), ref after @ ..] if twelve && h.len() <= 2 => {
            items.push(hour);
            rest = after;
        }
        _ => return None,
    }
    if let [Mark(':'), Digits(s), ref after @ ..] = *rest
        && s.len() == 2
    {
        items.extend([Item::Mark(':'), Item::Second]);
        rest = after;
    }
    if let [Mark(mark @ ('.' | ',')), Digits(part), ref after @ ..] = *rest
        && items.last() == Some(&Item::Second)
    {
        items.extend([Item::Mark(mark), Item::Fraction(part.len().min(9) as u8)]);
        rest = after;
    }
    if half(rest) {
        if let [Mark(_), ref after @ ..] = *rest {
            items.push(Item::Mark(' '));
            rest = after;
        }
        if let [Word(word), ref after @ ..] = *rest {
            items.push(Item::Half(if case(word) == Case::Lower { Case::Lower } else { Case::Upper }));
            rest = after;
        }
    }
    if let [Mark(' '), ref after @ ..] = *rest {
        items.push(Item::Mark(' '));
        rest = after;
    }
    match *rest {
        [] if items.last() != Some(&Item::Mark(' ')) => {}
        [Word(word @ ("UTC" | "GMT"))] => items.extend(marks(word)),
        [Word("Z" | "z")] => items.push(Item::Offset(Zone::Zulu)),
        [Mark('+' | '-'), Digits(_), Mark(':'), Digits(_)] => items.push(Item::Offset(Zone::Colon)),
        [Mark('+' | '-'), Digits(_)] => items.push(Item::Offset(Zone::Plain)),
        _ => return None,
    }
    Some(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn guesses(text: &str, expected: &[&str]) {
        let found: Vec<String> = candidates(text).into_iter().map(|(_, format)| format.to_string()).collect();
        assert_eq!(found, expected, "{text}");
        for (_, format) in candidates(text) {
            let parsed = format.parse(text).unwrap();
            assert_eq!(format.as_written(&parsed).print(parsed.local, parsed.offset.unwrap_or(0)), text);
        }
    }

    #[test]
    fn times_in_any_common_writing_are_found() {
        guesses("27/10/2023", &["%d/%m/%Y"]);
        guesses("10/27/2023", &["%m/%d/%Y"]);
        guesses("27.10.2023", &["%d.%m.%Y"]);
        guesses("27-10-2023 5:00", &["%d-%m-%Y %H:%M"]);
        guesses("03/04/2023", &["%d/%m/%Y", "%m/%d/%Y"]);
        guesses("27/10/23", &["%d/%m/%y", "%y/%m/%d"]);
        guesses("1-Jan-2024", &["%d-%b-%Y"]);
        guesses("01JAN2024", &["%d%^b%Y"]);
        guesses("1 January 2024", &["%d %B %Y"]);
        guesses("Jan 1, 2024", &["%b %d, %Y"]);
        guesses("Oct 27, 2023 11:05 PM", &["%b %d, %Y %I:%M %p"]);
        guesses("Mon, 01 Jan 2024 00:00:00", &["%a, %d %b %Y %H:%M:%S"]);
        guesses("Jan-24", &["%b-%y"]);
        guesses("Jan 2024", &["%b %Y"]);
        guesses("20240101", &["%Y%m%d"]);
        guesses("202401", &["%Y%m"]);
        guesses("20240101T0530Z", &["%Y%m%dT%H%M%#z"]);
        guesses("2020Q1", &["%YQ%q"]);
        guesses("2020-Q1", &["%Y-Q%q"]);
        guesses("Q1 2020", &["Q%q %Y"]);
        guesses("2020-W05", &["%G-W%V"]);
        guesses("2020-W05-1", &["%G-W%V-%u"]);
        guesses("2024M01", &["%YM%m"]);
        guesses("1990/1/1 0:00", &["%Y/%m/%d %H:%M"]);
        guesses("2024-01-01 05:00:00 PM", &["%Y-%m-%d %I:%M:%S %p"]);
        guesses("2024-01-01T00:00:00.250+01:00", &["%Y-%m-%dT%H:%M:%S.%3f%:z"]);
        guesses("2024-01-01 00:00:00 UTC", &["%Y-%m-%d %H:%M:%S UTC"]);
        guesses("1700000000", &["epoch-s"]);
        guesses("1700000000.5", &["epoch-s"]);
        guesses("1700000000000", &["epoch-ms"]);
        guesses("1700000000000000", &["epoch-us"]);
        guesses("1700000000000000000", &["epoch-ns"]);
    }

    #[test]
    fn numbers_and_words_are_no_times() {
        for text in [
            "",
            "2024",
            "2024.5",
            "20241301",
            "12345678",
            "x",
            "1.5",
            "A-55-2020",
            "10:30",
            "2024-13-01",
            "1.2.3",
            "31/31/2023",
        ] {
            guesses(text, &[]);
        }
    }
}
