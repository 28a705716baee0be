// A product in lanes along the columns, for few rows, of which lanes along the rows would be left without any. A lane makes an item,
// COLUMNS quads of columns, of OWN rows: it loads its own four by COLUMNS quads on the right, and one row's value on the left, which
// it broadcasts.

const ROW_STRIDE: u32 = 1u;

// A place is an item a lane.
fn place_count() -> u32 {
    return (item_count() + LANES - 1u) / LANES;
}

// A lane reads in a later step of a sequence what the others wrote.
fn meet() {
    storageBarrier();
}

fn multiply(group: vec3u, which: Which, place: u32, block: u32, lane: u32) {
    let item = place * LANES + lane;
    let first_row = block * OWN;
    let own_row = min(first_row + min(lane, OWN - 1u), row_count(which) - 1u);
    var sums: array<Columns, OWN>;

    let segments = bound(segment_count(which), group);
    for (var segment = 0u; segment < segments; segment++) {
        let at_left = left_at(segment, which, own_row);
        var at: array<u32, COLUMNS>;
        for (var c = 0u; c < COLUMNS; c++) {
            at[c] = right_at(segment, which) + column(item, c);
        }
        let stride = right_stride();
        let depth = bound(segment_depth(which), group);
        for (var k = 0u; k < depth; k++) {
            let left = spread(left_value(at_left + k));
            for (var c = 0u; c < COLUMNS; c++) {
                let weights = mat4x4f(
                    right_value(at[c]),
                    right_value(at[c] + stride),
                    right_value(at[c] + 2u * stride),
                    right_value(at[c] + 3u * stride),
                );
                for (var i = 0u; i < OWN; i++) {
                    sums[i][c] += weights * left[i];
                }
                at[c] += 4u * stride;
            }
        }
    }
    deliver(group, which, item, first_row, sums);
}
