// A product in lanes along the rows. A lane owns OWN rows, LANES apart, and makes COLUMNS quads of columns of each, an item. It
// loads its own rows' values of four k, and a share of the four by COLUMNS quads on the right, which it broadcasts:
// a load costs each lane the same, whatever the others load, so that no two lanes load the same.

const ROW_STRIDE: u32 = LANES;
const SHARES: u32 = (4u * COLUMNS + LANES - 1u) / LANES;

// A place is an item.
fn place_count() -> u32 {
    return item_count();
}

// Rows of a lane's own: it reads in a later step of a sequence what it wrote itself.
fn meet() {
}

fn multiply(group: vec3u, which: Which, item: u32, block: u32, lane: u32) {
    let first_row = block * OWN * LANES + lane;
    let last_row = row_count(which) - 1u;
    var sums: array<Columns, OWN>;

    let segments = bound(segment_count(which), group);
    for (var segment = 0u; segment < segments; segment++) {
        var at_left: array<u32, OWN>;
        for (var i = 0u; i < OWN; i++) {
            at_left[i] = left_at(segment, which, min(first_row + i * LANES, last_row));
        }
        var at: array<u32, SHARES>;
        for (var share = 0u; share < SHARES; share++) {
            let element = min(share * LANES + lane, 4u * COLUMNS - 1u);
            at[share] = right_at(segment, which) + element / COLUMNS * right_stride() + column(item, element % COLUMNS);
        }
        let stride = 4u * right_stride();
        let depth = bound(segment_depth(which), group);
        for (var k = 0u; k < depth; k++) {
            var right: array<vec4f, SHARES * LANES>;
            for (var share = 0u; share < SHARES; share++) {
                let all = spread(right_value(at[share]));
                for (var other = 0u; other < LANES; other++) {
                    right[share * LANES + other] = all[other];
                }
                at[share] += stride;
            }
            var left: array<vec4f, OWN>;
            for (var i = 0u; i < OWN; i++) {
                left[i] = left_value(at_left[i] + k);
            }
            for (var c = 0u; c < COLUMNS; c++) {
                let weights = mat4x4f(right[c], right[COLUMNS + c], right[2u * COLUMNS + c], right[3u * COLUMNS + c]);
                for (var i = 0u; i < OWN; i++) {
                    sums[i][c] += weights * left[i];
                }
            }
        }
    }
    deliver(group, which, item, first_row, sums);
}
