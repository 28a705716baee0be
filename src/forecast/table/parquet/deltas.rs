//! Whole numbers as differences in packed bits, which Parquet calls DELTA_BINARY_PACKED: the lengths of texts, too.

/// How many numbers these bytes say that they begin with, and the bytes after them.
pub fn skip(mut bytes: &[u8]) -> Option<(u64, &[u8])> {
    let [block, parts, count] = [integer(&mut bytes)?, integer(&mut bytes)?, integer(&mut bytes)?];
    integer(&mut bytes)?; // the first number
    let rows = block.checked_div(parts)?;
    let mut left = count.saturating_sub(1);
    while left > 0 {
        integer(&mut bytes)?; // the least difference
        let (widths, mut rest) = bytes.split_at_checked(usize::try_from(parts).ok()?)?;
        for &width in widths {
            if left == 0 {
                break;
            }
            let length = rows.checked_mul(u64::from(width))? / 8;
            rest = rest.get(usize::try_from(length).ok()?..)?;
            left = left.saturating_sub(rows);
        }
        bytes = rest;
    }
    Some((count, bytes))
}

/// Takes an integer off the front: seven bits a byte, the lowest first.
pub fn integer(bytes: &mut &[u8]) -> Option<u64> {
    let end = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    let (digits, rest) = bytes.split_at(end + 1);
    *bytes = rest;
    Some(digits.iter().rev().fold(0, |sum, byte| sum << 7 | u64::from(byte & 0x7f)))
}
