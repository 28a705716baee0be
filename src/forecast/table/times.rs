//! Which column of a table holds its times, and how they are written.

use super::options::ReadOptions;
use super::place::Place;
use crate::error::Result;
use crate::forecast::time::{Format, Style, candidates, unreadable};

/// Names of a first column of numbers that is taken for the times.
const NUMBERS: [&str; 10] = ["time", "times", "date", "dates", "datetime", "timestamp", "ds", "t", "index", "year"];
/// Words in the names of columns of times.
const WORDS: [&str; 25] = [
    "time",
    "date",
    "datetime",
    "timestamp",
    "ts",
    "ds",
    "period",
    "month",
    "week",
    "quarter",
    "day",
    "hour",
    "epoch",
    "unix",
    "datum",
    "zeit",
    "tag",
    "monat",
    "fecha",
    "hora",
    "mes",
    "jour",
    "mois",
    "giorno",
    "dia",
];
/// What `time` says where rows are to be counted.
pub const NONE: &str = "none";

/// What the values of a column that begins like a time say.
#[derive(Clone, Debug)]
pub struct Times {
    /// The formats under which all values are times, with their ranks.
    formats: Vec<(u8, Format)>,
    /// The first value.
    first: Box<str>,
    hits: usize,
    /// The first value that is no time under these formats, and its line.
    miss: Option<(u64, Box<str>)>,
    misses: usize,
    /// Rows of one series that follow one another: how many rise, fall, or go on by the first step.
    number: Option<i64>,
    step: i64,
    rising: usize,
    falling: usize,
    even: usize,
    compared: usize,
}

impl Times {
    /// What a column says that begins with this value; `None` where that is no time. `known` is tried first.
    pub fn begin(text: &str, known: Option<&Format>) -> Option<Self> {
        let known = known.filter(|format| format.parse(text).is_some()).map(|format| (0, format.clone()));
        let mut formats = candidates(text);
        if let Some(known) = known {
            formats.iter_mut().for_each(|(rank, _)| *rank += 1);
            formats.retain(|(_, format)| !(format.begins(&known.1) && known.1.begins(format)));
            formats.insert(0, known);
        }
        let times = Times {
            formats,
            first: text.trim().into(),
            hits: 0,
            miss: None,
            misses: 0,
            number: None,
            step: 0,
            rising: 0,
            falling: 0,
            even: 0,
            compared: 0,
        };
        (!times.formats.is_empty()).then_some(times)
    }

    /// Takes a value in; `follows` where the row before it is of the same series.
    pub fn add(&mut self, text: &str, line: u64, follows: bool) {
        if self.formats.iter().any(|(_, format)| format.parse(text).is_some()) {
            if self.formats.len() > 1 {
                self.formats.retain(|(_, format)| format.parse(text).is_some());
            }
            self.hits += 1;
        } else {
            let mut longer = candidates(text);
            longer.retain(|(_, format)| self.formats.iter().any(|(_, known)| known.begins(format)));
            if longer.is_empty() {
                self.misses += 1;
                self.miss.get_or_insert_with(|| (line, text.trim().into()));
            } else {
                self.formats = longer;
                self.hits += 1;
            }
        }
        let number = text.trim().parse::<f64>().ok().map(|number| number as i64);
        if let (true, Some(before), Some(number)) = (follows, self.number, number) {
            let step = number.saturating_sub(before);
            if self.compared == 0 {
                self.step = step;
            }
            self.compared += 1;
            self.rising += usize::from(step > 0);
            self.falling += usize::from(step < 0);
            self.even += usize::from(step == self.step);
        }
        self.number = number;
    }

    /// The format, or the two that are equally likely.
    fn format(&self) -> std::result::Result<&Format, [&Format; 2]> {
        let best = self.formats.iter().map(|(rank, _)| *rank).min().unwrap_or(0);
        let mut best = self.formats.iter().filter(|(rank, _)| *rank == best).map(|(_, format)| format);
        match (best.next(), best.next()) {
            (Some(a), Some(b)) => Err([a, b]),
            (Some(a), None) => Ok(a),
            (None, _) => unreachable!("formats are never all taken away"),
        }
    }

    /// Whether most values are times.
    fn mostly(&self) -> bool {
        self.hits > 1 && self.misses * 2 <= self.hits || self.misses == 0
    }

    /// Whether these are times under any header. Numbers could be others: they must go one way, and counts since 1970
    /// in even steps.
    fn anywhere(&self) -> bool {
        let number = self.formats.iter().all(|(_, format)| format.is_number());
        let epoch = self.formats.iter().all(|(_, format)| format.is_epoch());
        let one_way = self.compared > 0 && (self.rising == self.compared || self.falling == self.compared);
        !number || self.misses == 0 && one_way && (!epoch || 2 * self.even >= self.compared)
    }
}

/// A column as far as its times go.
pub struct Column<'a> {
    pub name: &'a str,
    /// What its values say, where they begin like times.
    pub times: Option<&'a Times>,
    /// Whether all of its values are numbers.
    pub numeric: bool,
    /// Its first value, and that one's line.
    pub first: Option<&'a (u64, Box<str>)>,
    /// Whether it is asked for as something else.
    pub taken: bool,
}

impl Column<'_> {
    fn is_called_time(&self) -> bool {
        let name = self.name.to_lowercase();
        NUMBERS.contains(&name.as_str())
            || name.split(|letter: char| !letter.is_alphanumeric()).any(|word| WORDS.contains(&word))
    }

    /// Its first value that is no time, and that one's line; the first of all where its values do not begin like times.
    fn strange(&self) -> Option<&(u64, Box<str>)> {
        self.times.and_then(|times| times.miss.as_ref()).or(self.first)
    }

    /// Whether its first value looks like a time that none of the formats takes.
    fn looks_like_time(&self) -> bool {
        let Some((_, text)) = self.first else { return false };
        let digits = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
        let dated = digits(&parts(text).next().unwrap_or_default()) && parts(text).count() >= 3 && has_year(text);
        !self.numeric && (dated || self.is_called_time() && parts(text).any(|part| digits(&part)))
    }
}

/// The letters and digits of a text.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|part| !part.is_empty())
}

fn has_year(text: &str) -> bool {
    parts(text).any(|part| part.len() == 4 && part.parse().is_ok_and(|year| (1000..3000).contains(&year)))
}

/// The column of times of a table, its style, and what should be said of that. `header` is whether the columns' names
/// are the table's.
///
/// # Errors
/// [`Error::Table`](crate::Error::Table) where a column holds times whose writing cannot be told.
pub fn find(
    table: &str,
    columns: &[Column<'_>],
    header: bool,
    options: &ReadOptions,
    notes: &mut Vec<String>,
) -> Result<(Option<usize>, Style)> {
    if let Some(name) = &options.time {
        let Some(place) = columns.iter().position(|column| column.name == name) else { return Ok((None, Style::Row)) };
        return Ok((Some(place), style(table, &columns[place], options)?));
    }
    let free = || (0..columns.len()).filter(|&place| !columns[place].taken);
    let holds = |place: usize| {
        columns[place]
            .times
            .is_some_and(|times| times.mostly() && (columns[place].is_called_time() || times.anywhere()))
    };
    let rank = |&place: &usize| {
        let column = &columns[place];
        (column.times.is_some_and(|times| times.misses > 0), !column.is_called_time(), place)
    };
    if let Some(place) = free().filter(|&place| holds(place)).min_by_key(rank) {
        let others: Vec<String> = free()
            .filter(|&other| other != place && holds(other))
            .map(|other| format!("`{}`", columns[other].name))
            .collect();
        if !others.is_empty() {
            let (names, first) = (others.join(", "), others[0].trim_matches('`').to_owned());
            notes.push(format!(
                "times are those of `{}`; {names} could be times too: `ReadOptions::time` {first} takes those",
                columns[place].name
            ));
        }
        return Ok((Some(place), style(table, &columns[place], options)?));
    }
    if let Some(place) = free().find(|&place| columns[place].looks_like_time()) {
        let Some((line, text)) = columns[place].strange() else { unreachable!("it looks like a time") };
        let remedy = unreadable(text).unwrap_or_else(|| {
            format!(
                "say it with `ReadOptions::time_format`, such as '%d/%m/%Y %H:%M', beside `ReadOptions::time` '{}'",
                columns[place].name
            )
        });
        let message = format!(
            "`{text}` looks like a time in a writing that is not known: {remedy}; or have rows counted with \
             `ReadOptions::time` {NONE}"
        );
        return Err(Place::of(table).row(*line).column(columns[place].name).refuse(message));
    }
    let called =
        |&place: &usize| columns[place].numeric && NUMBERS.contains(&columns[place].name.to_lowercase().as_str());
    let first = free().next().filter(|place| header && called(place));
    if first.is_none()
        && let Some(place) = free().find(called)
    {
        notes.push(format!(
            "rows are counted; `ReadOptions::time` '{0}' takes the times from `{0}`",
            columns[place].name
        ));
    }
    if first.is_none() {
        let why = |place: usize| {
            let (_, text) = columns[place].strange().filter(|(_, text)| !columns[place].numeric && has_year(text))?;
            Some(format!(
                "rows are counted; should `{text}` in `{}` be a time: {}",
                columns[place].name,
                unreadable(text)?
            ))
        };
        notes.extend(free().find_map(why));
    }
    Ok(first.map_or((None, Style::Row), |place| (Some(place), Style::Number)))
}

/// How the times of a column are written.
fn style(table: &str, column: &Column<'_>, options: &ReadOptions) -> Result<Style> {
    if let Some(format) = &options.time_format {
        return Ok(format.clone());
    }
    if options.known.style == Some(Style::Number) && column.numeric {
        return Ok(Style::Number);
    }
    let place = |line| Place::of(table).row(line).column(column.name);
    let Some(times) = column.times.filter(|times| times.mostly()) else {
        if column.numeric || column.first.is_none() {
            return Ok(Style::Number);
        }
        let (line, text) = column.strange().cloned().unwrap_or_default();
        let remedy = unreadable(&text).unwrap_or_else(|| {
            "`ReadOptions::time_format` says how times are written, such as '%d/%m/%Y %H:%M'".to_owned()
        });
        let message = format!("expected a time, found `{text}`: {remedy}");
        return Err(place(line).refuse(message));
    };
    let format = times.format().map_err(|[a, b]| {
        let message = format!(
            "the times may be written as {a} or as {b}, `{}` for one, and all rows fit both: say which with \
             `ReadOptions::time_format` '{a}' or '{b}'",
            times.first
        );
        Place::of(table).column(column.name).refuse(message)
    })?;
    if let Some((line, text)) = &times.miss {
        let remedy =
            unreadable(text).unwrap_or_else(|| "`ReadOptions::time_format` says how they are written".to_owned());
        let message =
            format!("expected a time such as `{}`, written as {format}, found `{text}`; {remedy}", times.first);
        return Err(place(*line).refuse(message));
    }
    Ok(Style::Civil(format.clone()))
}
