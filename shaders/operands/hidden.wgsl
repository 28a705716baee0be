// Recurrent weights: the deltas of each gate's recurrent product by the state before the step. (G * HQ) x (HQ) quads.

@group(0) @binding(3) var<storage, read> tape: array<vec4f>;      // (D, T, B, SLOTS, HQ), holding the deltas
@group(0) @binding(4) var<storage, read> states: array<vec4f>;    // (S, T + 2, B, D, HQ)

fn left_quads() -> u32 {
    return GATES * dims.hidden_quads;
}

fn right_quads() -> u32 {
    return dims.hidden_quads;
}

fn first_step() -> u32 {
    return 0u;
}

fn partial_base() -> u32 {
    return dims.at_hidden_partial;
}

fn left(direction: u32, t: u32, b: u32, l: u32) -> vec4f {
    let slot = HIDDEN_SLOT[l / dims.hidden_quads];
    return tape[tape_at(direction, t, b) + slot * dims.hidden_quads + l % dims.hidden_quads];
}

fn right(direction: u32, t: u32, b: u32, q: u32) -> vec4f {
    return states[state_at(0u, slot_before(direction, t), b, direction) + q];
}
