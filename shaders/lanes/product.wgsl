// Many rows by a matrix on a software adapter: sums[row, column] = sum over k of left(row, k) right(k, column). A job file
// says what both sides are and takes the sums.
//
// A workgroup is one subgroup. A lane owns OWN rows, LANES apart, and makes COLUMNS quads of columns of each, an item. It
// loads its own rows' values of four k, and a share of the four by COLUMNS quads on the right, which it broadcasts:
// a load costs each lane the same, whatever the others load, so that no two lanes load the same. Arrays are indexed by
// constants once their loops are unrolled, and stay in registers.

const SHARES: u32 = (4u * COLUMNS + LANES - 1u) / LANES;

fn product(group: vec3u, groups: vec3u, lane: u32) {
    let place = flat_group(group, groups);
    multiply(group, group.z, place % item_count(), place / item_count() * OWN * LANES + lane, lane);
}

fn multiply(group: vec3u, direction: u32, item: u32, first_row: u32, lane: u32) {
    let last_row = row_count() - 1u;
    var sums: array<Columns, OWN>;

    let segments = bound(segment_count(direction), group);
    for (var segment = 0u; segment < segments; segment++) {
        var at_left: array<u32, OWN>;
        for (var i = 0u; i < OWN; i++) {
            at_left[i] = left_at(segment, direction, min(first_row + i * LANES, last_row));
        }
        var at: array<u32, SHARES>;
        for (var share = 0u; share < SHARES; share++) {
            let element = min(share * LANES + lane, 4u * COLUMNS - 1u);
            at[share] = right_at(segment, direction) + element / COLUMNS * right_stride() + column(item, element % COLUMNS);
        }
        let stride = 4u * right_stride();
        let depth = bound(segment_depth(direction), group);
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

    // Not unrolled, so that the code of a job stands here once. What is finished is picked by running past all that there is:
    // an array that is indexed by anything but constants would not stay in registers.
    let rows = bound(OWN, group);
    let bundles = bound(BUNDLES, group);
    for (var i = 0u; i < rows; i++) {
        let row = first_row + i * LANES;
        var columns: Columns;
        for (var other = 0u; other < OWN; other++) {
            for (var c = 0u; c < COLUMNS; c++) {
                columns[c] = select(columns[c], sums[other][c], other == i);
            }
        }
        for (var b = 0u; b < bundles; b++) {
            let at = item * BUNDLES + b;
            var bundle: Bundle;
            for (var other = 0u; other < BUNDLES; other++) {
                for (var v = 0u; v < VECTORS; v++) {
                    bundle[v] = select(bundle[v], columns[v * BUNDLES + other], other == b);
                }
            }
            if (row <= last_row && at < bundle_count()) {
                finish(direction, row, at, bundle);
            }
        }
    }
}
