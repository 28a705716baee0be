//! Tables, and how they are written.

use crate::js::{Result, bytes, in_words, options, refused, value, wrong};
use refrain::error::Error;
use refrain::forecast::table::{Fill, ReadOptions, Series, Table};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use wasm_bindgen::prelude::*;

/// What errors call a table that has no name.
const UNNAMED: &str = "the table";

/// A table's name, and how it is written; what is not said is guessed.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct TableOptions {
    name: Option<String>,
    fill: Option<Fill>,
    time: Option<String>,
    time_format: Option<Word>,
    id: Option<String>,
    frequency: Option<Word>,
    decimal: Option<Decimal>,
    thousands: Option<Word>,
    header: Option<bool>,
    except: Vec<String>,
}

/// What stands before decimals.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Decimal {
    #[serde(rename = ".")]
    Point,
    #[serde(rename = ",")]
    Comma,
}

/// A word of the command line, or a number that stands for one.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub enum Word {
    Number(serde_json::Number),
    Text(String),
}

impl Word {
    /// What the word of the option `name` says.
    pub fn parsed<T: FromStr<Err = Error>>(name: &str, word: Option<&Word>) -> Result<Option<T>> {
        let parsed = word.map(|word| match word {
            Word::Number(number) => number.to_string().parse(),
            Word::Text(text) => text.parse(),
        });
        parsed.transpose().map_err(|error| {
            let (option, words) = (format!("options.{name}"), in_words(&error));
            wrong(if words.contains(&option) { words } else { format!("{option}: {words}") })
        })
    }
}

impl TableOptions {
    /// What errors call the table.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(UNNAMED)
    }

    /// Columns that `all` does not stand for.
    pub fn except(&self) -> Vec<String> {
        self.except.clone()
    }

    /// As the library has them, for all columns.
    pub fn read(&self) -> Result<ReadOptions> {
        Ok(ReadOptions {
            fill: self.fill,
            time: self.time.clone(),
            time_format: Word::parsed("timeFormat", self.time_format.as_ref())?,
            id: self.id.clone(),
            frequency: Word::parsed("frequency", self.frequency.as_ref())?,
            decimal: self.decimal.map(|mark| if let Decimal::Point = mark { b'.' } else { b',' }),
            thousands: Word::parsed("thousands", self.thousands.as_ref())?,
            header: self.header,
            except: self.except(),
            ..ReadOptions::default()
        })
    }
}

/// What a table holds: CSV, as text or as its bytes.
#[wasm_bindgen(unchecked_return_type = "TableDescription")]
pub fn describe(
    #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] csv: JsValue,
    #[wasm_bindgen(js_name = "options", unchecked_optional_param_type = "TableOptions")] wanted: JsValue,
) -> Result<JsValue> {
    #[derive(Default, Serialize)]
    struct Description {
        columns: Vec<String>,
        rows: usize,
        series: usize,
        frequency: Option<String>,
        from: Option<String>,
        to: Option<String>,
        notes: Vec<String>,
        problem: Option<String>,
    }
    let wanted: TableOptions = options(&wanted)?;
    let (csv, read) = (bytes(&csv)?, wanted.read()?);
    let described = match Table::read(wanted.name(), csv.as_slice(), &read) {
        Ok(table) => {
            let time = |place: fn(&Series) -> usize| {
                table.series.first().and_then(|series| table.time(series, place(series)).ok())
            };
            Description {
                rows: table.series.iter().map(|series| table.rows(series)).sum(),
                series: table.series.len(),
                frequency: Some(table.frequency.to_string()),
                from: time(|_| 0),
                to: time(|series| series.known.saturating_sub(1)),
                notes: table.notes.iter().map(|note| in_words(note)).collect(),
                columns: table.columns,
                problem: None,
            }
        }
        // One of its columns may still be fit to be forecast.
        Err(error) => Description {
            columns: Table::names(wanted.name(), csv.as_slice(), &read).map_err(refused)?,
            problem: Some(in_words(&error)),
            ..Description::default()
        },
    };
    value(&described)
}
