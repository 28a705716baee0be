//! From a table to a forecast.

pub mod table;
pub mod time;
