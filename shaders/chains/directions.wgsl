// The chains of steps that a dispatch takes side by side are the directions of one layer, which begin together.

fn forward_chain(z: u32, s: u32) -> Which {
    return Which(z, s);
}

fn backward_chain(z: u32, s: u32) -> Which {
    return Which(z, s);
}

// Whether a chain has begun and not passed its last of so many steps: directions do so together.
fn is_going(which: Which, steps: u32) -> bool {
    return true;
}

// Step s of a chain in its own order.
fn step_of(direction: u32, s: u32) -> u32 {
    return select(s, dims.steps - 1u - s, direction == 1u);
}

// The slot of the state before step t.
fn slot_before(direction: u32, t: u32) -> u32 {
    return select(t, t + 2u, direction == 1u);
}

// A layer's states are [S, T + 2, B, D, HQ]: slot t + 1 is the state after step t in either direction, slot 0 is the
// initial state forwards, slot T + 1 backwards.
fn state_at(vector: u32, slot: u32, row: u32, direction: u32) -> u32 {
    return (((vector * (dims.steps + 2u) + slot) * dims.rows + row) * dims.directions + direction) * dims.hidden_quads;
}

// A layer's input is [T, B, IQ], from `at_input` on: the staged batch, or the states of the layer below.
fn input_at(direction: u32, t: u32, row: u32) -> u32 {
    return dims.at_input + (t * dims.rows + row) * dims.input_quads;
}

// The states after step t of the layer below, in an array of their own.
fn below_at(direction: u32, t: u32) -> u32 {
    return (t + 1u) * dims.rows * dims.input_quads;
}

fn layer_below(direction: u32) -> u32 {
    return dims.layer_below;
}

// The tape, and the deltas over it, are [D, T, B, SLOTS, HQ].
fn tape_at(direction: u32, t: u32, row: u32) -> u32 {
    return ((direction * dims.steps + t) * dims.rows + row) * SLOTS * dims.hidden_quads;
}

// Pre-activations that wait for the recurrent product are [D, room, B, SLOTS, HQ]; with room for all T steps they lie as the tape will.
fn pre_at(direction: u32, s: u32, row: u32) -> u32 {
    let place = direction * dims.room + step_of(direction, s) % dims.room;
    return (place * dims.rows + row) * SLOTS * dims.hidden_quads;
}

// Gradients of the states that a step passes back are [S, B, D, HQ].
fn d_state_at(vector: u32, row: u32, direction: u32) -> u32 {
    return ((vector * dims.rows + row) * dims.directions + direction) * dims.hidden_quads;
}

// Whether the gradient of a layer's output has all steps, and not the last alone.
fn reads_every(direction: u32) -> bool {
    return dims.read_every == 1u;
}

// That gradient is [T or 1, B, D, HQ].
fn d_out_at(direction: u32, step: u32, row: u32) -> u32 {
    return ((step * dims.rows + row) * dims.directions + direction) * dims.hidden_quads;
}

// The gradient of a layer's input, in an array of its own.
fn d_in_at(direction: u32, t: u32, row: u32) -> u32 {
    return (t * dims.rows + row) * dims.input_quads;
}
