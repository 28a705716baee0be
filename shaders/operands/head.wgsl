// The head's weight and bias: the gradient of each output by the states that it reads, with a quad (1, 0, 0, 0) behind.
// ceil(O / 4) x (D * HQ + 1) quads.

@group(0) @binding(3) var<storage, read> d_y: array<f32>;         // (B, T or 1, O)
@group(0) @binding(4) var<storage, read> states: array<vec4f>;    // (S, T + 2, B, D, HQ)
@group(0) @binding(5) var<storage, read> rows: array<Row>;        // (B)

fn left_quads() -> u32 {
    return (dims.outputs + 3u) / 4u;
}

fn right_quads() -> u32 {
    return top_quads() + 1u;
}

// Directions that a dispatch makes.
fn direction_count() -> u32 {
    return 1u;
}

fn first_step() -> u32 {
    return select(dims.steps - 1u, 0u, dims.read_every == 1u);
}

fn partial_base() -> u32 {
    return dims.at_head_partial;
}

fn d_output(at: u32, o: u32) -> f32 {
    if (o < dims.outputs) {
        return d_y[at + o];
    }
    return 0.0;
}

fn left_at(direction: u32, t: u32, l: u32) -> u32 {
    return (t - first_step()) * dims.outputs;
}

fn left_stride() -> u32 {
    return (dims.steps - first_step()) * dims.outputs;
}

fn left(at: u32, l: u32) -> vec4f {
    return vec4f(d_output(at, 4u * l), d_output(at, 4u * l + 1u), d_output(at, 4u * l + 2u), d_output(at, 4u * l + 3u));
}

fn right_at(direction: u32, t: u32, r: u32) -> u32 {
    return state_at(0u, select(0u, t + 1u, dims.read_every == 1u), 0u, 0u) + r;
}

fn right(at: u32, b: u32, r: u32) -> vec4f {
    if (r == top_quads()) {
        return vec4f(1.0, 0.0, 0.0, 0.0);
    }
    if (dims.read_every == 1u) {
        return states[at + b * top_quads()];
    }
    return states[at + state_at(0u, rows[b].length, b, 0u)];
}
