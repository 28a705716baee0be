//! The English names of months and weekdays.

pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/// Takes a name, whole or its first three letters, off the front.
pub fn name(rest: &mut &str, names: &[&str]) -> Option<usize> {
    let count = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (found, after) = rest.split_at(count);
    *rest = after;
    index(found, names)
}

/// The place of a name, whole or its first three letters, among `names`.
fn index(found: &str, names: &[&str]) -> Option<usize> {
    let sept = found.eq_ignore_ascii_case("sept").then_some("sep");
    let found = sept.unwrap_or(found);
    names.iter().position(|name| found.eq_ignore_ascii_case(name) || found.eq_ignore_ascii_case(&name[..3]))
}

/// Whether a word is a month's name.
pub fn is_month(word: &str) -> bool {
    index(word, &MONTHS).is_some()
}

/// Whether a word is a weekday's name.
pub fn is_weekday(word: &str) -> bool {
    index(word, &WEEKDAYS).is_some()
}
