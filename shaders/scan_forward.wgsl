// The recurrent scan over a whole sequence: for every step t, in the order of the direction,
//     pre[slot] = bias + W_ih x_t + W_hh h_{t-1},   states_t, tape_t = cell_forward(pre, states_{t-1}).
// Reference: src/reference. Source of the equations: the cell files.
//
// A workgroup owns `row_quads` row quads for the whole sequence, in one direction (workgroup y). An item is a tile of
// four rows by four units with all slots; an invocation takes the items lid, lid + WG, ... The state h stays in
// workgroup memory, double-buffered: one barrier a step. The weights stream through the cache, four units a load.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> packed: array<vec4f>;            // (D, packed_stride)
@group(0) @binding(3) var<storage, read_write> states: array<vec4f>;      // (S, T + 2, B, D, HQ)

// h_{t-1} and h_t, (2, HQ * 4, row_quads), the vector over the four rows.
var<workgroup> sh_h: array<vec4f, SH>;

fn store_h(half: u32, quad: u32, row_quad: u32, r: u32, h: vec4f) {
    let at = half + quad * 4u * dims.row_quads + row_quad;
    sh_h[at][r] = h.x;
    sh_h[at + dims.row_quads][r] = h.y;
    sh_h[at + 2u * dims.row_quads][r] = h.z;
    sh_h[at + 3u * dims.row_quads][r] = h.w;
}

@compute @workgroup_size(WG)
fn scan_forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lid: u32) {
    let direction = group.y;
    let first_quad = group.x * dims.row_quads;
    // The last workgroup may own fewer.
    let row_quads = min(dims.row_quads, dims.rows / 4u - first_quad);
    let items = row_quads * dims.hidden_quads;
    let half = dims.hidden_quads * 4u * dims.row_quads;
    let weights = direction * dims.packed_stride;

    let slot_first = slot_before(direction, select(0u, dims.steps - 1u, direction == 1u));
    for (var item = lid; item < items; item += WG) {
        let quad = item % dims.hidden_quads;
        let row_quad = item / dims.hidden_quads;
        for (var r = 0u; r < 4u; r++) {
            let row = (first_quad + row_quad) * 4u + r;
            store_h(0u, quad, row_quad, r, states[state_at(0u, slot_first, row, direction) + quad]);
        }
    }
    workgroupBarrier();

    for (var s = 0u; s < dims.steps; s++) {
        let t = select(s, dims.steps - 1u - s, direction == 1u);
        let before = (s & 1u) * half;
        let after = half - before;
        for (var item = lid; item < items; item += WG) {
            let quad = item % dims.hidden_quads;
            let row_quad = item / dims.hidden_quads;
            let first_row = (first_quad + row_quad) * 4u;

            var pre: Tiles;
            for (var slot = 0u; slot < SLOTS; slot++) {
                let bias = packed[weights + dims.at_bias + slot * dims.hidden_quads + quad];
                pre[slot] = mat4x4f(bias, bias, bias, bias);
            }
            add_inputs(&pre, t, first_row, weights + quad);
            var at = weights + dims.at_hidden + quad;
            for (var k = 0u; k < dims.hidden; k++) {
                add_hidden(&pre, sh_h[before + k * dims.row_quads + row_quad], at);
                at += GATES * dims.hidden_quads;
            }

            for (var r = 0u; r < 4u; r++) {
                let row = first_row + r;
                var prev: States;
                for (var vector = 0u; vector < STATES; vector++) {
                    prev[vector] = states[state_at(vector, slot_before(direction, t), row, direction) + quad];
                }
                let out = cell_forward(row_of(&pre, r), prev);
                for (var vector = 0u; vector < STATES; vector++) {
                    states[state_at(vector, t + 1u, row, direction) + quad] = out.next[vector];
                }
                keep_tape(tape_at(direction, t, row) + quad, out.tape);
                store_h(after, quad, row_quad, r, out.next[0]);
            }
        }
        workgroupBarrier();
    }
}
