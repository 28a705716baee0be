//! A series before its times are checked and its gaps filled.

use crate::forecast::time::Stamp;

/// A series as its rows come in.
#[derive(Debug, Default)]
pub struct Raw {
    pub id: Option<String>,
    pub stamps: Vec<Stamp>,
    /// The line of each row in the file, for refusals.
    pub lines: Vec<u32>,
    /// [rows, V]; NaN is missing.
    pub values: Vec<f64>,
}
