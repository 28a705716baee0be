//! The marks that all columns of a table agree on.

use super::evidence::{Evidence, roles};
use super::mark::{Marks, Thousands};
use super::reading::{EVERY, READINGS, Reading, select};

/// `kept` of a set of readings, or the set where none is left.
fn prefer(readings: u8, kept: impl Fn(Reading) -> bool) -> u8 {
    match select(readings, kept) {
        0 => readings,
        some => some,
    }
}

/// The reading of a table whose columns say `evidence`, `wanted` columns first: those that are read. `said` holds, and
/// what is `known` of the tables of a model does where nothing contradicts it. Beside the reading, the marks that the
/// table has shown.
///
/// # Errors
/// The column whose numbers can be read in two ways.
pub fn settle(
    evidence: &[&Evidence],
    wanted: &[usize],
    said: Marks,
    known: Marks,
    delimiter: u8,
) -> Result<(Reading, Marks), usize> {
    let fits = |marks: Marks| {
        move |reading: Reading| {
            marks.decimal.is_none_or(|decimal| decimal == reading.decimal)
                && marks.thousands.is_none_or(|thousands| thousands == reading.thousands)
        }
    };
    let mut readings = select(EVERY, fits(said));
    if readings == 0 {
        // No column has shown that mark, or it is said to have two roles, which the values will contradict.
        let reading =
            Reading { decimal: said.decimal.unwrap_or(b'.'), thousands: said.thousands.unwrap_or(Thousands::None) };
        return Ok((reading, said));
    }
    let mut is_wanted = vec![false; evidence.len()];
    wanted.iter().for_each(|&column| is_wanted[column] = true);
    let marked = |column: &&Evidence| column.numeric && column.seen != 0;
    let others = (0..evidence.len()).filter(|&column| !is_wanted[column]);
    let order: Vec<&Evidence> = wanted.iter().copied().chain(others).map(|column| evidence[column]).collect();
    for column in order.iter().copied().filter(marked) {
        readings = prefer(readings, |reading| select(column.readings, |other| other == reading) != 0);
    }
    let seen = order.iter().copied().filter(marked).fold(0, |seen, column| seen | column.seen);
    readings = prefer(readings, fits(known));
    if delimiter == b',' {
        // Where a comma parts fields, a point does not part thousands.
        readings = prefer(readings, |reading| reading.thousands != Thousands::Point);
    }
    for column in order.iter().copied().filter(marked) {
        let Some(mark) = roles(readings & column.readings, column.seen) else { continue };
        if column.digits > 4 || column.digits == 4 && column.four {
            readings = prefer(readings, |reading| reading.is_decimal(mark));
        } else if column.largest_whole > column.largest_marked {
            // 926 beside 1.504: were these decimals, then numbers above some size would be whole, and those below not.
            readings = prefer(readings, |reading| reading.thousands == mark);
        }
    }
    let two_ways = |&column: &usize| {
        let column = evidence[column];
        marked(&column) && roles(readings & column.readings, column.seen).is_some()
    };
    if let Some(&column) = wanted.iter().find(|column| two_ways(column)) {
        return Err(column);
    }
    let reading = READINGS[readings.trailing_zeros() as usize];
    let point = if reading.decimal == b',' { Thousands::Comma } else { Thousands::Point };
    let decimal = said.decimal.or_else(|| (seen & point.bit() != 0).then_some(reading.decimal));
    let thousands = said.thousands.or_else(|| (seen & reading.thousands.bit() != 0).then_some(reading.thousands));
    Ok((reading, Marks { decimal, thousands }))
}
