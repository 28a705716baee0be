// Many rows by a matrix on a software adapter: sums[row, column] = sum over k of left(row, k) right(k, column). A job file
// says what both sides are and takes the sums; rows.wgsl or columns.wgsl makes them, of a block of rows by a place, some
// columns, at a time.
//
// A workgroup is one subgroup. Whatever the layout, arrays are indexed by constants once their loops are unrolled, and stay in
// registers.

fn product(which: Which, group: vec3u, groups: vec3u, lane: u32) {
    let index = flat_group(group, groups);
    let places = place_count();
    multiply(group, which, index % places, index / places, lane);
}

// Hands a lane's sums to the job: rows from `first_row` on, ROW_STRIDE apart, by an item.
fn deliver(group: vec3u, which: Which, item: u32, first_row: u32, sums: array<Columns, OWN>) {
    // Not unrolled, so that the code of a job stands here once. What is finished is picked by running past all that there is:
    // an array that is indexed by anything but constants would not stay in registers.
    let rows = bound(OWN, group);
    let bundles = bound(BUNDLES, group);
    for (var i = 0u; i < rows; i++) {
        let row = first_row + i * ROW_STRIDE;
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
            if (row < row_count(which) && at < bundle_count()) {
                finish(which, row, at, bundle);
            }
        }
    }
}
