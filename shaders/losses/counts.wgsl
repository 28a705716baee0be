// Whether a position of a row counts: the last step, or each within its length.

fn counts(row: u32, position: u32) -> bool {
    return dims.read_every == 0u || position < row_of(row).length;
}
