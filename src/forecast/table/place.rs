//! Where in a table something is wrong.

use crate::error::Error;

/// A place in a table: row and column, as far as they are known.
#[derive(Clone, Debug)]
pub struct Place {
    words: String,
}

impl Place {
    /// Somewhere in the table of that name.
    pub fn of(table: &str) -> Self {
        Place { words: table.to_owned() }
    }

    /// In a row, counted as an editor counts lines: from 1, the header's included.
    pub fn row(mut self, line: u64) -> Self {
        self.words += &format!(", row {line}");
        self
    }

    /// In the column of that name.
    pub fn column(mut self, name: &str) -> Self {
        self.words += &format!(", column `{name}`");
        self
    }

    /// The error that names the place.
    pub fn refuse(self, message: impl Into<String>) -> Error {
        Error::Table { place: self.words, message: message.into() }
    }
}

/// Words that name the candidate most like `name`, or all of a few, for the end of a refusal.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a String>) -> String {
    let candidates: Vec<&String> = candidates.collect();
    let likeness = |candidate: &str| strsim::jaro_winkler(&name.to_lowercase(), &candidate.to_lowercase());
    let best = candidates.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match best {
        Some(best) if likeness(best) >= 0.7 => format!("; did you mean `{best}`?"),
        Some(_) => {
            let shown: Vec<String> = candidates.iter().take(8).map(|name| format!("`{name}`")).collect();
            let more = if candidates.len() > shown.len() { ", ..." } else { "" };
            format!("; there are {}{more}", shown.join(", "))
        }
        None => String::new(),
    }
}
