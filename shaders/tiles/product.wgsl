// Many rows by a matrix on a GPU: sums[row, column] = sum over k of left(row, k) right(k, column). A job file says what both
// sides are and takes the sums.
//
// A workgroup makes ROW_QUADS quads of rows by ITEMS items of COLUMNS quads of columns. An invocation sums one row quad by one item
// over every SPLITS-th k; DEPTH quads of k at a time lie in workgroup memory. Where k is split, the partial
// sums meet there at the end, and are added in order.

const TILES: u32 = ROW_QUADS * ITEMS;
const RIGHT: u32 = DEPTH * 4u * ROW_QUADS;
const WIDTH: u32 = ITEMS * COLUMNS;

// The left side, (DEPTH * 4, ROW_QUADS), the vector over the four rows; from RIGHT on the right one, (DEPTH * 4, WIDTH); at
// the end a quad of columns of each invocation, (WG, 4).
var<workgroup> sh: array<vec4f, SH>;

// What a workgroup makes: where its row quads and its items begin.
struct Place {
    row_quad: u32,
    item: u32,
    which: Which,
}

// Fetches the k quads from `first` on, of `depth` in all.
fn fetch(place: Place, lid: u32, segment: u32, first: u32, depth: u32) {
    for (var n = lid; n < ROW_QUADS * DEPTH; n += WG) {
        let k = n % DEPTH;
        let row_quad = n / DEPTH;
        var block = mat4x4f();
        if (first + k < depth) {
            block = left_block(segment, place.which, place.row_quad + row_quad, first + k);
        }
        for (var c = 0u; c < 4u; c++) {
            sh[(k * 4u + c) * ROW_QUADS + row_quad] = block[c];
        }
    }
    for (var n = lid; n < DEPTH * 4u * WIDTH; n += WG) {
        let k = first * 4u + n / WIDTH;
        let c = n % WIDTH;
        var value = vec4f(0.0);
        if (k < depth * 4u) {
            value = right_block(segment, place.which, k, place.item + c / COLUMNS, c % COLUMNS);
        }
        sh[RIGHT + n] = value;
    }
}

fn product(which: Which, group: vec3u, groups: vec3u, lid: u32) {
    let across = (item_count() + ITEMS - 1u) / ITEMS;
    let place = Place(
        flat_group(group, groups) / across * ROW_QUADS,
        flat_group(group, groups) % across * ITEMS,
        which,
    );
    let row_quad = lid % ROW_QUADS;
    let item = lid / ROW_QUADS % ITEMS;
    let split = lid / TILES;
    var sums: array<mat4x4f, COLUMNS>;
    let segments = bound(segment_count(which), group);
    for (var segment = 0u; segment < segments; segment++) {
        let depth = bound(segment_depth(which), group);
        for (var first = 0u; first < depth; first += DEPTH) {
            fetch(place, lid, segment, first, depth);
            workgroupBarrier();
            for (var k = split; k < DEPTH * 4u; k += SPLITS) {
                let rows = sh[k * ROW_QUADS + row_quad];
                for (var c = 0u; c < COLUMNS; c++) {
                    sums[c] += outer(rows, sh[RIGHT + k * WIDTH + item * COLUMNS + c]);
                }
            }
            workgroupBarrier();
        }
    }

    if (SPLITS == 1u) {
        for (var r = 0u; r < 4u; r++) {
            var columns: Columns;
            for (var c = 0u; c < COLUMNS; c++) {
                columns[c] = sums[c][r];
            }
            deliver(place, row_quad * 4u + r, item, columns);
        }
        return;
    }
    // From here on an invocation makes one row of a tile.
    var columns: Columns;
    for (var c = 0u; c < COLUMNS; c++) {
        for (var r = 0u; r < 4u; r++) {
            sh[lid * 4u + r] = sums[c][r];
        }
        workgroupBarrier();
        if (lid < TILES * 4u) {
            for (var part = 0u; part < SPLITS; part++) {
                columns[c] += sh[(part * TILES + lid / 4u) * 4u + lid % 4u];
            }
        }
        workgroupBarrier();
    }
    if (lid < TILES * 4u) {
        let tile = lid / 4u;
        deliver(place, tile % ROW_QUADS * 4u + lid % 4u, tile / ROW_QUADS, columns);
    }
}

// Hands on a row of the workgroup's.
fn deliver(place: Place, row: u32, item: u32, columns: Columns) {
    let all = place.row_quad * 4u + row;
    for (var bundle = 0u; bundle < BUNDLES; bundle++) {
        let at = (place.item + item) * BUNDLES + bundle;
        if (all < row_count(place.which) && at < bundle_count()) {
            var sums: Bundle;
            for (var v = 0u; v < VECTORS; v++) {
                sums[v] = columns[v * BUNDLES + bundle];
            }
            finish(place.which, all, at, sums);
        }
    }
}
