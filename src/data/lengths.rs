//! The lengths of rows that have fewer steps than their batch.

use crate::error::{Error, Result};

/// Checks that there is one length for each of `count` rows, from 1 to `steps`.
///
/// # Errors
/// [`Error::Length`] or [`Error::Config`] where there is not.
pub(crate) fn check_lengths(lengths: &[u32], count: usize, steps: usize) -> Result<()> {
    Error::check_len("lengths", &[("B", count)], lengths.len())?;
    match lengths.iter().position(|&length| !(1..=steps).contains(&(length as usize))) {
        None => Ok(()),
        Some(row) => {
            let expected = format!("a length from 1 to {steps}, the number of time steps");
            Err(Error::config("a row's length", format!("{} (row {row})", lengths[row]), expected))
        }
    }
}
