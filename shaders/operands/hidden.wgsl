// Recurrent weights: the deltas of each gate's recurrent product by the state before the step. (G * HQ) x (HQ) quads.

@group(0) @binding(3) var<storage, read> tape: array<Stored>;     // (D, T, B, SLOTS, HQ), holding the deltas
@group(0) @binding(4) var<storage, read> states: array<vec4f>;    // (S, T + 2, B, D, HQ)

fn left_quads() -> u32 {
    return GATES * dims.hidden_quads;
}

fn right_quads() -> u32 {
    return dims.hidden_quads;
}

// Directions that a dispatch makes.
fn direction_count() -> u32 {
    return dims.directions;
}

fn first_step() -> u32 {
    return 0u;
}

fn partial_base() -> u32 {
    return dims.at_hidden_partial;
}

fn left_at(direction: u32, t: u32, l: u32) -> u32 {
    return tape_at(direction, t, 0u) + HIDDEN_SLOT[l / dims.hidden_quads] * dims.hidden_quads + l % dims.hidden_quads;
}

fn left_stride() -> u32 {
    return SLOTS * dims.hidden_quads;
}

fn left(at: u32, l: u32) -> vec4f {
    return widen(tape[at]);
}

fn right_at(direction: u32, t: u32, r: u32) -> u32 {
    return state_at(0u, slot_before(direction, t), 0u, direction) + r;
}

fn right(at: u32, b: u32, r: u32) -> vec4f {
    return states[at + b * top_quads()];
}
