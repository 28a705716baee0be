// One row forward through step t, from its pre-activations.

// Stores the states and the tape; gives h_t.
fn advance(pre: Slots, direction: u32, t: u32, row: u32, quad: u32) -> vec4f {
    var prev: States;
    for (var vector = 0u; vector < STATES; vector++) {
        prev[vector] = states[state_at(vector, slot_before(direction, t), row, direction) + quad];
    }
    var out = cell_forward(pre, prev);
    if (ended(t, row)) {
        out.next = prev;
    }
    for (var vector = 0u; vector < STATES; vector++) {
        states[state_at(vector, t + 1u, row, direction) + quad] = out.next[vector];
    }
    keep_tape(tape_at(direction, t, row) + quad, out.tape);
    return out.next[0];
}
