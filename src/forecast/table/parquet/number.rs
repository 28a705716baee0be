//! Numbers with all their digits, in a writing that has one reading: with other than three digits after a point.

use std::io::Write;

/// Writes a number that reads back as the same one.
pub fn write_float(text: &mut Vec<u8>, value: f64) {
    let start = text.len();
    write!(text, "{value:?}").expect("memory takes every text");
    let written = &text[start..];
    let point = written.iter().position(|&byte| byte == b'.');
    if point.is_some_and(|point| written.len() == point + 4) && !written.contains(&b'e') {
        text.push(b'0');
    }
}

/// Writes a whole number of units of so many decimals.
pub fn write_decimal(text: &mut Vec<u8>, unscaled: i128, decimals: usize) {
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = decimals + 1);
    let (whole, part) = digits.split_at(digits.len() - decimals);
    let sign = if unscaled < 0 { "-" } else { "" };
    let (point, more) = (if part.is_empty() { "" } else { "." }, if part.len() == 3 { "0" } else { "" });
    write!(text, "{sign}{whole}{point}{part}{more}").expect("memory takes every text");
}

/// The number of big-endian bytes in two's complement; none where it has more than 128 bits.
pub fn unscaled(bytes: &[u8]) -> Option<i128> {
    let negative = bytes.first().is_some_and(|&byte| byte >= 0x80);
    let filler = if negative { 0xff } else { 0 };
    let more = bytes.len().saturating_sub(16);
    let (head, tail) = bytes.split_at(more);
    let mut all = [filler; 16];
    all[16 - tail.len()..].copy_from_slice(tail);
    let number = i128::from_be_bytes(all);
    (head.iter().all(|&byte| byte == filler) && (number < 0) == negative).then_some(number)
}
