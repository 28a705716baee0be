// Input weights and both biases: the deltas of every slot by the layer's input, with a 1 behind its last feature.
// (SLOTS * HQ) x (ceil((inputs + 1) / 4)) quads. `right_at` and `right`
// stand in input_series.wgsl and input_below.wgsl.

@group(0) @binding(3) var<storage, read> tape: array<vec4f>;    // (D, T, B, SLOTS, HQ), holding the deltas

fn left_quads() -> u32 {
    return SLOTS * dims.hidden_quads;
}

fn right_quads() -> u32 {
    return (dims.inputs + 4u) / 4u;
}

fn first_step() -> u32 {
    return 0u;
}

fn partial_base() -> u32 {
    return 0u;
}

fn left_at(direction: u32, t: u32, l: u32) -> u32 {
    return tape_at(direction, t, 0u) + l;
}

fn left_stride() -> u32 {
    return SLOTS * dims.hidden_quads;
}

fn left(at: u32, l: u32) -> vec4f {
    return tape[at];
}
