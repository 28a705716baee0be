//! What the columns of a table are called.

use super::options::ReadOptions;
use super::place::{Place, nearest};
use crate::error::Result;
use csv::ByteRecord;
use std::collections::HashSet;

/// The names of a table's columns, each of which has another.
pub struct Names<'a> {
    pub table: &'a str,
    pub names: Vec<String>,
    /// What a first row that was taken for values has to say where a name is not there.
    hint: Option<String>,
}

impl<'a> Names<'a> {
    /// Those of the first record, or column1, column2, ...
    pub fn of(
        table: &'a str,
        first: &ByteRecord,
        header: bool,
        options: &ReadOptions,
        notes: &mut Vec<String>,
    ) -> Result<Self> {
        let fields = first.iter().map(|field| String::from_utf8_lossy(field).trim().to_owned());
        let named = |(n, name): (usize, String)| if header && !name.is_empty() { name } else { format!("column{n}") };
        let names: Vec<String> = (1..).zip(fields.clone()).map(named).collect();
        let mut known = HashSet::new();
        if let Some(name) = names.iter().find(|&name| !known.insert(name)) {
            return Err(Place::of(table).column(name).refuse("two columns have this name: rename one"));
        }
        let hint = (!header && options.header.is_none()).then(|| {
            notes.push(
                "the first row holds values: columns are column1, column2, ...; `ReadOptions::header` takes it for \
                 names"
                    .into(),
            );
            let row: String = fields.collect::<Vec<_>>().join(",").chars().take(40).collect();
            format!(
                ": the first row, `{row}`, was read as values, so that columns are column1 to column{}; \
                 `ReadOptions::header` says that it holds names",
                names.len()
            )
        });
        Ok(Names { table, names, hint })
    }

    /// The place of a column.
    pub fn find(&self, name: &str) -> Result<usize> {
        let found = self.names.iter().position(|known| known == name);
        found.ok_or_else(|| {
            let hint = self.hint.clone().unwrap_or_else(|| nearest(name, self.names.iter()));
            Place::of(self.table).column(name).refuse(format!("there is no such column{hint}"))
        })
    }
}
