// The scan back through dims.span steps of a sequence, from step time.s on: for every step t, against the order of the chain,
//     deltas_t, d_prev = cell_backward(tape_t, states_{t-1}, states_t, d_states),   d_h_{t-1} = d_prev + W_hh^T deltas_t.
// The deltas are written over the tape. Reference: src/reference.
//
// Workgroups and tiles as in scan_forward. Two barriers a step: the deltas of all units meet in workgroup memory, and the
// gradient that travels back passes through `d_states`.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> packed: array<Stored>;           // (D, packed_stride)
@group(0) @binding(2) var<storage, read> states: array<vec4f>;            // (S, T + 2, B, D, HQ)
@group(0) @binding(3) var<storage, read_write> tape: array<Stored>;       // (D, T, B, SLOTS, HQ)
@group(0) @binding(4) var<storage, read> d_out: array<vec4f>;             // (T or 1, B, D, HQ)
@group(0) @binding(5) var<storage, read_write> d_states: array<vec4f>;    // (S, B, D, HQ)
@group(0) @binding(7) var<uniform> time: Time;

// Deltas of the recurrent products, (G, HQ * 4, row_quads), the vector over the four rows.
var<workgroup> sh_deltas: array<vec4f, SH>;

// Adds what came through the recurrent weights to the gradient of a tile's states.
fn finish(tile: mat4x4f, row: u32, z: u32, quad: u32) {
    for (var r = 0u; r < 4u; r++) {
        let at = d_state_at(0u, row + r, z) + quad;
        d_states[at] = d_states[at] + tile[r];
    }
}

@compute @workgroup_size(WG)
fn scan_backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lid: u32) {
    let which = backward_chain(group.y, time.s);
    if (!is_going(which, dims.steps)) {
        return;
    }
    let first_quad = group.x * dims.row_quads;
    let row_quads = min(dims.row_quads, dims.rows / 4u - first_quad);
    let tiles = row_quads * dims.hidden_quads;
    let weights = which.z * dims.packed_stride;

    let end = bound(min(which.s + dims.span, dims.steps), group);
    let deltas = bound(GATES * dims.hidden_quads * 4u, group);
    for (var s = which.s; s < end; s++) {
        let t = step_of(which.z, dims.steps - 1u - s);
        for (var tile = lid; tile < tiles; tile += WG) {
            let quad = tile % dims.hidden_quads;
            let row_quad = tile / dims.hidden_quads;
            let row = (first_quad + row_quad) * 4u;
            let d0 = retreat(d_states_of(s, which.z, row, quad), which.z, t, row, quad);
            let d1 = retreat(d_states_of(s, which.z, row + 1u, quad), which.z, t, row + 1u, quad);
            let d2 = retreat(d_states_of(s, which.z, row + 2u, quad), which.z, t, row + 2u, quad);
            let d3 = retreat(d_states_of(s, which.z, row + 3u, quad), which.z, t, row + 3u, quad);
            for (var gate = 0u; gate < GATES; gate++) {
                let slot = HIDDEN_SLOT[gate];
                let units = transpose(mat4x4f(d0[slot], d1[slot], d2[slot], d3[slot]));
                let at = (gate * dims.hidden_quads + quad) * 4u * dims.row_quads + row_quad;
                sh_deltas[at] = units[0];
                sh_deltas[at + dims.row_quads] = units[1];
                sh_deltas[at + 2u * dims.row_quads] = units[2];
                sh_deltas[at + 3u * dims.row_quads] = units[3];
            }
        }
        workgroupBarrier();
        storageBarrier();

        for (var tile = lid; tile < tiles; tile += WG) {
            let quad = tile % dims.hidden_quads;
            let row_quad = tile / dims.hidden_quads;
            var sums = mat4x4f();
            var from_delta = row_quad;
            var at = weights + dims.at_hidden_t + quad;
            for (var j = 0u; j < deltas; j++) {
                sums += outer(sh_deltas[from_delta], widen(packed[at]));
                from_delta += dims.row_quads;
                at += dims.hidden_quads;
            }
            finish(sums, (first_quad + row_quad) * 4u, which.z, quad);
        }
        workgroupBarrier();
        storageBarrier();
    }
}
