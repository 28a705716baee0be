// The recurrent scan over dims.span steps of a sequence, from step time.s on: for every step t, in the order of the chain,
//     pre[slot] = bias + W_ih x_t + W_hh h_{t-1},   states_t, tape_t = cell_forward(pre, states_{t-1}).
// Reference: src/reference. Source of the equations: the cell files.
//
// A workgroup owns `row_quads` row quads for all these steps, in one chain (workgroup y). A tile is one quad of units
// by one row quad with all slots; an invocation takes the tiles lid, lid + WG, ... The state h stays in workgroup memory,
// double-buffered: one barrier a step. The weights stream through the cache, four units a load.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> packed: array<Stored>;           // (D, packed_stride)
@group(0) @binding(3) var<storage, read_write> states: array<vec4f>;      // (S, T + 2, B, D, HQ)
@group(0) @binding(5) var<uniform> time: Time;

// h_{t-1} and h_t, (2, HQ * 4, row_quads), the vector over the four rows.
var<workgroup> sh_h: array<vec4f, SH>;

// Keeps a tile of h, one matrix column a row, as four vectors over the rows.
fn share(half: u32, quad: u32, row_quad: u32, tile: mat4x4f) {
    let units = transpose(tile);
    let at = half + quad * 4u * dims.row_quads + row_quad;
    sh_h[at] = units[0];
    sh_h[at + dims.row_quads] = units[1];
    sh_h[at + 2u * dims.row_quads] = units[2];
    sh_h[at + 3u * dims.row_quads] = units[3];
}

fn initial_h(which: Which, row: u32, quad: u32) -> vec4f {
    let slot = slot_before(which.z, step_of(which.z, which.s));
    return states[state_at(0u, slot, row, which.z) + quad];
}

// Feature i of the four rows from `row` on at step t.
fn input_rows(z: u32, t: u32, row: u32, i: u32) -> vec4f {
    let quad = i / 4u;
    let c = i % 4u;
    return vec4f(
        input_quad(z, t, row, quad)[c],
        input_quad(z, t, row + 1u, quad)[c],
        input_quad(z, t, row + 2u, quad)[c],
        input_quad(z, t, row + 3u, quad)[c],
    );
}

// Where a tile belongs.
struct Place {
    z: u32,
    t: u32,
    row: u32,
    quad: u32,
    // In workgroup memory.
    half: u32,
    row_quad: u32,
}

// The step of a tile from its pre-activations.
fn finish(tiles: Tiles, place: Place) {
    var rows = rows_of(tiles);
    var h: mat4x4f;
    for (var r = 0u; r < 4u; r++) {
        h[r] = advance(rows[r], place.z, place.t, place.row + r, place.quad);
    }
    share(place.half, place.quad, place.row_quad, h);
}

@compute @workgroup_size(WG)
fn scan_forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lid: u32) {
    let which = forward_chain(group.y, time.s);
    if (!is_going(which, dims.steps)) {
        return;
    }
    let first_quad = group.x * dims.row_quads;
    // The last workgroup may own fewer.
    let row_quads = min(dims.row_quads, dims.rows / 4u - first_quad);
    let tiles = row_quads * dims.hidden_quads;
    let half = dims.hidden_quads * 4u * dims.row_quads;
    let weights = which.z * dims.packed_stride;
    let stride = GATES * dims.hidden_quads;

    for (var tile = lid; tile < tiles; tile += WG) {
        let quad = tile % dims.hidden_quads;
        let row_quad = tile / dims.hidden_quads;
        let row = (first_quad + row_quad) * 4u;
        share(0u, quad, row_quad, mat4x4f(
            initial_h(which, row, quad),
            initial_h(which, row + 1u, quad),
            initial_h(which, row + 2u, quad),
            initial_h(which, row + 3u, quad),
        ));
    }
    workgroupBarrier();

    let end = bound(min(which.s + dims.span, dims.steps), group);
    let inputs = bound(input_count(which.z), group);
    let hidden = bound(dims.hidden_quads * 4u, group);
    for (var s = which.s; s < end; s++) {
        let t = step_of(which.z, s);
        let before = ((s - which.s) & 1u) * half;
        for (var tile = lid; tile < tiles; tile += WG) {
            let quad = tile % dims.hidden_quads;
            let row_quad = tile / dims.hidden_quads;
            let row = (first_quad + row_quad) * 4u;

            var pre = bias_of(weights + dims.at_bias + quad);
            let from_input = weights + dims.at_input_w + quad;
            for (var i = 0u; i < inputs; i++) {
                pre = add_input(pre, input_rows(which.z, t, row, i), weights_at(from_input + i * stride));
            }
            var from_h = before + row_quad;
            var at = weights + quad;
            for (var k = 0u; k < hidden; k++) {
                pre = add_hidden(pre, sh_h[from_h], weights_at(at));
                from_h += dims.row_quads;
                at += stride;
            }
            finish(pre, Place(which.z, t, row, quad, half - before, row_quad));
        }
        workgroupBarrier();
    }
}
