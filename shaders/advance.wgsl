// One row forward through step t, from its pre-activations.

// Stores the states and the tape; gives h_t.
fn advance(pre: Slots, z: u32, t: u32, row: u32, quad: u32) -> vec4f {
    var prev: States;
    for (var vector = 0u; vector < STATES; vector++) {
        prev[vector] = states[state_at(vector, slot_before(z, t), row, z) + quad];
    }
    var out = cell_forward(pre, prev);
    if (ended(t, row)) {
        out.next = prev;
    }
    for (var vector = 0u; vector < STATES; vector++) {
        states[state_at(vector, t + 1u, row, z) + quad] = out.next[vector];
    }
    keep_tape(tape_at(z, t, row) + quad, out.tape);
    return out.next[0];
}
