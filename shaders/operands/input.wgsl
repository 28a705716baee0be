// Input weights and both biases: the deltas of every slot by the layer's input, with a 1 behind its last feature.
// (SLOTS * HQ) x (ceil((inputs + 1) / 4)) quads.

@group(0) @binding(3) var<storage, read> tape: array<Stored>;    // (D, T, B, SLOTS, HQ), holding the deltas
@group(0) @binding(4) var<storage, read> x: array<vec4f>;        // (T, B, IQ) from at_input on

fn left_quads() -> u32 {
    return SLOTS * dims.hidden_quads;
}

fn right_quads() -> u32 {
    return (dims.inputs + 4u) / 4u;
}

// Directions that a dispatch makes.
fn direction_count() -> u32 {
    return dims.directions;
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
    return widen(tape[at]);
}

fn right_at(direction: u32, t: u32, r: u32) -> u32 {
    return input_at(direction, t, 0u) + r;
}

fn right(at: u32, b: u32, r: u32) -> vec4f {
    // Where the features fill their quads, the 1 has a quad of its own; else stage.wgsl put it behind them.
    if (r == dims.input_quads) {
        return vec4f(1.0, 0.0, 0.0, 0.0);
    }
    return x[at + b * dims.input_quads];
}
