// The scan back through time: for every step t, against the order of the direction,
//     deltas_t, d_prev = cell_backward(tape_t, states_{t-1}, states_t, d_states),   d_h_{t-1} = d_prev + W_hh^T deltas_t.
// The deltas are written over the tape. Reference: src/reference.
//
// Workgroups, items and tiles as in scan_forward. Two barriers a step: the deltas of all units meet in workgroup memory.
// The gradient that travels back is kept in `d_states`, each item's own.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> packed: array<vec4f>;            // (D, packed_stride)
@group(0) @binding(2) var<storage, read> states: array<vec4f>;            // (S, T + 2, B, D, HQ)
@group(0) @binding(3) var<storage, read_write> tape: array<vec4f>;        // (D, T, B, SLOTS, HQ)
@group(0) @binding(4) var<storage, read> d_out: array<vec4f>;             // (T or 1, B, D, HQ)
@group(0) @binding(5) var<storage, read_write> d_states: array<vec4f>;    // (S, B, D, HQ)

// Deltas of the recurrent products, (G, HQ * 4, row_quads), the vector over the four rows.
var<workgroup> sh_deltas: array<vec4f, SH>;

fn d_state_at(vector: u32, row: u32, direction: u32) -> u32 {
    return ((vector * dims.rows + row) * dims.directions + direction) * dims.hidden_quads;
}

fn store_delta(gate: u32, quad: u32, row_quad: u32, r: u32, delta: vec4f) {
    let at = (gate * dims.hidden_quads + quad) * 4u * dims.row_quads + row_quad;
    sh_deltas[at][r] = delta.x;
    sh_deltas[at + dims.row_quads][r] = delta.y;
    sh_deltas[at + 2u * dims.row_quads][r] = delta.z;
    sh_deltas[at + 3u * dims.row_quads][r] = delta.w;
}

@compute @workgroup_size(WG)
fn scan_backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lid: u32) {
    let direction = group.y;
    let first_quad = group.x * dims.row_quads;
    let row_quads = min(dims.row_quads, dims.rows / 4u - first_quad);
    let items = row_quads * dims.hidden_quads;
    let weights = direction * dims.packed_stride;

    for (var s = 0u; s < dims.steps; s++) {
        let t = select(dims.steps - 1u - s, s, direction == 1u);
        let d_out_here = dims.read_every == 1u || t == dims.steps - 1u;
        let d_out_step = select(0u, t, dims.read_every == 1u);

        for (var item = lid; item < items; item += WG) {
            let quad = item % dims.hidden_quads;
            let row_quad = item / dims.hidden_quads;
            for (var r = 0u; r < 4u; r++) {
                let row = (first_quad + row_quad) * 4u + r;
                var d_next: States;
                var prev: States;
                var next: States;
                for (var vector = 0u; vector < STATES; vector++) {
                    if (s > 0u) {
                        d_next[vector] = d_states[d_state_at(vector, row, direction) + quad];
                    }
                    prev[vector] = states[state_at(vector, slot_before(direction, t), row, direction) + quad];
                    next[vector] = states[state_at(vector, t + 1u, row, direction) + quad];
                }
                if (d_out_here) {
                    let at = ((d_out_step * dims.rows + row) * dims.directions + direction) * dims.hidden_quads;
                    d_next[0] += d_out[at + quad];
                }
                let at = tape_at(direction, t, row) + quad;
                var kept: Slots;
                for (var slot = 0u; slot < SLOTS; slot++) {
                    kept[slot] = tape[at + slot * dims.hidden_quads];
                }
                let out = cell_backward(kept, prev, next, d_next);
                for (var slot = 0u; slot < SLOTS; slot++) {
                    tape[at + slot * dims.hidden_quads] = out.deltas[slot];
                }
                for (var vector = 0u; vector < STATES; vector++) {
                    d_states[d_state_at(vector, row, direction) + quad] = out.d_prev[vector];
                }
                for (var gate = 0u; gate < GATES; gate++) {
                    store_delta(gate, quad, row_quad, r, out.deltas[HIDDEN_SLOT[gate]]);
                }
            }
        }
        workgroupBarrier();

        for (var item = lid; item < items; item += WG) {
            let quad = item % dims.hidden_quads;
            let row_quad = item / dims.hidden_quads;
            var d_h = mat4x4f();
            var at = weights + dims.at_hidden_t + quad;
            for (var gate = 0u; gate < GATES; gate++) {
                var from_at = gate * dims.hidden_quads * 4u * dims.row_quads + row_quad;
                for (var j = 0u; j < dims.hidden; j++) {
                    d_h += outer(sh_deltas[from_at], packed[at]);
                    from_at += dims.row_quads;
                    at += dims.hidden_quads;
                }
            }
            for (var r = 0u; r < 4u; r++) {
                let row = (first_quad + row_quad) * 4u + r;
                d_states[d_state_at(0u, row, direction) + quad] += d_h[r];
            }
        }
        workgroupBarrier();
    }
}
