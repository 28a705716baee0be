// The chains of steps that a dispatch takes side by side are the layers of a network of one direction: a wavefront, in which each is
// dims.span steps behind the one that it waits for. Where a dispatch leaves the first layer out, it has one z fewer.
//
// Every array has all layers, a stride each, and that of the inputs begins with the staged batch; within a layer it is what
// chains/directions.wgsl says. The shapes are those of the layers above the first.

// s counts from the first layer's first step. A layer that has not begun has passed the last one: u32 wraps around.
fn forward_chain(z: u32, s: u32) -> Which {
    let layer = dims.layers - 1u - z;
    return Which(layer, s - layer * dims.span);
}

// s counts from the top layer's first step, which is its last in time.
fn backward_chain(z: u32, s: u32) -> Which {
    return Which(dims.layers - 1u - z, s - z * dims.span);
}

fn is_going(which: Which, steps: u32) -> bool {
    return which.s < steps;
}

fn step_of(layer: u32, s: u32) -> u32 {
    return s;
}

fn slot_before(layer: u32, t: u32) -> u32 {
    return t;
}

fn state_at(vector: u32, slot: u32, row: u32, layer: u32) -> u32 {
    let place = (vector * (dims.steps + 2u) + slot) * dims.rows + row;
    return dims.at_states + layer * dims.states_stride + place * dims.hidden_quads;
}

fn input_at(layer: u32, t: u32, row: u32) -> u32 {
    let is_first = layer == 0u;
    let at = select(dims.at_input + (layer - 1u) * dims.input_stride, 0u, is_first);
    return at + (t * dims.rows + row) * select(dims.input_quads, (dims.first_inputs + 3u) / 4u, is_first);
}

fn below_at(layer: u32, t: u32) -> u32 {
    return state_at(0u, t + 1u, 0u, layer - 1u);
}

fn layer_below(layer: u32) -> u32 {
    return layer - 1u;
}

fn tape_at(layer: u32, t: u32, row: u32) -> u32 {
    return layer * dims.tape_stride + (t * dims.rows + row) * SLOTS * dims.hidden_quads;
}

fn pre_at(layer: u32, s: u32, row: u32) -> u32 {
    return layer * dims.pre_stride + (s % dims.room * dims.rows + row) * SLOTS * dims.hidden_quads;
}

fn d_state_at(vector: u32, row: u32, layer: u32) -> u32 {
    return layer * dims.d_states_stride + (vector * dims.rows + row) * dims.hidden_quads;
}

fn reads_every(layer: u32) -> bool {
    return layer + 1u < dims.layers || dims.read_every == 1u;
}

fn d_out_at(layer: u32, step: u32, row: u32) -> u32 {
    return layer * dims.d_out_stride + (step * dims.rows + row) * dims.hidden_quads;
}

fn d_in_at(layer: u32, t: u32, row: u32) -> u32 {
    return d_out_at(layer - 1u, t, row);
}
