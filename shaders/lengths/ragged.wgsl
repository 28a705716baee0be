// A row ends after its length: from there on its states pass through unchanged, so that the reverse direction begins at
// the row's true end, and both end with the states of their last true step.

@group(0) @binding(6) var<storage, read> rows: array<Row>;    // (B)

fn length_of(row: u32) -> u32 {
    return rows[row].length;
}

fn ended(t: u32, row: u32) -> bool {
    return t >= rows[row].length;
}
