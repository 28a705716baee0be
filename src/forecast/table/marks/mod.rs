//! The marks of a table's numbers: what stands before decimals, and what parts thousands. A file has one locale, so
//! that every column is evidence for all.

mod digits;
mod evidence;
mod mark;
mod reading;
mod settle;
#[cfg(test)]
mod tests;

pub use evidence::Evidence;
pub use mark::{Marks, Thousands};
pub use reading::{Reading, is_number};
pub use settle::settle;
