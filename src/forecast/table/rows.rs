//! The values of a table, row by row.

use super::fields::Fields;
use super::is_missing;
use super::marks::{Reading, is_number};
use super::place::Place;
use super::raw::Raw;
use super::survey::Lines;
use crate::error::Result;
use crate::forecast::time::{Parsed, SECOND, Stamp, Style, parse_number, unreadable};
use csv::ByteRecord;
use std::collections::HashMap;

/// The rows of a table as they come in.
pub struct Rows<'a> {
    pub table: &'a str,
    pub fields: &'a Fields,
    pub reading: Reading,
    /// What the times have shown of how they are written.
    pub parsed: Parsed,
    /// Whether every column is read.
    pub all: bool,
    pub series: Vec<Raw>,
}

impl Rows<'_> {
    /// Takes `record`, which is the first row of values, and all that follow.
    ///
    /// # Errors
    /// [`Error::Table`](crate::Error::Table) with the row and the column that cannot be read.
    pub fn collect(mut self, reader: &mut Lines<'_>, mut record: ByteRecord) -> Result<Self> {
        let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut before = None;
        loop {
            let line = reader.line(&record);
            let place = match self.fields.id {
                None => 0,
                Some(field) => match places.get(record[field].trim_ascii()) {
                    Some(&place) => place,
                    None => {
                        let id = record[field].trim_ascii().to_vec();
                        places.insert(id, self.series.len());
                        self.series.len()
                    }
                },
            };
            if place == self.series.len() {
                let id = self.fields.id.map(|field| String::from_utf8_lossy(record[field].trim_ascii()).into_owned());
                self.series.push(Raw { id, statics: vec![None; self.fields.statics.len()], ..Raw::default() });
            }
            // csv passes over empty lines; in a table of one column they are missing values.
            if let (1, Some(before)) = (self.fields.names.len(), before) {
                for line in before + 1..line {
                    self.push(0, line, &ByteRecord::from(vec![""]))?;
                }
            }
            self.push(place, line, &record)?;
            before = Some(line);
            if !reader.advance(&mut record)? {
                // Without marks, as numbers are read everywhere.
                for value in self.series.iter_mut().flat_map(|series| &mut series.statics).flatten() {
                    if self.reading.reads(value) {
                        *value = self.reading.plain(value);
                    }
                }
                return Ok(self);
            }
        }
    }

    fn push(&mut self, place: usize, line: u64, record: &ByteRecord) -> Result<()> {
        let stamp = match self.fields.time {
            None => SECOND * self.series[place].stamps.len() as Stamp,
            Some(field) => {
                let time = self.time(&record[field], line, field)?;
                self.series[place].offsets.extend(time.offset);
                time.local
            }
        };
        let fields = self.fields;
        for &field in &fields.values {
            let text = &record[field];
            let value = number(text, self.reading).map_err(|expected| {
                let found = String::from_utf8_lossy(text);
                let place = Place::of(self.table).row(line).column(&fields.names[field]);
                let remedy = if self.all { "; `ReadOptions::except` leaves a column out" } else { "" };
                place.refuse(format!("expected {expected}, found `{}`{remedy}", found.trim()))
            })?;
            self.series[place].values.push(value);
        }
        let Raw { id, statics, .. } = &mut self.series[place];
        for (known, &field) in statics.iter_mut().zip(&fields.statics) {
            let text = String::from_utf8_lossy(record[field].trim_ascii());
            match known {
                _ if is_missing(&text) => {}
                None => *known = Some(text.into_owned()),
                Some(known) if *known == text => {}
                Some(known) => {
                    let of = id.as_ref().map_or(String::new(), |id| format!(" in series `{id}`"));
                    let message = format!("expected `{known}`, as before{of}, found `{text}`: it is static");
                    return Err(Place::of(self.table).row(line).column(&fields.names[field]).refuse(message));
                }
            }
        }
        self.series[place].stamps.push(stamp);
        self.series[place].lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        Ok(())
    }

    fn time(&mut self, text: &[u8], line: u64, field: usize) -> Result<Parsed> {
        let text = String::from_utf8_lossy(text);
        let text = text.trim();
        let refuse = |expected: &str, why: Option<String>| {
            let why = why.map_or(String::new(), |why| format!("; {why}"));
            let place = Place::of(self.table).row(line).column(&self.fields.names[field]);
            place.refuse(format!("expected {expected}, found `{text}`{why}"))
        };
        let Style::Civil(format) = &self.fields.style else {
            let plain = if self.reading.reads(text) { &self.reading.plain(text) } else { text };
            let local = parse_number(plain).ok_or_else(|| refuse("a number, as times of the table", None))?;
            return Ok(Parsed::at(local));
        };
        let parsed =
            format.parse(text).ok_or_else(|| refuse(&format!("a time, written as {format}"), unreadable(text)))?;
        self.parsed = parsed.and(&self.parsed);
        Ok(parsed)
    }
}

/// The value of a field; NaN where it is missing; else what was expected.
fn number(field: &[u8], reading: Reading) -> Result<f64, String> {
    let text = String::from_utf8_lossy(field);
    let text = text.trim();
    if is_missing(text) {
        return Ok(f64::NAN);
    }
    let marked = text.bytes().any(|byte| !byte.is_ascii_digit() && byte != b'-' && byte != b'.');
    let plain = if (marked || reading.decimal != b'.') && reading.reads(text) { &reading.plain(text) } else { text };
    match plain.parse() {
        Ok(value) if f64::is_infinite(value) => Err("a finite number of at most 1.7e308".to_owned()),
        Ok(value) if reading.decimal == b'.' || reading.reads(text) || !is_number(text) => Ok(value),
        _ if is_number(text) => Err(format!(
            "a number with the decimal mark `{}`, as in the rest of the table, or as `ReadOptions::decimal` and \
             `ReadOptions::thousands` say",
            char::from(reading.decimal)
        )),
        _ => Err("a number, or nothing or NA where a value is missing".to_owned()),
    }
}
