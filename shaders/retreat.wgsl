// One row back through step t: from the gradient of its states to the deltas.

// The gradient of the states after a step that came from those before in the scan; none did to the first, s = 0.
fn d_states_of(s: u32, z: u32, row: u32, quad: u32) -> States {
    var d_next: States;
    for (var vector = 0u; vector < STATES; vector++) {
        if (s > 0u) {
            d_next[vector] = d_states[d_state_at(vector, row, z) + quad];
        }
    }
    return d_next;
}

// Stores the deltas over the tape, and in d_states what passes by the recurrent weights. `passed` is what came from
// the steps before in the scan.
fn retreat(passed: States, z: u32, t: u32, row: u32, quad: u32) -> Slots {
    var prev: States;
    var next: States;
    for (var vector = 0u; vector < STATES; vector++) {
        prev[vector] = states[state_at(vector, slot_before(z, t), row, z) + quad];
        next[vector] = states[state_at(vector, t + 1u, row, z) + quad];
    }
    var d_next = passed;
    if (reads_every(z) || t == length_of(row) - 1u) {
        let step = select(0u, t, reads_every(z));
        d_next[0] += d_out[d_out_at(z, step, row) + quad];
    }
    let at = tape_at(z, t, row) + quad;
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
        d_states[d_state_at(vector, row, z) + quad] = out.d_prev[vector];
    }
    return out.deltas;
}
