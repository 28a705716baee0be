// The scan back through time: for every step t, against the order of the direction,
//     deltas_t, d_prev = cell_backward(tape_t, states_{t-1}, states_t, d_states),   d_h_{t-1} = d_prev + W_hh^T deltas_t.
// The deltas are written over the tape. Reference: src/reference.
//
// Workgroups and items as in scan_forward. Two barriers a step: the deltas of all units meet in workgroup memory, and the
// gradient that travels back passes through `d_states`.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> packed: array<Stored>;           // (D, packed_stride)
@group(0) @binding(2) var<storage, read> states: array<vec4f>;            // (S, T + 2, B, D, HQ)
@group(0) @binding(3) var<storage, read_write> tape: array<Stored>;       // (D, T, B, SLOTS, HQ)
@group(0) @binding(4) var<storage, read> d_out: array<vec4f>;             // (T or 1, B, D, HQ)
@group(0) @binding(5) var<storage, read_write> d_states: array<vec4f>;    // (S, B, D, HQ)

// Deltas of the recurrent products, (G, HQ * 4, row_quads), the vector over the four rows.
var<workgroup> sh_deltas: array<vec4f, SH>;

fn d_state_at(vector: u32, row: u32, direction: u32) -> u32 {
    return ((vector * dims.rows + row) * dims.directions + direction) * dims.hidden_quads;
}

// One row back through step t, the s-th of the scan: stores the deltas, and in d_states what passes by the recurrent
// weights.
fn retreat(s: u32, direction: u32, t: u32, row: u32, quad: u32) -> Slots {
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
    let passed = d_next;
    if (dims.read_every == 1u || t == length_of(row) - 1u) {
        let step = select(0u, t, dims.read_every == 1u);
        d_next[0] += d_out[((step * dims.rows + row) * dims.directions + direction) * dims.hidden_quads + quad];
    }
    let at = tape_at(direction, t, row) + quad;
    var kept: Slots;
    for (var slot = 0u; slot < SLOTS; slot++) {
        kept[slot] = widen(tape[at + slot * dims.hidden_quads]);
    }
    var out = cell_backward(kept, prev, next, d_next);
    if (ended(t, row)) {
        out = CellGradient(Slots(), passed);
    }
    for (var slot = 0u; slot < SLOTS; slot++) {
        tape[at + slot * dims.hidden_quads] = narrow(out.deltas[slot]);
    }
    for (var vector = 0u; vector < STATES; vector++) {
        d_states[d_state_at(vector, row, direction) + quad] = out.d_prev[vector];
    }
    return out.deltas;
}

// Adds what came through the recurrent weights to the gradient of a tile's states.
fn finish(tile: mat4x4f, row: u32, direction: u32, quad: u32) {
    d_states[d_state_at(0u, row, direction) + quad] += tile[0];
    d_states[d_state_at(0u, row + 1u, direction) + quad] += tile[1];
    d_states[d_state_at(0u, row + 2u, direction) + quad] += tile[2];
    d_states[d_state_at(0u, row + 3u, direction) + quad] += tile[3];
}

@compute @workgroup_size(WG)
fn scan_backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lid: u32) {
    let direction = group.y;
    let first_quad = group.x * dims.row_quads;
    let row_quads = min(dims.row_quads, dims.rows / 4u - first_quad);
    let items = row_quads / ITEM_QUADS * dims.hidden_quads;
    let weights = direction * dims.packed_stride;

    let steps = bound(dims.steps, group);
    let deltas = bound(GATES * dims.hidden_quads * 4u, group);
    for (var s = 0u; s < steps; s++) {
        let t = select(dims.steps - 1u - s, s, direction == 1u);
        for (var tile = lid; tile < row_quads * dims.hidden_quads; tile += WG) {
            let quad = tile % dims.hidden_quads;
            let row_quad = tile / dims.hidden_quads;
            let row = (first_quad + row_quad) * 4u;
            let d0 = retreat(s, direction, t, row, quad);
            let d1 = retreat(s, direction, t, row + 1u, quad);
            let d2 = retreat(s, direction, t, row + 2u, quad);
            let d3 = retreat(s, direction, t, row + 3u, quad);
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

        for (var item = lid; item < items; item += WG) {
            let quad = item % dims.hidden_quads;
            let row_quad = item / dims.hidden_quads * ITEM_QUADS;
            var sums = Item();
            var from_delta = row_quad;
            var at = weights + dims.at_hidden_t + quad;
            for (var j = 0u; j < deltas; j++) {
                item_add(&sums, from_delta, widen(packed[at]));
                from_delta += dims.row_quads;
                at += dims.hidden_quads;
            }
            item_finish(sums, (first_quad + row_quad) * 4u, direction, quad);
        }
        workgroupBarrier();
        storageBarrier();
    }
}
